import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evidenceUnavailable } from "./errors.ts";
import type { JournalDisk } from "./journal-disk.ts";
import type { Sign } from "./journal-frame.ts";
import { encodeBatch, frameHeaderBytes, hasWholeBody, readBatchHeader } from "./journal-frame.ts";
import { Segment, segmentFile } from "./journal-segment.ts";

/**
 * A segment grows by this much at once, in zeros: a flush of bytes that lie inside the file moves data alone, while one
 * that lengthens it also commits the file system's own journal (twice the CPU and half again the time on ext4).
 */
const growBytes = 1024 * 1024;

export interface JournalFilesOptions {
  readonly directory: string;
  readonly disk: JournalDisk;
  readonly sign: Sign;
  readonly segmentBytes: number;
}

/** The journal's segments on disk: one chain of signed batches, of which the last is being written. */
export class JournalFiles {
  readonly #options: JournalFilesOptions;
  readonly #segments: Segment[];
  #previous: Uint8Array;
  /** A last segment whose opening was flushed before any record came. */
  #carries: Segment | undefined;
  /** Length of the last segment's file; what lies beyond its batches is zeros. */
  #grownTo = 0;

  constructor(
    options: JournalFilesOptions,
    recovered: { readonly segments: Segment[]; readonly previous: Uint8Array; readonly nextSeq: number },
  ) {
    this.#options = options;
    this.#segments = recovered.segments;
    this.#previous = recovered.previous;
    const last = this.#segments.at(-1);
    if (last === undefined) this.#start(recovered.nextSeq);
    else {
      last.fd = options.disk.open(last.path);
      options.disk.truncate(last.fd, last.bytes);
      this.#grownTo = last.bytes;
    }
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Bytes of whole, durable batches. */
  get bytes(): number {
    let bytes = 0;
    for (const segment of this.#segments) bytes += segment.bytes;
    return bytes;
  }

  /** Resolves with the batch's segment once it is on the medium; after a failure `repair` must come first. */
  async append(firstSeq: number, records: readonly Buffer[]): Promise<Segment> {
    const { disk, segmentBytes, sign } = this.#options;
    if (this.#last.bytes >= segmentBytes) this.#start(firstSeq);
    const segment = this.#last;
    const { frame, hash } = encodeBatch(firstSeq, records, this.#previous, sign);
    this.#growTo(segment.bytes + frame.length, segmentBytes);
    disk.write(segment.fd!, frame, segment.bytes);
    await disk.datasync(segment.fd!);
    segment.addBatch(firstSeq, records.length, frame.length);
    this.#previous = hash;
    return segment;
  }

  /** Cuts what a failed write may have left, and proves that the disk takes `probeBytes` again. */
  async repair(probeBytes: number): Promise<void> {
    const { disk } = this.#options;
    const segment = this.#last;
    // A fresh descriptor: an old one may have swallowed the error it should report.
    if (segment.fd !== undefined) disk.close(segment.fd);
    segment.fd = undefined;
    segment.fd = disk.open(segment.path);
    this.#grownTo = segment.bytes;
    disk.truncate(segment.fd, segment.bytes);
    disk.write(segment.fd, Buffer.alloc(probeBytes), segment.bytes);
    await disk.datasync(segment.fd);
    disk.truncate(segment.fd, segment.bytes);
    await disk.datasync(segment.fd);
  }

  /**
   * Begins a new segment and waits until it carries the chain, so that every earlier one may go. Nothing to do while
   * the last one is empty.
   */
  async turn(nextSeq: number): Promise<void> {
    if (this.#last.endSeq === this.#last.firstSeq) return;
    this.#start(nextSeq);
    await this.#options.disk.datasync(this.#last.fd!);
    this.#carries = this.#last;
  }

  /** The body of the batch that holds `seq`, and that batch's first number. */
  async readBatch(seq: number): Promise<{ readonly body: Buffer; readonly firstSeq: number }> {
    const segment = this.#segments.find((one) => seq >= one.firstSeq && seq < one.endSeq);
    const place = segment?.locate(seq);
    if (segment === undefined || place === undefined)
      throw evidenceUnavailable(`record ${seq} is no longer in the journal`);
    const frame = Buffer.allocUnsafe(place.end - place.offset);
    segment.fd ??= this.#options.disk.open(segment.path);
    await this.#options.disk.read(segment.fd, frame, place.offset);
    const header = readBatchHeader(frame, 0);
    // A bit that rotted since, or a descriptor that a repair replaced meanwhile, must not reach the log.
    if (header?.firstSeq !== place.firstSeq || !hasWholeBody(frame, 0, header)) {
      throw evidenceUnavailable(`batch of record ${place.firstSeq} can't be read back`);
    }
    return { body: frame.subarray(frameHeaderBytes), firstSeq: place.firstSeq };
  }

  /** True when the oldest segment may go: it is done and a later one carries the chain. */
  canDrop(isDone: (segment: Segment) => boolean): boolean {
    // Until the last one's own opening is flushed, the one before still carries the chain.
    const carried = this.#last.endSeq !== this.#last.firstSeq || this.#carries === this.#last;
    return carried && this.#segments.length > 1 && isDone(this.#segments[0]!);
  }

  /** Removes the oldest segments that are done; the last one stays, since it carries the chain. */
  drop(isDone: (segment: Segment) => boolean): readonly Segment[] {
    const dropped: Segment[] = [];
    while (this.#segments.length > 1 && isDone(this.#segments[0]!)) {
      const segment = this.#segments.shift()!;
      if (segment.fd !== undefined) this.#options.disk.close(segment.fd);
      rmSync(segment.path);
      dropped.push(segment);
    }
    return dropped;
  }

  close(): void {
    const last = this.#last;
    if (last.fd !== undefined) this.#options.disk.truncate(last.fd, last.bytes);
    for (const segment of this.#segments) {
      if (segment.fd !== undefined) this.#options.disk.close(segment.fd);
      segment.fd = undefined;
    }
  }

  #growTo(end: number, segmentBytes: number): void {
    if (end <= this.#grownTo || end >= segmentBytes) return;
    const zeros = Buffer.alloc(Math.min(growBytes, segmentBytes - end));
    try {
      this.#options.disk.write(this.#last.fd!, zeros, end);
      this.#grownTo = end + zeros.length;
    } catch {
      // A disk without room for more may still take this batch; its own write says so.
    }
  }

  get #last(): Segment {
    return this.#segments.at(-1)!;
  }

  /** A segment opens with an empty batch that ties it to the one before. */
  #start(firstSeq: number): void {
    const { disk, directory, sign } = this.#options;
    const before = this.#segments.at(-1);
    if (before?.fd !== undefined) disk.truncate(before.fd, before.bytes);
    const path = join(directory, segmentFile(firstSeq));
    const segment = new Segment(path, firstSeq);
    segment.fd = disk.open(path);
    const { frame, hash } = encodeBatch(firstSeq, [], this.#previous, sign);
    try {
      disk.truncate(segment.fd, 0);
      disk.write(segment.fd, frame, 0);
      disk.syncDirectory(directory);
    } catch (error) {
      disk.close(segment.fd);
      throw error;
    }
    segment.addBatch(firstSeq, 0, frame.length);
    this.#grownTo = frame.length;
    this.#segments.push(segment);
    this.#previous = hash;
  }
}

const acknowledgedFile = "acknowledged.json";

export interface Acknowledged {
  readonly seq: number;
  readonly checkpointSize: number;
}

export function readAcknowledged(directory: string): Acknowledged {
  try {
    const state = JSON.parse(readFileSync(join(directory, acknowledgedFile), "utf8")) as Record<string, unknown>;
    return { seq: Number(state.seq) || 0, checkpointSize: Number(state.checkpointSize) || 0 };
  } catch {
    return { seq: 0, checkpointSize: 0 };
  }
}

export function writeAcknowledged(directory: string, disk: JournalDisk, state: Acknowledged): void {
  const path = join(directory, acknowledgedFile);
  writeFileSync(`${path}.new`, JSON.stringify(state), { flush: true, mode: 0o600 });
  renameSync(`${path}.new`, path);
  disk.syncDirectory(directory);
}
