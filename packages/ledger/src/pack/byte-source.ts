/** Bytes that can be read anywhere, without standing in memory. */
export interface ByteSource {
  readonly size: number;
  /** Fills `into` from byte `at`. @throws RangeError beyond the end */
  read(at: number, into: Uint8Array): void;
}

export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(at, into) {
      if (at < 0 || at + into.length > bytes.length) throw new RangeError("beyond the end");
      into.set(bytes.subarray(at, at + into.length));
    },
  };
}

const windowBytes = 64 * 1024;
/** A read this close behind the last one is taken for a walk forwards. */
const strideBytes = 8 * 1024;

/** Reads ahead while reads walk forwards, and only what is asked for while they jump. */
export class WindowedSource {
  readonly #source: ByteSource;
  readonly #window = new Uint8Array(windowBytes);
  #start = 0;
  #end = 0;
  #last = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** A view that holds until the next call. @throws RangeError beyond the end */
  view(at: number, length: number): Uint8Array {
    const walks = at >= this.#last && at - this.#last <= strideBytes;
    this.#last = at + length;
    if (at < this.#start || at + length > this.#end) {
      if (length > windowBytes) {
        const large = new Uint8Array(length);
        this.#source.read(at, large);
        return large;
      }
      const wanted = walks ? Math.max(length, Math.min(windowBytes, this.#source.size - at)) : length;
      this.#source.read(at, this.#window.subarray(0, wanted));
      this.#start = at;
      this.#end = at + wanted;
    }
    return this.#window.subarray(at - this.#start, at - this.#start + length);
  }
}

const partBytes = 256 * 1024;

/** Parts, each a buffer of its own. */
export function* sourceParts(source: ByteSource, from: number, to: number): Generator<Uint8Array> {
  for (let at = from; at < to; at += partBytes) {
    const part = new Uint8Array(Math.min(partBytes, to - at));
    source.read(at, part);
    yield part;
  }
}

/** Parts for one who is done with each before asking for the next: they share a buffer. */
export function* sourceViews(source: ByteSource, from: number, to: number): Generator<Uint8Array> {
  const shared = new Uint8Array(partBytes);
  for (let at = from; at < to; at += partBytes) {
    const part = shared.subarray(0, Math.min(partBytes, to - at));
    source.read(at, part);
    yield part;
  }
}
