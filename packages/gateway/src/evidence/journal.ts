import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EntryHeader, EntryRef } from "@mandate/model";
import { verifyEd25519 } from "@mandate/ledger/node";
import type { JournalReader, JournalRecord } from "../evidence-sink.ts";
import { evidenceUnavailable } from "./errors.ts";
import type { JournalDisk } from "./journal-disk.ts";
import { nodeDisk } from "./journal-disk.ts";
import {
  decodeRecords,
  encodeBatch,
  encodeRecord,
  frameHeaderBytes,
  hasWholeBody,
  maxBatchBytes,
  readBatchHeader,
} from "./journal-frame.ts";
import type { OpenCall } from "./journal-recovery.ts";
import { recoverJournal, trackCall } from "./journal-recovery.ts";
import { Segment, segmentFile } from "./journal-segment.ts";

export interface JournalSigner {
  /** Origin of the log: also the note key name. */
  readonly name: string;
  readonly vkey: string;
  readonly publicKey: Uint8Array;
  readonly signBytes: (message: Uint8Array) => Uint8Array;
}

export interface JournalOptions {
  /** On a persistent volume, used by this journal alone. */
  readonly directory: string;
  readonly signer: JournalSigner;
  /** All segments and reservations together; above it appends are refused. */
  readonly maxBytes?: number;
  /** What one system may hold of it, so that one caller can't stop the others. */
  readonly maxSystemBytes?: number;
  readonly segmentBytes?: number;
  /** Kept free for each open call, so that its outcome can be written when nothing else fits. */
  readonly outcomeReserveBytes?: number;
  /** Milliseconds, monotonic: spaces out probes of a failed disk. */
  readonly monotonicMs?: () => number;
  readonly disk?: JournalDisk;
}

export interface Draft {
  readonly header: EntryHeader;
  readonly record: Omit<JournalRecord, "seq">;
}

/** `intent` reserves room, `outcome` may use it, `other` does neither. */
export type AppendKind = "intent" | "outcome" | "other";

interface Pending extends Draft {
  readonly seq: number;
  readonly bytes: Buffer;
  readonly resolve: (ref: EntryRef) => void;
  readonly reject: (error: Error) => void;
}

const probeIntervalMs = 250;
const flushBytes = 8 * 1024 * 1024;
/** What waits for the disk stays in memory: a disk that hangs must not take the process with it. */
const maxPendingBytes = 128 * 1024 * 1024;

/**
 * The gateway's durable, append-only journal. One batch is written and flushed at a time while the next one fills, so the
 * disk's own pace sets the batch size and no timer is needed.
 */
export class Journal implements JournalReader {
  readonly origin: string;
  readonly writerKey: string;
  /** Bytes that a start found torn and cut off. */
  readonly tornBytes: number;
  readonly #options: Required<JournalOptions>;
  readonly #segments: Segment[];
  readonly #openCalls: Map<string, OpenCall>;
  readonly #openedHere = new Set<string>();
  readonly #systemBytes = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #previous: Uint8Array;
  #durableSeq: number;
  #nextSeq: number;
  #acknowledged: number;
  #seen: number;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #flushing: Promise<void> | undefined;
  #failure: unknown;
  #probing = false;
  #lastProbeMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** Recovers what the directory holds. @throws AppError `journal.broken` when the chain is damaged before its end */
  constructor(options: JournalOptions) {
    const maxBytes = options.maxBytes ?? 4 * 1024 ** 3;
    this.#options = {
      maxBytes,
      maxSystemBytes: Math.floor(maxBytes / 4),
      segmentBytes: Math.min(64 * 1024 ** 2, Math.ceil(maxBytes / 8)),
      outcomeReserveBytes: 4096,
      monotonicMs: () => performance.now(),
      disk: nodeDisk,
      ...options,
    };
    this.origin = options.signer.name;
    this.writerKey = options.signer.vkey;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const acknowledged = readAcknowledged(options.directory);
    const { publicKey } = options.signer;
    const recovered = recoverJournal(options.directory, acknowledged.seq, (message, signature) =>
      verifyEd25519(publicKey, message, signature),
    );
    this.#acknowledged = acknowledged.seq;
    this.#seen = acknowledged.checkpointSize;
    this.#segments = recovered.segments;
    this.#openCalls = recovered.openCalls;
    this.#previous = recovered.previous;
    this.#durableSeq = recovered.nextSeq;
    this.#nextSeq = recovered.nextSeq;
    this.tornBytes = recovered.tornBytes;
    for (const segment of this.#segments) this.#countUse(segment, 1);
    const last = this.#segments.at(-1);
    if (last === undefined) this.#startSegment();
    else {
      last.fd = this.#options.disk.open(last.path);
      this.#options.disk.truncate(last.fd, last.bytes);
    }
  }

