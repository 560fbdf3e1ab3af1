import type { StreamMode } from "@mandate/model";

/**
 * Events waiting to leave, in order. *pass* lets each go at once, *window* keeps back the newest text so that a check
 * sees what surrounds it, and lets a window's worth go at a time, so that each text is checked about twice; *full* keeps
 * all until the end.
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

  /** Whether `take` gives anything. What it gives must have been checked first. */
  get ready(): boolean {
    if (this.#mode === "full") return false;
    return this.#mode === "pass" ? this.#events.length > 0 : this.#chars >= 2 * this.#windowChars;
  }

  take(): Buffer[] {
    if (!this.ready) return [];
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
