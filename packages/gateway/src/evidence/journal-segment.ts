/** Named by the first sequence number it may hold, so that names sort in order. */
export const segmentName = /^journal-([0-9]{16})\.seg$/;

export function segmentFile(firstSeq: number): string {
  return `journal-${String(firstSeq).padStart(16, "0")}.seg`;
}

/** One file of the journal and where its batches lie. */
export class Segment {
  readonly path: string;
  readonly firstSeq: number;
  /** Bytes of whole, durable batches. */
  bytes = 0;
  /** One past the last durable record. */
  endSeq: number;
  fd: number | undefined;
  /** Bytes by system, for quotas. */
  readonly use = new Map<string, number>();
  readonly #firstSeqs: number[] = [];
  readonly #offsets: number[] = [];

  constructor(path: string, firstSeq: number) {
    this.path = path;
    this.firstSeq = firstSeq;
    this.endSeq = firstSeq;
  }

  addBatch(firstSeq: number, count: number, frameBytes: number): void {
    if (count > 0) {
      this.#firstSeqs.push(firstSeq);
      this.#offsets.push(this.bytes);
    }
    this.bytes += frameBytes;
    this.endSeq = firstSeq + count;
  }

  addUse(system: string, bytes: number): void {
    this.use.set(system, (this.use.get(system) ?? 0) + bytes);
  }

  /** Offsets of the batch that holds `seq` and of what follows it. */
  locate(seq: number): { readonly offset: number; readonly end: number; readonly firstSeq: number } | undefined {
    let low = 0;
    let high = this.#firstSeqs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#firstSeqs[middle]! <= seq) low = middle;
      else high = middle - 1;
    }
    const offset = this.#offsets[low];
    if (offset === undefined || seq < this.#firstSeqs[low]! || seq >= this.endSeq) return undefined;
    return { offset, end: this.#offsets[low + 1] ?? this.bytes, firstSeq: this.#firstSeqs[low]! };
  }
}
