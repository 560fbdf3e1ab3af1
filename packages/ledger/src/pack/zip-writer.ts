import { crc32, deflateRaw } from "#crypto";
import { concatBytes, utf8 } from "../encoding.ts";
import { checksumBytes, checksumOf } from "./zip-checksum.ts";

/** 1980-01-01, DOS date: a fixed time keeps packs of the same content byte for byte the same. */
const dosDate = 0x21;
const zip64Marker = 0xffffffff;

/**
 * Writes a ZIP archive (APPNOTE 6.3), ZIP64 where counts or offsets need it: a pack has a file for each entry, and
 * fflate's writer wraps around silently beyond 65,535 files.
 */
export class ZipWriter {
  readonly #chunks: Uint8Array[] = [];
  readonly #directory: Uint8Array[] = [];
  #offset = 0;

  /** Files under 4 GiB. `compress` false stores as is, for hashes and ciphertext. */
  add(path: string, bytes: Uint8Array, compress: boolean): void {
    const name = utf8(path);
    const packed = compress ? deflateRaw(bytes) : bytes;
    const isDeflated = compress && packed.length < bytes.length;
    const data = isDeflated ? packed : bytes;
    const common = new DataView(new ArrayBuffer(26));
    common.setUint16(0, 45, true);
    // Bit 11: the name is UTF-8.
    common.setUint16(2, 0x0800, true);
    common.setUint16(4, isDeflated ? 8 : 0, true);
    common.setUint16(8, dosDate, true);
    common.setUint32(10, crc32(bytes), true);
    common.setUint32(14, data.length, true);
    common.setUint32(18, bytes.length, true);
    common.setUint16(22, name.length, true);
    const local = concatBytes(Uint8Array.of(0x50, 0x4b, 3, 4), new Uint8Array(common.buffer), name);
    const isFar = this.#offset >= zip64Marker;
    common.setUint16(24, isFar ? 12 : 0, true);
    const tail = new DataView(new ArrayBuffer(14));
    tail.setUint32(10, isFar ? zip64Marker : this.#offset, true);
    const far = new DataView(new ArrayBuffer(isFar ? 12 : 0));
    if (isFar) {
      far.setUint16(0, 1, true);
      far.setUint16(2, 8, true);
      far.setBigUint64(4, BigInt(this.#offset), true);
    }
    this.#directory.push(
      concatBytes(
        Uint8Array.of(0x50, 0x4b, 1, 2, 45, 0),
        new Uint8Array(common.buffer),
        new Uint8Array(tail.buffer),
        name,
        new Uint8Array(far.buffer),
      ),
    );
    this.#chunks.push(local, data);
    this.#offset += local.length + data.length;
  }

  finish(): Uint8Array {
    const count = this.#directory.length;
    let directoryBytes = 0;
    for (const record of this.#directory) directoryBytes += record.length;
    const start = this.#offset;
    const needs64 = count >= 0xffff || start >= zip64Marker || directoryBytes >= zip64Marker;
    const end64 = new DataView(new ArrayBuffer(needs64 ? 76 : 0));
    if (needs64) {
      end64.setUint32(0, 0x06064b50, true);
      end64.setBigUint64(4, 44n, true);
      end64.setUint16(12, 45, true);
      end64.setUint16(14, 45, true);
      end64.setBigUint64(24, BigInt(count), true);
      end64.setBigUint64(32, BigInt(count), true);
      end64.setBigUint64(40, BigInt(directoryBytes), true);
      end64.setBigUint64(48, BigInt(start), true);
      end64.setUint32(56, 0x07064b50, true);
      end64.setBigUint64(64, BigInt(start + directoryBytes), true);
      end64.setUint32(72, 1, true);
    }
    const end = new DataView(new ArrayBuffer(22));
    end.setUint32(0, 0x06054b50, true);
    end.setUint16(8, Math.min(count, 0xffff), true);
    end.setUint16(10, Math.min(count, 0xffff), true);
    end.setUint32(12, Math.min(directoryBytes, zip64Marker), true);
    end.setUint32(16, Math.min(start, zip64Marker), true);
    end.setUint16(20, checksumBytes, true);
    const whole = new Uint8Array(start + directoryBytes + end64.byteLength + end.byteLength + checksumBytes);
    let at = 0;
    for (const part of [this.#chunks, this.#directory, [new Uint8Array(end64.buffer), new Uint8Array(end.buffer)]]) {
      for (const chunk of part) {
        whole.set(chunk, at);
        at += chunk.length;
      }
    }
    whole.set(checksumOf(whole.subarray(0, at)), at);
    return whole;
  }
}
