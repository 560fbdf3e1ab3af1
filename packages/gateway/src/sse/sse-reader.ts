import { PendingBytes } from "../pending-bytes.ts";

/** One event as it came: `raw` holds its exact bytes, the blank line included. */
export interface SseEvent {
  readonly raw: Buffer;
  readonly name: string;
  readonly data: string;
  /** The object in `data`, where somebody has read it already. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
}

/** Divides an upstream's bytes into events as the caller is to get them, whatever way they are cut. */
export interface StreamFramer {
  /** Set where the caller gets another framing than the upstream sent: then `raw` is made here. */
  readonly contentType?: string;
  /** @throws Error when what came can't be divided */
  push(chunk: Buffer): SseEvent[];
  /** What came after the last whole event. */
  rest(): SseEvent | undefined;
  /** An event with another body in the same framing. */
  frame(event: SseEvent, body: unknown): Buffer;
}

const lf = 0x0a;
const cr = 0x0d;

export class SseTooLarge extends Error {
  constructor() {
    super("a stream event is larger than the limit");
    this.name = "SseTooLarge";
  }
}

/**
 * Splits a byte stream into events (WHATWG HTML §9.2.6) whatever way it is cut. The concatenation of all `raw` and
 * `rest()` is the input: nothing is normalised, since events must go on byte for byte.
 */
export class SseReader implements StreamFramer {
  readonly #maxEventBytes: number;
  readonly #pending = new PendingBytes();
  /** Bytes of `#pending` already known to hold no blank line. */
  #scanned = 0;
  #first = true;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** @throws SseTooLarge when one event outgrows the limit */
  push(chunk: Buffer): SseEvent[] {
    this.#pending.append(chunk);
    const { bytes } = this.#pending;
    const events: SseEvent[] = [];
    let start = 0;
    let at = this.#scanned;
    for (;;) {
      const end = blankLineEnd(bytes, at);
      if (end < 0) break;
      events.push(this.#read(bytes.subarray(start, end)));
      start = end;
      at = end;
    }
    this.#pending.drop(start);
    if (this.#pending.length > this.#maxEventBytes) throw new SseTooLarge();
    // A terminator is at most CR LF CR LF: step back so that one cut in two is still seen.
    this.#scanned = Math.max(0, this.#pending.length - 4);
    return events;
  }

  /** What came after the last blank line; an event only where the stream ended without one. */
  rest(): SseEvent | undefined {
    if (this.#pending.length === 0) return undefined;
    const event = this.#read(this.#pending.take());
    this.#scanned = 0;
    return event;
  }

  frame(event: SseEvent, body: unknown): Buffer {
    return Buffer.from(`${event.name === "" ? "" : `event: ${event.name}\n`}data: ${JSON.stringify(body)}\n\n`, "utf8");
  }

  #read(raw: Buffer): SseEvent {
    const event = readEvent(raw, this.#first);
    this.#first = false;
    return event;
  }
}

/** Index past the first blank line at or after `from`, or -1. A lone CR at the end may still become CR LF: wait for it. */
function blankLineEnd(bytes: Buffer, from: number): number {
  const length = bytes.length;
  for (let i = from; i < length; i++) {
    const byte = bytes[i]!;
    if (byte !== lf && byte !== cr) {
      // Jump to the next line end natively: stream data lines are long.
      const next = bytes.indexOf(lf, i);
      const carriage = bytes.indexOf(cr, i);
      if (next < 0 && carriage < 0) return -1;
      i = next < 0 ? carriage : carriage < 0 ? next : Math.min(next, carriage);
    }
    const after = bytes[i] === cr && bytes[i + 1] === lf ? i + 2 : i + 1;
    if (bytes[i] === cr && after >= length) return -1;
    if (bytes[after] === lf) return after + 1;
    if (bytes[after] === cr) {
      if (after + 1 >= length) return -1;
      return bytes[after + 1] === lf ? after + 2 : after + 1;
    }
    i = after - 1;
  }
  return -1;
}

function readEvent(raw: Buffer, first: boolean): SseEvent {
  let name = "";
  let data: string | undefined;
  const text = raw.toString("utf8");
  // Clients drop a byte order mark before the first line: what stands behind one is as real to them as any other event.
  let start = first && text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (start < text.length) {
    let end = start;
    while (end < text.length && text.charCodeAt(end) !== lf && text.charCodeAt(end) !== cr) end++;
    if (end > start) {
      if (text.startsWith("data", start) && (text.charCodeAt(start + 4) === 0x3a || end === start + 4)) {
        const value = fieldValue(text, start + 5, end);
        data = data === undefined ? value : `${data}\n${value}`;
      } else if (text.startsWith("event:", start)) name = fieldValue(text, start + 6, end);
    }
    start = end + 1;
  }
  return { raw, name, data: data ?? "" };
}

function fieldValue(text: string, start: number, end: number): string {
  if (start >= end) return "";
  return text.slice(text.charCodeAt(start) === 0x20 ? start + 1 : start, end);
}

/** Whether an event that no blank line ended was all there: half a JSON document is not. */
export function isWhole(data: string): boolean {
  if (data === "" || data === "[DONE]") return true;
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
