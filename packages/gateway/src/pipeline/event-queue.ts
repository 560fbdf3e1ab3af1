import type { StreamMode } from "@mandate/model";

/**
 * Events waiting to leave, in order. *pass* lets each go at once, *window* keeps back the newest text so that a check
 * sees what surrounds it, *full* keeps all until the end.
 */
export class EventQueue {
  readonly #mode: StreamMode;
  readonly #windowChars: number;
  #events: { readonly raw: Buffer; readonly chars: number }[] = [];
  #chars = 0;
  bytes = 0;

  constructor(mode: StreamMode, windowChars: number) {
    this.#mode = mode;
    this.#windowChars = windowChars;
  }

  /** @param chars length of the text that the event carries */
  push(raw: Buffer, chars: number): void {
    this.#events.push({ raw, chars });
    this.#chars += chars;
    this.bytes += raw.length;
  }

  /** What may leave now. */
  take(): Buffer[] {
    if (this.#mode === "full") return [];
    if (this.#mode === "pass") return this.takeAll();
    let ready = 0;
    let behind = this.#chars;
    for (const event of this.#events) {
      behind -= event.chars;
      if (behind < this.#windowChars) break;
      ready++;
    }
    const leaving = this.#events.splice(0, ready);
    for (const event of leaving) {
      this.#chars -= event.chars;
      this.bytes -= event.raw.length;
    }
    return leaving.map((event) => event.raw);
  }

  takeAll(): Buffer[] {
    const leaving = this.#events.map((event) => event.raw);
    this.#events = [];
    this.#chars = this.bytes = 0;
    return leaving;
  }
}
