import { mkdirSync } from "node:fs";
import type { EntryHeader, EntryRef } from "@mandate/model";
import { verifyEd25519 } from "@mandate/ledger/node";
import type { JournalReader, JournalRecord } from "../evidence-sink.ts";
import { evidenceUnavailable } from "./errors.ts";
import type { JournalDisk } from "./journal-disk.ts";
import { nodeDisk } from "./journal-disk.ts";
import { JournalFiles, readAcknowledged, writeAcknowledged } from "./journal-files.ts";
import { decodeRecords, encodeRecord, maxBatchBytes } from "./journal-frame.ts";
import { lockJournal } from "./journal-lock.ts";
import { recoverJournal } from "./journal-recovery.ts";
import { dropCarried, markOrigin } from "./journal-succession.ts";
import type { Segment } from "./journal-segment.ts";
import type { OpenCall, OpenCalls } from "./open-calls.ts";

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
 * Each flush costs its CPU whatever it carries. Once this many came together, more are on their way: the next batch gives
 * them a moment, so that a busy gateway flushes seldom and an idle one never waits.
 */
const busyBatch = 3;
const gatherMs = 1;

/**
 * The gateway's durable, append-only journal. One batch is written and flushed at a time while the next one fills.
 */
export class Journal implements JournalReader {
  readonly origin: string;
  readonly writerKey: string;
  /** Bytes that a start found torn and cut off. */
  readonly tornBytes: number;
  readonly #options: Required<JournalOptions>;
  readonly #files: JournalFiles;
  readonly #unlock: () => void;
  readonly #openCalls: OpenCalls;
  readonly #openedHere = new Set<string>();
  readonly #systemBytes = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #durableSeq: number;
  #nextSeq: number;
  #acknowledged: number;
  #seen: number;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #flushing: Promise<void> | undefined;
  #failure: unknown;
  #turning = false;
  #probing = false;
  #lastProbeMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** Recovers what the directory holds. @throws AppError `journal.broken` when the chain is damaged before its
   * end or the directory is another log's, `journal.in_use` while another process writes it */
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
    this.#unlock = lockJournal(options.directory);
    try {
      markOrigin(options.directory, this.origin);
      const acknowledged = readAcknowledged(options.directory);
      const { publicKey, signBytes: sign } = options.signer;
      const recovered = recoverJournal(options.directory, acknowledged.seq, (message, signature) =>
        verifyEd25519(publicKey, message, signature),
      );
      const { directory, disk, segmentBytes } = this.#options;
      this.#files = new JournalFiles({ directory, disk, sign, segmentBytes }, recovered);
      this.#acknowledged = acknowledged.seq;
      this.#seen = acknowledged.checkpointSize;
      this.#openCalls = recovered.openCalls;
      this.#durableSeq = recovered.nextSeq;
      this.#nextSeq = recovered.nextSeq;
      this.tornBytes = recovered.tornBytes;
    } catch (error) {
      this.#unlock();
      throw error;
    }
    for (const segment of this.#files.segments) this.#countUse(segment, 1);
    // Calls of the log before run on: their outcomes get room here, as if they had begun here.
    for (const { header, seq } of this.#openCalls.all()) if (seq < 0) this.#openedHere.add(header.decision!);
  }

  /** Calls whose intent is durable and whose outcome isn't; after a start: what the last run left open. */
  openCalls(): readonly OpenCall[] {
    return this.#openCalls.all();
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
      const batch = await this.#files.readBatch(seq);
      for (const record of decodeRecords(batch.body, batch.firstSeq)) {
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
    const oldestOpen = this.#openCalls.oldest();
    // One with an open call's intent stays, or a start after a crash would not know that the call needs closing.
    const isDone = (segment: Segment): boolean => segment.endSeq <= this.#acknowledged && segment.endSeq <= oldestOpen;
    if (!this.#files.canDrop(isDone)) return;
    // Before the outcomes of carried calls can go with a segment: else a start would close those calls a second time.
    dropCarried(this.#options.directory, this.#options.disk);
    this.#writeAcknowledged();
    for (const segment of this.#files.drop(isDone)) this.#countUse(segment, -1);
  }

  /**
   * Lets go of everything that is acknowledged, the newest segment included: what was erased in the store must not stay
   * readable here until the segment is full. Records that aren't in the store yet stay.
   */
  async shed(): Promise<void> {
    if (this.#closed || this.#failure !== undefined) return;
    this.#turning = true;
    this.#flushing ??= this.#flush();
    await this.#flushing;
    await this.acknowledge(this.#acknowledged, this.#seen);
  }

  onDurable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once nothing waits for the disk. Whoever asks holds appends off meanwhile. */
  async settled(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
  }

  /** Writes what is pending, then refuses. Once: a second closing would write into what took this directory's place. */
  async close(): Promise<void> {
    if (this.#closed) return await this.settled();
    this.#closed = true;
    await this.settled();
    this.#writeAcknowledged();
    this.#files.close();
    this.#unlock();
  }

  #usedBytes(): number {
    return this.#pendingBytes + this.#files.bytes;
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
    while ((this.#pending.length > 0 || this.#turning) && this.#failure === undefined) {
      if (this.#turning) await this.#turn();
      if (this.#pending.length === 0) continue;
      const batch = this.#takeBatch();
      try {
        await this.#write(batch);
      } catch (error) {
        this.#fail(error, batch);
        break;
      }
      this.#durableSeq = batch.at(-1)!.seq + 1;
      for (const { header, seq, resolve } of batch) {
        this.#openCalls.follow(header, seq);
        resolve({ log: this.origin, index: seq });
      }
      for (const listener of this.#listeners) listener();
      if (batch.length >= busyBatch && !this.#closed) await new Promise((resolve) => setTimeout(resolve, gatherMs));
    }
    this.#flushing = undefined;
  }

  /** Between two batches, so that no segment begins under a write. */
  async #turn(): Promise<void> {
    this.#turning = false;
    try {
      await this.#files.turn(this.#durableSeq);
    } catch (error) {
      this.#fail(error, []);
    }
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
    const segment = await this.#files.append(
      batch[0]!.seq,
      batch.map(({ bytes }) => bytes),
    );
    for (const { header, bytes } of batch) {
      segment.addUse(header.system ?? "", bytes.length);
      this.#pendingBytes -= bytes.length;
    }
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
    void this.#files
      .repair(this.#options.outcomeReserveBytes)
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

  #countUse(segment: Segment, sign: 1 | -1): void {
    for (const [system, bytes] of segment.use) this.#addSystemBytes(system, sign * bytes);
  }

  #addSystemBytes(system: string, bytes: number): void {
    const left = (this.#systemBytes.get(system) ?? 0) + bytes;
    if (left > 0) this.#systemBytes.set(system, left);
    else this.#systemBytes.delete(system);
  }

  #writeAcknowledged(): void {
    const { directory, disk } = this.#options;
    writeAcknowledged(directory, disk, { seq: this.#acknowledged, checkpointSize: this.#seen });
  }
}
