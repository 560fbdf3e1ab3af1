import { crc32, deflatePart, deflateRaw, hasher } from "#crypto";
import { concatBytes, utf8 } from "../encoding.ts";
import { checksumBytes } from "./zip-checksum.ts";

/** 1980-01-01, DOS date: a fixed time keeps packs of the same content byte for byte the same. */
const dosDate = 0x21;
const zip64Marker = 0xffffffff;

/** Takes the archive's next bytes; a promise holds the writer back. */
export type ByteSink = (bytes: Uint8Array) => void | Promise<void>;

/** What stands between the writer and its sink before `drain` hands it over. */
const drainBytes = 1 << 20;

/**
 * Writes a ZIP archive (APPNOTE 6.3) front to back, ZIP64 where counts, sizes or offsets need it: a pack has a file for
 * each entry, and fflate's writer wraps around silently beyond 65,535 files. Only the directory stays in memory.
 */
export class ZipWriter {
  readonly #sink: ByteSink;
  readonly #directory = new ByteList();
  readonly #hasher = hasher();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #offset = 0;
  #count = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** `compress` false stores as is, for hashes and ciphertext. */
  add(path: string, bytes: Uint8Array, compress: boolean): void {
    const packed = compress ? deflateRaw(bytes) : bytes;
    const isDeflated = compress && packed.length < bytes.length;
    this.#file(path, { crc: crc32(bytes), bytes: bytes.length, isDeflated, packed: [isDeflated ? packed : bytes] });
  }

  addDeflated(path: string, text: DeflatedText): void {
    this.#file(path, { ...text.finish(), isDeflated: true });
  }

