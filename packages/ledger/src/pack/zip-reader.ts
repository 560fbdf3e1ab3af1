import { inflateRaw } from "#crypto";
import { fromUtf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { checksumBytes, checksumOf, endsWithChecksum } from "./zip-checksum.ts";

export interface ZipLimits {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
}

const defaultLimits: ZipLimits = { maxFiles: 8_000_000, maxFileBytes: 2 ** 31, maxTotalBytes: 2 ** 33 };

/** Text deflates some tenfold; an archive that promises far more is a bomb. */
const maxRatio = 200;
const ratioFloorBytes = 64 * 2 ** 20;

interface ZipEntry {
  readonly offset: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly isDeflated: boolean;
}

const bad = (why: string): LedgerError => new LedgerError("zip.unreadable", `not a readable archive: ${why}`);

/**
 * Reads a ZIP archive whose maker is not trusted. Sizes are bounded before anything is inflated, inflation stops at the
 * declared size, and whatever two readers could take differently (duplicate names, overlapping or renamed local
 * records, names that climb) is refused.
 */
export class ZipReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #entries = new Map<string, ZipEntry>();

  /** @throws LedgerError `zip.unreadable` */
  constructor(bytes: Uint8Array, limits: Partial<ZipLimits> = {}) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    try {
      this.#readDirectory({ ...defaultLimits, ...limits });
    } catch (error) {
      if (error instanceof RangeError) throw bad("record beyond the end");
      throw error;
    }
  }

  /** False when the archive states a checksum and its bytes have another. */
  get isAsWritten(): boolean {
    if (!endsWithChecksum(this.#bytes)) return true;
    const at = this.#bytes.length - checksumBytes;
    return fromUtf8(checksumOf(this.#bytes.subarray(0, at))) === fromUtf8(this.#bytes.subarray(at));
  }

  get paths(): IterableIterator<string> {
    return this.#entries.keys();
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  /** Content; undefined when absent or when it doesn't inflate to its declared size. Stored files are views. */
  read(path: string): Uint8Array | undefined {
    const entry = this.#entries.get(path);
    if (entry === undefined) return undefined;
    const data = this.#bytes.subarray(entry.offset, entry.offset + entry.packedBytes);
    return entry.isDeflated ? inflateRaw(data, entry.bytes) : data;
  }

  #u64(at: number): number {
    const value = Number(this.#view.getBigUint64(at, true));
    if (!Number.isSafeInteger(value)) throw bad("number beyond 2^53");
    return value;
  }

  #readDirectory(limits: ZipLimits): void {
    const view = this.#view;
    // Only an end record at the very end counts: a comment could carry a second directory for another reader. A checksum
    // is the one comment taken, and only where no end record stands without one.
    const bare = this.#bytes.length - 22;
    const end = bare >= 0 && view.getUint32(bare, true) === 0x06054b50 ? bare : bare - checksumBytes;
    if (end < 0 || view.getUint32(end, true) !== 0x06054b50) throw bad("no end record");
    if (view.getUint16(end + 20, true) !== bare - end) throw bad("a comment of another length");
    if (end !== bare && !endsWithChecksum(this.#bytes)) throw bad("a comment that is no checksum");
    let count = view.getUint16(end + 10, true);
    let size = view.getUint32(end + 12, true);
    let at = view.getUint32(end + 16, true);
    let limit = end;
    if (end >= 20 && view.getUint32(end - 20, true) === 0x07064b50) {
      const end64 = this.#u64(end - 12);
      if (view.getUint32(end64, true) !== 0x06064b50) throw bad("no ZIP64 end record");
      count = this.#u64(end64 + 32);
      size = this.#u64(end64 + 40);
      at = this.#u64(end64 + 48);
      limit = end64;
    }
    if (at + size !== limit) throw bad("directory does not end where it should");
    if (count > limits.maxFiles || count * 46 > size) throw bad("too many files");
    const maxTotal = Math.min(limits.maxTotalBytes, Math.max(ratioFloorBytes, maxRatio * this.#bytes.length));
    const spans: [number, number][] = [];
    let total = 0;
    for (let i = 0; i < count; i++) {
      const record = this.#readRecord(at, limit);
      at = record.next;
      total += record.entry.bytes;
      if (record.entry.bytes > limits.maxFileBytes || total > maxTotal) throw bad("expands beyond the limit");
      spans.push([record.localStart, record.entry.offset + record.entry.packedBytes]);
      if (record.path.endsWith("/") && record.entry.bytes === 0) continue;
      if (!isSafePath(record.path)) throw bad("unsafe file name");
      if (this.#entries.has(record.path)) throw bad("a file name stands twice");
      this.#entries.set(record.path, record.entry);
    }
    if (at !== limit) throw bad("directory holds more than it says");
    // Overlapping records are how a small archive expands quadratically (D. Fifield, "A better zip bomb").
    spans.sort((a, b) => a[0] - b[0]);
    for (let i = 1; i < spans.length; i++) if (spans[i - 1]![1] > spans[i]![0]) throw bad("records overlap");
  }

  #readRecord(at: number, limit: number): { path: string; entry: ZipEntry; localStart: number; next: number } {
    const view = this.#view;
    if (at + 46 > limit || view.getUint32(at, true) !== 0x02014b50) throw bad("broken directory record");
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    if ((flags & 1) !== 0 || (method !== 0 && method !== 8)) throw bad("encrypted or unknown compression");
    let packedBytes = view.getUint32(at + 20, true);
    let bytes = view.getUint32(at + 24, true);
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const commentBytes = view.getUint16(at + 32, true);
    let localStart = view.getUint32(at + 42, true);
    const nameAt = at + 46;
    const next = nameAt + nameBytes + extraBytes + commentBytes;
    if (next > limit) throw bad("broken directory record");
    let extra = nameAt + nameBytes;
    const extraEnd = extra + extraBytes;
    while (extra + 4 <= extraEnd) {
      const length = view.getUint16(extra + 2, true);
      if (view.getUint16(extra, true) === 1 && extra + 4 + length <= extraEnd) {
        let field = extra + 4;
        const take = (value: number): number => {
          if (value !== 0xffffffff) return value;
          if (field + 8 > extra + 4 + length) throw bad("short ZIP64 field");
          field += 8;
          return this.#u64(field - 8);
        };
        bytes = take(bytes);
        packedBytes = take(packedBytes);
        localStart = take(localStart);
      }
      extra += 4 + length;
    }
    if (method === 0 && packedBytes !== bytes) throw bad("stored file of two sizes");
    if (localStart + 30 > limit || view.getUint32(localStart, true) !== 0x04034b50) throw bad("no local record");
    const offset = localStart + 30 + view.getUint16(localStart + 26, true) + view.getUint16(localStart + 28, true);
    if (offset + packedBytes > limit) throw bad("file beyond the end");
    if (view.getUint16(localStart + 26, true) !== nameBytes) throw bad("renamed local record");
    for (let i = 0; i < nameBytes; i++) {
      if (this.#bytes[nameAt + i] !== this.#bytes[localStart + 30 + i]) throw bad("renamed local record");
    }
    const path = fromUtf8(this.#bytes.subarray(nameAt, nameAt + nameBytes));
    return { path, entry: { offset, packedBytes, bytes, isDeflated: method === 8 }, localStart, next };
  }
}

function isSafePath(path: string): boolean {
  if (path.length === 0 || path.length > 512 || /[\u0000-\u001f\\:]/.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
