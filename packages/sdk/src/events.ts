/** One server-sent event. `data` is parsed JSON, or the text when it isn't JSON. */
export interface LiveEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id: string | null;
}

const maxEventChars = 1_000_000;

/** Reads an event stream (WHATWG HTML §9.2.6) until it ends or its consumer stops. */
export async function* readEvents(body: ReadableStream<Uint8Array>, onAlive?: () => void): AsyncGenerator<LiveEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  let carriage = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onAlive?.();
      const text = carriage + decoder.decode(value, { stream: true });
      // A carriage return at the cut may be half of a line end: it waits for its next character.
      carriage = text.endsWith("\r") ? "\r" : "";
      buffer += text
        .slice(0, text.length - carriage.length)
        .replaceAll("\r\n", "\n")
        .replaceAll("\r", "\n");
      // A server that never ends an event must not fill the memory of its reader.
      if (buffer.length > maxEventChars) throw new RangeError("an event is larger than 1,000,000 characters");
      for (let end = buffer.indexOf("\n\n"); end !== -1; end = buffer.indexOf("\n\n")) {
        const event = parseEvent(buffer.slice(0, end));
        buffer = buffer.slice(end + 2);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Undefined for comments and events without data. */
export function parseEvent(block: string): LiveEvent | undefined {
  let name = "message";
  let id: string | null = null;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  if (data.length === 0) return undefined;
  const text = data.join("\n");
  try {
    return { event: name, data: JSON.parse(text) as unknown, id };
  } catch {
    return { event: name, data: text, id };
  }
}
