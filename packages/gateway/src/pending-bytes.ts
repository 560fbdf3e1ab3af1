/**
 * Bytes that came and aren't whole yet, each copied a bounded number of times however small the pieces: putting every piece
 * behind all before it would cost a sender of single bytes nothing and this process the square of them.
 */
export class PendingBytes {
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** Whether what lies behind `#end` is ours to write to. */
  #isOwn = false;

  get length(): number {
    return this.#end - this.#start;
  }

  /** A view: what was taken from it before stays as it was. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  append(chunk: Buffer): void {
    if (this.length === 0) {
      this.#buffer = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#isOwn = false;
      return;
    }
    if (!this.#isOwn || this.#buffer.length - this.#end < chunk.length) {
      const roomier = Buffer.allocUnsafeSlow(2 * (this.length + chunk.length));
      this.#end = this.bytes.copy(roomier);
      this.#start = 0;
      this.#buffer = roomier;
      this.#isOwn = true;
    }
    this.#end += chunk.copy(this.#buffer, this.#end);
  }

  /** Lets go of so many from the front. */
  drop(count: number): void {
    this.#start += count;
  }

  /** All of it, and nothing is left. */
  take(): Buffer {
    const all = this.bytes;
    this.drop(all.length);
    return all;
  }
}