  /** Calls whose intent is durable and whose outcome isn't; after a start: what the last run left open. */
  openCalls(): readonly OpenCall[] {
    return [...this.#openCalls.values()];
  }

  size(): number {
    return this.#durableSeq;
  }

  /** False while the disk fails or nothing more fits. Asking also probes a failed disk, at a bounded pace. */
  ready(): boolean {
    if (this.#failure !== undefined) this.#probe();
    return this.#failure === undefined && !this.#closed && this.#room() > this.#options.outcomeReserveBytes;
  }

  usage(): { readonly bytes: number; readonly maxBytes: number; readonly records: number; readonly openCalls: number } {
    return {
      bytes: this.#usedBytes(),
      maxBytes: this.#options.maxBytes,
      records: this.#durableSeq - this.#acknowledged,
      openCalls: this.#openCalls.size,
    };
  }

  /**
   * Appends one entry; `build` gets its sequence number and the newest checkpoint size seen, and runs at once.
   * Resolves when durable. @throws AppError `evidence_unavailable` when it doesn't fit or can't be written
   */
  async append(kind: AppendKind, build: (seq: number, seen: number) => Draft): Promise<EntryRef> {
    if (this.#closed) throw evidenceUnavailable("journal is closed");
    if (this.#failure !== undefined) {
      this.#probe();
      throw evidenceUnavailable("journal is failing", this.#failure);
    }
    const draft = build(this.#nextSeq, this.#seen);
    const bytes = encodeRecord(draft.record);
    this.#assertFits(kind, draft.header, bytes.length);
    const seq = this.#nextSeq++;
    const durable = Promise.withResolvers<EntryRef>();
    this.#pending.push({ ...draft, seq, bytes, resolve: durable.resolve, reject: durable.reject });
    this.#pendingBytes += bytes.length;
    this.#addSystemBytes(draft.header.system ?? "", bytes.length);
    if (kind === "intent" && draft.header.decision !== undefined) this.#openedHere.add(draft.header.decision);
    if (kind === "outcome" && draft.header.decision !== undefined) this.#openedHere.delete(draft.header.decision);
    // The rest of this turn of the event loop still joins the batch.
    this.#flushing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#flush());
    return durable.promise;
  }

  async read(fromSeq: number, maxBytes: number): Promise<readonly JournalRecord[]> {
    const records: JournalRecord[] = [];
    let bytes = 0;
    let seq = fromSeq;
    while (seq < this.#durableSeq && bytes < maxBytes) {
      const segment = this.#segments.find((one) => seq >= one.firstSeq && seq < one.endSeq);
      const place = segment?.locate(seq);
      if (segment === undefined || place === undefined)
        throw evidenceUnavailable(`record ${seq} is no longer in the journal`);
      const frame = Buffer.allocUnsafe(place.end - place.offset);
      segment.fd ??= this.#options.disk.open(segment.path);
      await this.#options.disk.read(segment.fd, frame, place.offset);
      const header = readBatchHeader(frame, 0);
      // A bit that rotted since, or a descriptor that a probe replaced meanwhile, must not reach the log.
      if (header?.firstSeq !== place.firstSeq || !hasWholeBody(frame, 0, header)) {
        throw evidenceUnavailable(`batch of record ${place.firstSeq} can't be read back`);
      }
      for (const record of decodeRecords(frame.subarray(frameHeaderBytes), place.firstSeq)) {
        if (record.seq < seq) continue;
        let size = record.leaf.length;
        for (const sealed of record.sealed) size += sealed.bytes.length + sealed.wrapped.length;
        if (records.length > 0 && bytes + size > maxBytes) return records;
        records.push(record);
        bytes += size;
      }
      seq = records.at(-1)!.seq + 1;
    }
    return records;
  }

  async acknowledge(seq: number, checkpointSize: number): Promise<void> {
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(seq, this.#durableSeq));
    this.#seen = Math.max(this.#seen, checkpointSize);
    let oldestOpen = Number.POSITIVE_INFINITY;
    for (const call of this.#openCalls.values()) oldestOpen = Math.min(oldestOpen, call.seq);
    // The last segment stays: it carries the chain. One with an open call's intent stays too, or a start after a crash
    // would not know that the call needs closing.
    const isDone = (segment: Segment): boolean => segment.endSeq <= this.#acknowledged && segment.endSeq <= oldestOpen;
    const last = this.#segments.at(-1)!;
    // Until the last one's own opening is flushed, the one before still carries the chain.
    if (last.endSeq === last.firstSeq || this.#segments.length < 2 || !isDone(this.#segments[0]!)) return;
    this.#writeAcknowledged();
    while (this.#segments.length > 1 && isDone(this.#segments[0]!)) {
      const [segment] = this.#segments.splice(0, 1);
      this.#countUse(segment!, -1);
      if (segment!.fd !== undefined) this.#options.disk.close(segment!.fd);
      rmSync(segment!.path);
    }
  }

  onDurable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Writes what is pending, then refuses. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flushing !== undefined) await this.#flushing;
    this.#writeAcknowledged();
    for (const segment of this.#segments) {
      if (segment.fd !== undefined) this.#options.disk.close(segment.fd);
      segment.fd = undefined;
    }
  }

  #usedBytes(): number {
    let bytes = this.#pendingBytes;
    for (const segment of this.#segments) bytes += segment.bytes;
    return bytes;
  }

  #room(): number {
    const reserved = (this.#openedHere.size + 1) * this.#options.outcomeReserveBytes;
    return this.#options.maxBytes - this.#usedBytes() - reserved;
  }

  #assertFits(kind: AppendKind, header: EntryHeader, bytes: number): void {
    if (bytes > maxBatchBytes / 2) throw evidenceUnavailable("entry is larger than a batch");
    const { outcomeReserveBytes, maxSystemBytes } = this.#options;
    const isReserved = kind === "outcome" && header.decision !== undefined && this.#isOpen(header.decision);
    if (isReserved && bytes <= outcomeReserveBytes) return;
    if (this.#pendingBytes + bytes > maxPendingBytes) throw evidenceUnavailable("the journal's disk can't keep up");
    const needed = bytes + (kind === "intent" ? outcomeReserveBytes : 0);
    if (needed > this.#room()) throw evidenceUnavailable("journal is full");
    if ((this.#systemBytes.get(header.system ?? "") ?? 0) + needed > maxSystemBytes) {
      throw evidenceUnavailable(`system \`${header.system ?? ""}\` has used its share of the journal`);
    }
  }

  #isOpen(decision: string): boolean {
    return this.#openedHere.has(decision) || this.#openCalls.has(decision);
  }

  async #flush(): Promise<void> {
    while (this.#pending.length > 0 && this.#failure === undefined) {
      const batch = this.#takeBatch();
      try {
        await this.#write(batch);
      } catch (error) {
        this.#fail(error, batch);
        break;
      }
      this.#durableSeq = batch.at(-1)!.seq + 1;
      for (const { header, seq, resolve } of batch) {
        trackCall(this.#openCalls, header, seq);
        resolve({ log: this.origin, index: seq });
      }
      for (const listener of this.#listeners) listener();
    }
    this.#flushing = undefined;
  }

  #takeBatch(): Pending[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#pending.length && (count === 0 || bytes + this.#pending[count]!.bytes.length <= flushBytes)) {
      bytes += this.#pending[count++]!.bytes.length;
    }
    return this.#pending.splice(0, count);
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    const { disk, segmentBytes, signer } = this.#options;
    if (this.#segments.at(-1)!.bytes >= segmentBytes) this.#startSegment();
    const segment = this.#segments.at(-1)!;
    const { frame, hash } = encodeBatch(
      batch[0]!.seq,
      batch.map(({ bytes }) => bytes),
      this.#previous,
      signer.signBytes,
    );
    disk.write(segment.fd!, frame, segment.bytes);
    await disk.datasync(segment.fd!);
    segment.addBatch(batch[0]!.seq, batch.length, frame.length);
    for (const { header, bytes } of batch) {
      segment.addUse(header.system ?? "", bytes.length);
      this.#pendingBytes -= bytes.length;
    }
    this.#previous = hash;
  }

  /** A segment opens with an empty batch that ties it to the one before. */
  #startSegment(): void {
    const { disk, directory, signer } = this.#options;
    const path = join(directory, segmentFile(this.#durableSeq));
    const segment = new Segment(path, this.#durableSeq);
    segment.fd = disk.open(path);
    const { frame, hash } = encodeBatch(this.#durableSeq, [], this.#previous, signer.signBytes);
    try {
      disk.truncate(segment.fd, 0);
      disk.write(segment.fd, frame, 0);
      disk.syncDirectory(directory);
    } catch (error) {
      disk.close(segment.fd);
      throw error;
    }
    segment.addBatch(this.#durableSeq, 0, frame.length);
    this.#segments.push(segment);
    this.#previous = hash;
  }

  /**
   * After a failed write or flush nobody knows what reached the disk (a later fsync may report success for pages that
   * were dropped), so everything unconfirmed is refused and the segment is cut back before the next write.
   */
  #fail(cause: unknown, batch: readonly Pending[]): void {
    this.#failure = cause;
    this.#lastProbeMs = this.#options.monotonicMs();
    const refused = [...batch, ...this.#pending];
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#nextSeq = this.#durableSeq;
    for (const { header, bytes, reject } of refused) {
      this.#addSystemBytes(header.system ?? "", -bytes.length);
      if (header.type === "call.intent") this.#openedHere.delete(header.decision ?? "");
      else if (header.type === "call.outcome") this.#openedHere.add(header.decision ?? "");
      reject(evidenceUnavailable("journal write failed", cause));
    }
  }

  #probe(): void {
    const now = this.#options.monotonicMs();
    if (this.#probing || this.#closed || now - this.#lastProbeMs < probeIntervalMs) return;
    this.#probing = true;
    this.#lastProbeMs = now;
    void this.#tryDisk()
      .then(() => {
        this.#failure = undefined;
      })
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#probing = false;
      });
  }

  async #tryDisk(): Promise<void> {
    const { disk, outcomeReserveBytes } = this.#options;
    const segment = this.#segments.at(-1)!;
    // A fresh descriptor: an old one may have swallowed the error it should report.
    if (segment.fd !== undefined) disk.close(segment.fd);
    segment.fd = undefined;
    segment.fd = disk.open(segment.path);
    disk.truncate(segment.fd, segment.bytes);
    disk.write(segment.fd, Buffer.alloc(outcomeReserveBytes), segment.bytes);
    await disk.datasync(segment.fd);
    disk.truncate(segment.fd, segment.bytes);
    await disk.datasync(segment.fd);
  }

  #countUse(segment: Segment, sign: 1 | -1): void {
    for (const [system, bytes] of segment.use) this.#addSystemBytes(system, sign * bytes);
  }

  #addSystemBytes(system: string, bytes: number): void {
    const left = (this.#systemBytes.get(system) ?? 0) + bytes;
    if (left > 0) this.#systemBytes.set(system, left);
    else this.#systemBytes.delete(system);
  }

  #writeAcknowledged(): void {
    const path = join(this.#options.directory, acknowledgedFile);
    const state = JSON.stringify({ seq: this.#acknowledged, checkpointSize: this.#seen });
    writeFileSync(`${path}.new`, state, { flush: true, mode: 0o600 });
    renameSync(`${path}.new`, path);
    this.#options.disk.syncDirectory(this.#options.directory);
  }
}

const acknowledgedFile = "acknowledged.json";

function readAcknowledged(directory: string): { seq: number; checkpointSize: number } {
  try {
    const state = JSON.parse(readFileSync(join(directory, acknowledgedFile), "utf8")) as Record<string, unknown>;
    return { seq: Number(state.seq) || 0, checkpointSize: Number(state.checkpointSize) || 0 };
  } catch {
    return { seq: 0, checkpointSize: 0 };
  }
}
