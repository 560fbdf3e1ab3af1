import { isMembers, text } from "../surfaces/fields.ts";
import { type AwsMessage, AwsMessages, encodeAwsMessage } from "./aws-messages.ts";
import type { SseEvent, StreamFramer } from "./sse-reader.ts";

/** Half a message: data that is no whole document ends the stream as cut. */
const half = (raw: Buffer): SseEvent => ({ raw, name: "", data: "{" });

/** Converse's messages, which go on as they came. */
export class ConverseReader implements StreamFramer {
  readonly #messages: AwsMessages;

  constructor(maxEventBytes: number) {
    this.#messages = new AwsMessages(maxEventBytes);
  }

  /** @throws SseTooLarge, or Error where a message is none */
  push(chunk: Buffer): SseEvent[] {
    return this.#messages.push(chunk).map(({ raw, type, payload }) => {
      objectIn(payload);
      return { raw, name: type, data: payload };
    });
  }

  rest(): SseEvent | undefined {
    const rest = this.#messages.rest();
    return rest.length === 0 ? undefined : half(rest);
  }

  frame(event: SseEvent, body: unknown): Buffer {
    return encodeAwsMessage(event.name.endsWith("Exception") ? "exception" : "event", event.name, body);
  }
}

/**
 * InvokeModel's messages as the server-sent events that an Anthropic client expects: each wraps one of Anthropic's own,
 * base64.
 */
export class AwsEventReader implements StreamFramer {
  readonly contentType = "text/event-stream; charset=utf-8";
  readonly #messages: AwsMessages;

  constructor(maxEventBytes: number) {
    this.#messages = new AwsMessages(maxEventBytes);
  }

  /** @throws SseTooLarge, or Error where a message is none */
  push(chunk: Buffer): SseEvent[] {
    return this.#messages.push(chunk).map((message) => {
      const { name, body } = unwrapped(message);
      const data = JSON.stringify(body);
      return { raw: this.frame({ name }, body), name, data };
    });
  }

  rest(): SseEvent | undefined {
    return this.#messages.rest().length === 0 ? undefined : half(Buffer.alloc(0));
  }

  frame(event: Pick<SseEvent, "name">, body: unknown): Buffer {
    return Buffer.from(`event: ${event.name}\ndata: ${JSON.stringify(body)}\n\n`, "utf8");
  }
}

function unwrapped(message: AwsMessage): { name: string; body: Readonly<Record<string, unknown>> } {
  const payload = objectIn(message.payload);
  if (message.kind !== "event") return { name: "error", body: failureOf(message.type, payload) };
  if (typeof payload.bytes !== "string") throw new TypeError("a message without a chunk");
  const body = objectIn(Buffer.from(payload.bytes, "base64").toString("utf8"));
  const name = text(body.type);
  // The name goes onto a line of its own, where a line break would begin another event.
  if (!/^\w{1,64}$/.test(name)) throw new TypeError("a chunk without a type");
  return { name, body };
}

function objectIn(json: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(json);
  if (!isMembers(value)) throw new TypeError("a message without an object");
  return value;
}

/** What the provider says went wrong after it had begun, in the words of Anthropic's own error events. */
function failureOf(exception: string, payload: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const type = /throttling|unavailable/i.test(exception)
    ? "overloaded_error"
    : /validation/i.test(exception)
      ? "invalid_request_error"
      : "api_error";
  return { type: "error", error: { type, message: text(payload.message) || "The model's stream ended with an error." } };
}
