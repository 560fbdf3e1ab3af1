import { EventStreamCodec } from "@smithy/eventstream-codec";
import { isMembers, text } from "../surfaces/fields.ts";
import { type SseEvent, SseTooLarge, type StreamFramer } from "./sse-reader.ts";

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("utf8")),
  (value) => Buffer.from(value, "utf8"),
);

/** Bytes of a message's length, its headers' length and their checksum. */
const preludeBytes = 12;

/**
 * Amazon's event stream (`application/vnd.amazon.eventstream`) as the server-sent events that an Anthropic client
 * expects: InvokeModel wraps each of Anthropic's own events, base64, in one message. Checksums are verified.
 */
export class AwsEventReader implements StreamFramer {
  readonly contentType = "text/event-stream; charset=utf-8";
  readonly #maxEventBytes: number;
  #pending: Buffer = Buffer.alloc(0);

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** @throws SseTooLarge for a message past the limit; Error for one that its checksum or form says is none */
  push(chunk: Buffer): SseEvent[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const events: SseEvent[] = [];
    while (this.#pending.length >= preludeBytes) {
      const length = this.#pending.readUInt32BE(0);
      if (length > this.#maxEventBytes) throw new SseTooLarge();
      if (length < preludeBytes + 4) throw new RangeError("a message shorter than its own frame");
      if (this.#pending.length < length) break;
      events.push(this.#event(codec.decode(this.#pending.subarray(0, length))));
      this.#pending = this.#pending.subarray(length);
    }
    return events;
  }

  rest(): SseEvent | undefined {
    if (this.#pending.length === 0) return undefined;
    this.#pending = Buffer.alloc(0);
    return { raw: Buffer.alloc(0), name: "", data: "{" };
  }

  frame(event: Pick<SseEvent, "name">, body: unknown): Buffer {
    return Buffer.from(`event: ${event.name}\ndata: ${JSON.stringify(body)}\n\n`, "utf8");
  }

  #event(message: ReturnType<EventStreamCodec["decode"]>): SseEvent {
    const kind = message.headers[":message-type"]?.value;
    const payload: unknown = JSON.parse(Buffer.from(message.body).toString("utf8"));
    if (!isMembers(payload)) throw new TypeError("a message without an object");
    if (kind !== "event") return this.#sse({ name: "error", body: failureOf(message, payload) });
    if (typeof payload.bytes !== "string") throw new TypeError("a message without a chunk");
    const body: unknown = JSON.parse(Buffer.from(payload.bytes, "base64").toString("utf8"));
    if (!isMembers(body)) throw new TypeError("a chunk that is no object");
    const name = text(body.type);
    // The name goes onto a line of its own, where a line break would begin another event.
    if (!/^\w{1,64}$/.test(name)) throw new TypeError("a chunk without a type");
    return this.#sse({ name, body });
  }

  #sse({ name, body }: { name: string; body: Readonly<Record<string, unknown>> }): SseEvent {
    const data = JSON.stringify(body);
    return { raw: this.frame({ name }, body), name, data };
  }
}

/** What the provider says went wrong after it had begun, in the words of Anthropic's own error events. */
function failureOf(
  message: ReturnType<EventStreamCodec["decode"]>,
  payload: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const exception = String(message.headers[":exception-type"]?.value ?? "");
  const type = /throttling|unavailable/i.test(exception) ? "overloaded_error" : /validation/i.test(exception) ? "invalid_request_error" : "api_error";
  return { type: "error", error: { type, message: text(payload.message) || "The model's stream ended with an error." } };
}
