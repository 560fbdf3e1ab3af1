import { EventStreamCodec } from "@smithy/eventstream-codec";
import { PendingBytes } from "../pending-bytes.ts";
import { SseTooLarge } from "./sse-reader.ts";

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("utf8")),
  (value) => Buffer.from(value, "utf8"),
);

/** Bytes of a message's length, its headers' length and their checksum. */
const preludeBytes = 12;

/** One message of Amazon's event stream (`application/vnd.amazon.eventstream`), its checksums verified. */
export interface AwsMessage {
  readonly raw: Buffer;
  /** `event`, `exception` or `error`. */
  readonly kind: string;
  /** Of the event or the exception. */
  readonly type: string;
  readonly payload: string;
}

/** Divides a byte stream into messages, whatever way it is cut. */
export class AwsMessages {
  readonly #maxBytes: number;
  readonly #pending = new PendingBytes();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws SseTooLarge for a message past the limit; Error for one that its checksum or form says is none */
  push(chunk: Buffer): AwsMessage[] {
    this.#pending.append(chunk);
    const messages: AwsMessage[] = [];
    while (this.#pending.length >= preludeBytes) {
      const { bytes } = this.#pending;
      const length = bytes.readUInt32BE(0);
      if (length > this.#maxBytes) throw new SseTooLarge();
      if (length < preludeBytes + 4) throw new RangeError("a message shorter than its own frame");
      if (bytes.length < length) break;
      const raw = bytes.subarray(0, length);
      const { headers, body } = codec.decode(raw);
      const kind = String(headers[":message-type"]?.value ?? "");
      const type = String(headers[kind === "exception" ? ":exception-type" : ":event-type"]?.value ?? "");
      messages.push({ raw, kind, type, payload: Buffer.from(body).toString("utf8") });
      this.#pending.drop(length);
    }
    return messages;
  }

  /** The bytes of a message that never came whole. */
  rest(): Buffer {
    return this.#pending.take();
  }
}

export function encodeAwsMessage(kind: "event" | "exception", type: string, body: unknown): Buffer {
  const text = (value: string) => ({ type: "string", value }) as const;
  return Buffer.from(
    codec.encode({
      headers: {
        [kind === "event" ? ":event-type" : ":exception-type"]: text(type),
        ":content-type": text("application/json"),
        ":message-type": text(kind),
      },
      body: Buffer.from(JSON.stringify(body), "utf8"),
    }),
  );
}
