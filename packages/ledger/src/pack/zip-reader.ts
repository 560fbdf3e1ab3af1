import { hasher, inflateChunks, inflateRaw } from "#crypto";
import { equalBytes, fromUtf8, utf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import type { ByteSource } from "./byte-source.ts";
import { memorySource, sourceParts, sourceViews, WindowedSource } from "./byte-source.ts";
import { checksumBytes, endsWithChecksum } from "./zip-checksum.ts";
import { NameIndex } from "./zip-index.ts";

export interface ZipLimits {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
}

const defaultLimits: ZipLimits = { maxFiles: 8_000_000, maxFileBytes: 2 ** 33, maxTotalBytes: 2 ** 36 };

/** Text deflates some tenfold; an archive that promises far more is a bomb. */
const maxRatio = 200;
const ratioFloorBytes = 64 * 2 ** 20;

/** What is read in one piece; larger files come in parts. */
const maxWholeBytes = 2 ** 28;

interface ZipRecord {
  readonly nameAt: number;
  readonly nameBytes: number;
  readonly localStart: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly isDeflated: boolean;
  readonly next: number;
}

const bad = (why: string): LedgerError => new LedgerError("zip.unreadable", `not a readable archive: ${why}`);

/**
 * Reads a ZIP archive whose maker is not trusted, without holding it. Sizes are bounded before anything is inflated,
 * inflation stops at the declared size, and whatever two readers could take differently (duplicate names, overlapping or
 * renamed local records, names that climb) is refused.
 */
export class ZipReader {
  readonly #source: ByteSource;
  /** Directory and content are each walked forwards, so each has its own window. */
  readonly #directory: WindowedSource;
  readonly #content: WindowedSource;
  #names = new NameIndex(0);
  /** Where each file's record stands in the directory. */
  #records = new Float64Array(0);
  #limit = 0;

  /** @throws LedgerError `zip.unreadable` */
  constructor(archive: Uint8Array | ByteSource, limits: Partial<ZipLimits> = {}) {
    this.#source = archive instanceof Uint8Array ? memorySource(archive) : archive;
    this.#directory = new WindowedSource(this.#source);
    this.#content = new WindowedSource(this.#source);
    try {
      this.#readDirectory({ ...defaultLimits, ...limits });
    } catch (error) {
      if (error instanceof RangeError) throw bad("record beyond the end");
      throw error;
    }
  }

  /** False when the archive states a checksum and its bytes have another. Reads all of it once. */
  get isAsWritten(): boolean {
    const { size } = this.#source;
    const tail = new Uint8Array(Math.min(size, checksumBytes));
    this.#source.read(size - tail.length, tail);
    if (!endsWithChecksum(tail)) return true;
    const running = hasher();
    for (const part of sourceViews(this.#source, 0, size - checksumBytes)) running.update(part);
    return `sha256:${running.hex()}` === fromUtf8(tail);
  }

  get count(): number {
    return this.#names.count;
  }

  get paths(): IterableIterator<string> {
    return this.pathsBelow("");
  }

  /** Names that begin with `prefix`, in the directory's order. */
  *pathsBelow(prefix: string): IterableIterator<string> {
    const start = utf8(prefix);
    for (let file = 0; file < this.count; file++) {
      const name = this.#nameOf(file);
      if (name.length >= start.length && equalBytes(name.subarray(0, start.length), start)) yield fromUtf8(name);
    }
  }

  has(path: string): boolean {
    return this.fileOf(path) >= 0;
  }

  /** Number of a file, 0 to `count` - 1; -1 when absent. */
  fileOf(path: string): number {
    const name = utf8(path);
    return this.#names.find(name, (file) => equalBytes(this.#nameOf(file), name));
  }

  pathOf(file: number): string {
    return fromUtf8(this.#nameOf(file));
  }

  /** Declared size of a file's content. */
  sizeOf(file: number): number {
    return this.#record(this.#records[file]!, this.#limit).bytes;
  }

  /** Content; undefined when absent, too large for one piece, or when it doesn't inflate to its declared size. */
  read(path: string): Uint8Array | undefined {
    const file = this.fileOf(path);
    if (file < 0) return undefined;
    const { bytes, packedBytes, isDeflated, ...record } = this.#record(this.#records[file]!, this.#limit);
    if (bytes > maxWholeBytes || packedBytes > maxWholeBytes) return undefined;
    const packed = this.#content.view(this.#offsetOf(record), packedBytes);
    return isDeflated ? inflateRaw(packed, bytes) : packed.slice();
  }

  /** Content in parts. Throws LedgerError `zip.unreadable` where it isn't what the directory declares. */
  async *stream(file: number): AsyncGenerator<Uint8Array> {
    const { bytes, packedBytes, isDeflated, ...record } = this.#record(this.#records[file]!, this.#limit);
    const from = this.#offsetOf(record);
    const packed = sourceParts(this.#source, from, from + packedBytes);
    if (!isDeflated) {
      yield* packed;
      return;
    }
    let left = bytes;
    try {
      for await (const part of inflateChunks(packed)) {
        left -= part.length;
        if (left < 0) break;
        yield part;
      }
    } catch {
      throw bad("a file can't be unpacked");
    }
    if (left !== 0) throw bad("a file has another size than it says");
  }

  /** A view that holds until the next name is read. */
  #nameOf(file: number): Uint8Array {
    const at = this.#records[file]!;
    const head = this.#directory.view(at, 46);
    const nameBytes = head[28]! | (head[29]! << 8);
    return this.#directory.view(at + 46, nameBytes);
  }

  #u64(view: DataView, at: number): number {
    const value = Number(view.getBigUint64(at, true));
    if (!Number.isSafeInteger(value)) throw bad("number beyond 2^53");
    return value;
  }

  #readDirectory(limits: ZipLimits): void {
    const { at: start, size, count, limit } = this.#readEnd();
    if (start + size !== limit) throw bad("directory does not end where it should");
    if (count > limits.maxFiles || count * 46 > size) throw bad("too many files");
    const maxTotal = Math.min(limits.maxTotalBytes, Math.max(ratioFloorBytes, maxRatio * this.#source.size));
    this.#limit = limit;
    this.#names = new NameIndex(count);
    this.#records = new Float64Array(count);
    const starts = new Float64Array(count);
    const ends = new Float64Array(count);
    let at = start;
    let total = 0;
    for (let i = 0; i < count; i++) {
      const record = this.#record(at, limit);
      total += record.bytes;
      if (record.bytes > limits.maxFileBytes || total > maxTotal) throw bad("expands beyond the limit");
      const name = this.#directory.view(record.nameAt, record.nameBytes).slice();
      starts[i] = record.localStart;
      ends[i] = this.#checkLocal(record, name, limit) + record.packedBytes;
      if (ends[i]! > limit) throw bad("file beyond the end");
      this.#addName(at, name, record.bytes);
      at = record.next;
    }
    if (at !== limit) throw bad("directory holds more than it says");
    // Overlapping records are how a small archive expands quadratically (D. Fifield, "A better zip bomb"). Spans are apart
    // exactly when each start, in order, lies at or behind the end of the same rank before it.
    starts.sort();
    ends.sort();
    for (let i = 1; i < count; i++) if (ends[i - 1]! > starts[i]!) throw bad("records overlap");
  }

  #addName(at: number, name: Uint8Array, bytes: number): void {
    const path = fromUtf8(name);
    if (path.endsWith("/") && bytes === 0) return;
    if (!isSafePath(path)) throw bad("unsafe file name");
    if (this.#names.find(name, (file) => equalBytes(this.#nameOf(file), name)) >= 0) throw bad("a file name stands twice");
    this.#records[this.#names.count] = at;
    this.#names.add(name);
  }

  #readEnd(): { at: number; size: number; count: number; limit: number } {
    // Only an end record at the very end counts: a comment could carry a second directory for another reader. A checksum
    // is the one comment taken, and only where no end record stands without one.
    const tail = new Uint8Array(Math.min(this.#source.size, 22 + checksumBytes + 20));
    const base = this.#source.size - tail.length;
    this.#source.read(base, tail);
    const view = new DataView(tail.buffer);
    const bare = tail.length - 22;
    const end = bare >= 0 && view.getUint32(bare, true) === 0x06054b50 ? bare : bare - checksumBytes;
    if (end < 0 || view.getUint32(end, true) !== 0x06054b50) throw bad("no end record");
    if (view.getUint16(end + 20, true) !== bare - end) throw bad("a comment of another length");
    if (end !== bare && !endsWithChecksum(tail)) throw bad("a comment that is no checksum");
    const count = view.getUint16(end + 10, true);
    const size = view.getUint32(end + 12, true);
    const at = view.getUint32(end + 16, true);
    if (end < 20 || view.getUint32(end - 20, true) !== 0x07064b50) return { at, size, count, limit: base + end };
    const end64 = this.#u64(view, end - 12);
    const record = new Uint8Array(56);
    this.#source.read(end64, record);
    const far = new DataView(record.buffer);
    if (far.getUint32(0, true) !== 0x06064b50) throw bad("no ZIP64 end record");
    return { at: this.#u64(far, 48), size: this.#u64(far, 40), count: this.#u64(far, 32), limit: end64 };
  }

  #record(at: number, limit: number): ZipRecord {
    if (at + 46 > limit) throw bad("broken directory record");
    const head = this.#directory.view(at, 46);
    let view = new DataView(head.buffer, head.byteOffset, head.length);
    if (view.getUint32(0, true) !== 0x02014b50) throw bad("broken directory record");
    const flags = view.getUint16(8, true);
    const method = view.getUint16(10, true);
    if ((flags & 1) !== 0 || (method !== 0 && method !== 8)) throw bad("encrypted or unknown compression");
    let packedBytes = view.getUint32(20, true);
    let bytes = view.getUint32(24, true);
    const nameBytes = view.getUint16(28, true);
    const extraBytes = view.getUint16(30, true);
    const next = at + 46 + nameBytes + extraBytes + view.getUint16(32, true);
    let localStart = view.getUint32(42, true);
    if (next > limit) throw bad("broken directory record");
    if (extraBytes > 0) {
      const extra = this.#directory.view(at + 46 + nameBytes, extraBytes);
      view = new DataView(extra.buffer, extra.byteOffset, extra.length);
      for (let field = 0; field + 4 <= extraBytes; ) {
        const end = field + 4 + view.getUint16(field + 2, true);
        if (view.getUint16(field, true) === 1 && end <= extraBytes) {
          let value = field + 4;
          const take = (short: number): number => {
            if (short !== 0xffffffff) return short;
            if (value + 8 > end) throw bad("short ZIP64 field");
            value += 8;
            return this.#u64(view, value - 8);
          };
          bytes = take(bytes);
          packedBytes = take(packedBytes);
          localStart = take(localStart);
        }
        field = end;
      }
    }
    if (method === 0 && packedBytes !== bytes) throw bad("stored file of two sizes");
    return { nameAt: at + 46, nameBytes, localStart, packedBytes, bytes, isDeflated: method === 8, next };
  }

  /** Returns where the content begins. */
  #checkLocal({ localStart, nameBytes }: ZipRecord, name: Uint8Array, limit: number): number {
    if (localStart + 30 + nameBytes > limit) throw bad("no local record");
    const local = this.#content.view(localStart, 30 + nameBytes);
    const view = new DataView(local.buffer, local.byteOffset, local.length);
    if (view.getUint32(0, true) !== 0x04034b50) throw bad("no local record");
    if (view.getUint16(26, true) !== nameBytes || !equalBytes(local.subarray(30), name)) throw bad("renamed local record");
    return localStart + 30 + nameBytes + view.getUint16(28, true);
  }

  #offsetOf({ localStart }: { readonly localStart: number }): number {
    const local = this.#content.view(localStart, 30);
    return localStart + 30 + (local[26]! | (local[27]! << 8)) + (local[28]! | (local[29]! << 8));
  }
}

function isSafePath(path: string): boolean {
  if (path.length === 0 || path.length > 512 || /[\u0000-\u001f\\:]/.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