  /** Hands over what has gathered; to be awaited between files, so that a slow reader slows the writer. */
  async drain(): Promise<void> {
    if (this.#pendingBytes >= drainBytes) await this.#flush();
  }

  /** Writes the directory and the archive's checksum. */
  async finish(): Promise<void> {
    const start = this.#offset;
    const directoryBytes = this.#directory.size;
    for (const part of this.#directory.parts()) {
      this.#push(part);
      await this.drain();
    }
    const needs64 = this.#count >= 0xffff || start >= zip64Marker || directoryBytes >= zip64Marker;
    const end64 = new DataView(new ArrayBuffer(needs64 ? 76 : 0));
    if (needs64) {
      end64.setUint32(0, 0x06064b50, true);
      end64.setBigUint64(4, 44n, true);
      end64.setUint16(12, 45, true);
      end64.setUint16(14, 45, true);
      end64.setBigUint64(24, BigInt(this.#count), true);
      end64.setBigUint64(32, BigInt(this.#count), true);
      end64.setBigUint64(40, BigInt(directoryBytes), true);
      end64.setBigUint64(48, BigInt(start), true);
      end64.setUint32(56, 0x07064b50, true);
      end64.setBigUint64(64, BigInt(start + directoryBytes), true);
      end64.setUint32(72, 1, true);
    }
    const end = new DataView(new ArrayBuffer(22));
    end.setUint32(0, 0x06054b50, true);
    end.setUint16(8, Math.min(this.#count, 0xffff), true);
    end.setUint16(10, Math.min(this.#count, 0xffff), true);
    end.setUint32(12, Math.min(directoryBytes, zip64Marker), true);
    end.setUint32(16, Math.min(start, zip64Marker), true);
    end.setUint16(20, checksumBytes, true);
    this.#push(new Uint8Array(end64.buffer));
    this.#push(new Uint8Array(end.buffer));
    this.#pending.push(utf8(`sha256:${this.#hasher.hex()}`));
    await this.#flush();
  }

  #file(
    path: string,
    { crc, bytes, isDeflated, packed }: { crc: number; bytes: number; isDeflated: boolean; packed: readonly Uint8Array[] },
  ): void {
    const name = utf8(path);
    const packedBytes = packed.reduce((sum, part) => sum + part.length, 0);
    const isLarge = bytes >= zip64Marker || packedBytes >= zip64Marker;
    const isFar = this.#offset >= zip64Marker;
    const sizes = isLarge ? [bytes, packedBytes] : [];
    const localExtra = zip64Field(sizes);
    const extra = zip64Field(isFar ? [...sizes, this.#offset] : sizes);
    const common = new DataView(new ArrayBuffer(26));
    common.setUint16(0, 45, true);
    // Bit 11: the name is UTF-8.
    common.setUint16(2, 0x0800, true);
    common.setUint16(4, isDeflated ? 8 : 0, true);
    common.setUint16(8, dosDate, true);
    common.setUint32(10, crc, true);
    common.setUint32(14, isLarge ? zip64Marker : packedBytes, true);
    common.setUint32(18, isLarge ? zip64Marker : bytes, true);
    common.setUint16(22, name.length, true);
    common.setUint16(24, localExtra.length, true);
    const local = concatBytes(Uint8Array.of(0x50, 0x4b, 3, 4), new Uint8Array(common.buffer), name, localExtra);
    common.setUint16(24, extra.length, true);
    const tail = new DataView(new ArrayBuffer(14));
    tail.setUint32(10, isFar ? zip64Marker : this.#offset, true);
    this.#directory.push(
      Uint8Array.of(0x50, 0x4b, 1, 2, 45, 0),
      new Uint8Array(common.buffer),
      new Uint8Array(tail.buffer),
      name,
      extra,
    );
    this.#count++;
    this.#push(local);
    for (const part of packed) this.#push(part);
  }

  #push(bytes: Uint8Array): void {
    this.#hasher.update(bytes);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#offset += bytes.length;
  }

  async #flush(): Promise<void> {
    const bytes = joined(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    await this.#sink(bytes);
  }
}

/** Of any number of parts: a call with as many arguments would not fit the stack. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function zip64Field(values: readonly number[]): Uint8Array {
  if (values.length === 0) return new Uint8Array(0);
  const field = new DataView(new ArrayBuffer(4 + 8 * values.length));
  field.setUint16(0, 1, true);
  field.setUint16(2, 8 * values.length, true);
  values.forEach((value, at) => field.setBigUint64(4 + 8 * at, BigInt(value), true));
  return new Uint8Array(field.buffer);
}

/** Archive in memory, for small ones. */
export async function zipBytes(write: (zip: ZipWriter) => void | Promise<void>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const zip = new ZipWriter((bytes) => void parts.push(bytes));
  await write(zip);
  await zip.finish();
  return joined(parts);
}

const blockBytes = 256 * 1024;

/** Small byte strings side by side in large blocks: a million buffers cost more than what they hold. */
class ByteList {
  readonly #full: Uint8Array[] = [];
  #block = new Uint8Array(blockBytes);
  #used = 0;
  size = 0;

  push(...parts: readonly Uint8Array[]): void {
    for (let part of parts) {
      this.size += part.length;
      while (part.length > 0) {
        const taken = part.subarray(0, blockBytes - this.#used);
        this.#block.set(taken, this.#used);
        this.#used += taken.length;
        part = part.subarray(taken.length);
        if (this.#used < blockBytes) continue;
        this.#full.push(this.#block);
        this.#block = new Uint8Array(blockBytes);
        this.#used = 0;
      }
    }
  }

  *parts(): Generator<Uint8Array> {
    yield* this.#full;
    if (this.#used > 0) yield this.#block.subarray(0, this.#used);
  }
}

/** A long text that is deflated and hashed as it comes. */
export class DeflatedText {
  readonly #packed: Uint8Array[] = [];
  readonly #hasher = hasher();
  readonly #block = new Uint8Array(blockBytes);
  #used = 0;
  #crc = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes + this.#used;
  }

  push(...parts: readonly Uint8Array[]): void {
    for (let part of parts) {
      while (part.length > 0) {
        const taken = part.subarray(0, blockBytes - this.#used);
        this.#block.set(taken, this.#used);
        this.#used += taken.length;
        part = part.subarray(taken.length);
        if (this.#used === blockBytes) this.#deflate(false);
      }
    }
  }

  /** Lower-case hex of the whole text; nothing can be added afterwards. */
  sha256(): string {
    this.#deflate(true);
    return this.#hasher.hex();
  }

  finish(): { crc: number; bytes: number; packed: readonly Uint8Array[] } {
    return { crc: this.#crc, bytes: this.#bytes, packed: this.#packed };
  }

  #deflate(isLast: boolean): void {
    const part = this.#block.subarray(0, this.#used);
    this.#hasher.update(part);
    this.#crc = crc32(part, this.#crc);
    this.#bytes += part.length;
    this.#packed.push(deflatePart(part, isLast));
    this.#used = 0;
  }
}
