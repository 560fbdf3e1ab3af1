import { PendingBytes } from "../pending-bytes.ts";
import { type SseEvent, SseTooLarge, type StreamFramer } from "./sse-reader.ts";

const space = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Splits a streamed JSON array of objects into its elements, whatever way the bytes are cut. Each event's `raw` holds the
 * separators before its element, so that the concatenation of all `raw` and `rest()` is the input.
 */
export class JsonArrayReader implements StreamFramer {
  readonly #maxEventBytes: number;
  readonly #pending = new PendingBytes();
  #at = 0;
  /** Where the element under way begins in `#pending`; -1 between elements. */
  #start = -1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #state: "before" | "inside" | "after" = "before";

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** @throws SseTooLarge when one element outgrows the limit; SyntaxError where the array holds anything but objects */
  push(chunk: Buffer): SseEvent[] {
    this.#pending.append(chunk);
    let { bytes } = this.#pending;
    const events: SseEvent[] = [];
    for (; this.#at < bytes.length; this.#at++) {
      const end = this.#step(bytes[this.#at]!);
      if (!end) continue;
      const raw = bytes.subarray(0, this.#at + 1);
      events.push({ raw, name: "", data: this.#start < 0 ? "" : raw.toString("utf8", this.#start) });
      this.#pending.drop(raw.length);
      ({ bytes } = this.#pending);
      this.#at = -1;
      this.#start = -1;
    }
    if (this.#pending.length > this.#maxEventBytes) throw new SseTooLarge();
    return events;
  }

  /** An event that is not whole, unless the array was closed and only white space followed. */
  rest(): SseEvent | undefined {
    const raw = this.#pending.take();
    if (this.#state === "after") return raw.length === 0 ? undefined : { raw, name: "", data: "" };
    return { raw, name: "", data: "[" };
  }

  frame(event: SseEvent, body: unknown): Buffer {
    const lead = event.raw.length - Buffer.byteLength(event.data);
    return Buffer.concat([event.raw.subarray(0, lead), Buffer.from(JSON.stringify(body), "utf8")]);
  }

  /** True at the last byte of an element or of the array. */
  #step(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === 0x5c) this.#escaped = true;
      else if (byte === 0x22) this.#inString = false;
      return false;
    }
    if (this.#depth > 0) {
      if (byte === 0x22) this.#inString = true;
      else if (byte === 0x7b || byte === 0x5b) this.#depth++;
      else if (byte === 0x7d || byte === 0x5d) return --this.#depth === 0;
      return false;
    }
    if (space.has(byte)) return false;
    if (this.#state === "before" && byte === 0x5b) this.#state = "inside";
    else if (this.#state === "inside" && byte === 0x7b) {
      this.#start = this.#at;
      this.#depth = 1;
    } else if (this.#state === "inside" && byte === 0x5d) {
      this.#state = "after";
      return true;
    } else if (this.#state !== "inside" || byte !== 0x2c) throw new SyntaxError("a streamed array holds objects alone");
    return false;
  }
}
