import { hash } from "node:crypto";
import type { JournalRecord, SealedRecord } from "../evidence-sink.ts";

/** `MJB1`. */
const magic = 0x4d4a4231;
const hashBytes = 32;
const signatureBytes = 64;
/** magic, body bytes, record count, first seq, hash of the previous batch, hash of the body; then the signature. */
const signedBytes = 4 + 4 + 4 + 8 + hashBytes + hashBytes;
export const frameHeaderBytes = signedBytes + signatureBytes;

/** A batch can't be larger; a header that says so is damage. */
export const maxBatchBytes = 256 * 1024 * 1024;

export interface BatchHeader {
  readonly firstSeq: number;
  readonly count: number;
  readonly bodyBytes: number;
  readonly previous: Uint8Array;
  readonly bodyHash: Uint8Array;
  /** SHA-256 of the header, signature included: what the next batch names as `previous`. */
  readonly hash: Uint8Array;
}

export type Sign = (message: Uint8Array) => Uint8Array;
export type Verify = (message: Uint8Array, signature: Uint8Array) => boolean;

function sha256(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}

/** One batch as it stands on disk: signed header, then the records. */
export function encodeBatch(
  firstSeq: number,
  records: readonly Uint8Array[],
  previous: Uint8Array,
  sign: Sign,
): { readonly frame: Buffer; readonly hash: Uint8Array } {
  let bodyBytes = 0;
  for (const record of records) bodyBytes += record.length;
  const frame = Buffer.allocUnsafe(frameHeaderBytes + bodyBytes);
  let at = frameHeaderBytes;
  for (const record of records) {
    frame.set(record, at);
    at += record.length;
  }
  frame.writeUInt32BE(magic, 0);
  frame.writeUInt32BE(bodyBytes, 4);
  frame.writeUInt32BE(records.length, 8);
  frame.writeBigUInt64BE(BigInt(firstSeq), 12);
  frame.set(previous, 20);
  frame.set(sha256(frame.subarray(frameHeaderBytes)), 52);
  const signed = frame.subarray(0, signedBytes);
  frame.set(sign(signed), signedBytes);
  return { frame, hash: sha256(frame.subarray(0, frameHeaderBytes)) };
}

/**
 * The header at `at`, or undefined when there is none. The body is not looked at, nor the signature: each header names
 * the hash of the one before, so checking a segment's last signature checks them all.
 */
export function readBatchHeader(bytes: Buffer, at: number): BatchHeader | undefined {
  if (at + frameHeaderBytes > bytes.length || bytes.readUInt32BE(at) !== magic) return undefined;
  const bodyBytes = bytes.readUInt32BE(at + 4);
  if (bodyBytes > maxBatchBytes) return undefined;
  return {
    firstSeq: Number(bytes.readBigUInt64BE(at + 12)),
    count: bytes.readUInt32BE(at + 8),
    bodyBytes,
    previous: Buffer.from(bytes.subarray(at + 20, at + 52)),
    bodyHash: Buffer.from(bytes.subarray(at + 52, at + 84)),
    hash: sha256(bytes.subarray(at, at + frameHeaderBytes)),
  };
}

export function isSignedHeader(bytes: Buffer, at: number, verify: Verify): boolean {
  return verify(bytes.subarray(at, at + signedBytes), bytes.subarray(at + signedBytes, at + frameHeaderBytes));
}

/** True when the bytes after the header are whole and the ones that were signed. */
export function hasWholeBody(bytes: Buffer, at: number, header: BatchHeader): boolean {
  const body = bytes.subarray(at + frameHeaderBytes, at + frameHeaderBytes + header.bodyBytes);
  return body.length === header.bodyBytes && sha256(body).equals(header.bodyHash);
}

/** Length-prefixed record; `seq` is not stored, it follows from the batch. */
export function encodeRecord(record: Omit<JournalRecord, "seq">): Buffer {
  const summary = Buffer.from(JSON.stringify(record.summary));
  let length = 4 + 4 + record.leaf.length + 4 + summary.length + 4;
  for (const sealed of record.sealed) {
    length += hashBytes + 2 + Buffer.byteLength(sealed.kid) + 2 + sealed.wrapped.length + 4 + sealed.bytes.length;
  }
  const out = Buffer.allocUnsafe(length);
  let at = out.writeUInt32BE(length - 4, 0);
  at = putBytes(out, at, record.leaf);
  at = putBytes(out, at, summary);
  at = out.writeUInt32BE(record.sealed.length, at);
  for (const sealed of record.sealed) {
    at += out.write(sealed.ct, at, "hex");
    const kidBytes = Buffer.byteLength(sealed.kid);
    at = out.writeUInt16BE(kidBytes, at);
    at += out.write(sealed.kid, at);
    at = out.writeUInt16BE(sealed.wrapped.length, at);
    out.set(sealed.wrapped, at);
    at += sealed.wrapped.length;
    at = putBytes(out, at, sealed.bytes);
  }
  return out;
}

function putBytes(out: Buffer, at: number, bytes: Uint8Array): number {
  const start = out.writeUInt32BE(bytes.length, at);
  out.set(bytes, start);
  return start + bytes.length;
}

/** Records of a verified body. Views into it, except for texts. */
export function decodeRecords(body: Buffer, firstSeq: number): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (let at = 0; at < body.length; ) {
    const length = body.readUInt32BE(at);
    records.push(decodeRecord(body.subarray(at + 4, at + 4 + length), firstSeq + records.length));
    at += 4 + length;
  }
  return records;
}

function decodeRecord(bytes: Buffer, seq: number): JournalRecord {
  let at = 0;
  const take = (length: number): Buffer => {
    const part = bytes.subarray(at, at + length);
    at += length;
    return part;
  };
  const leaf = take(take(4).readUInt32BE());
  const summary = JSON.parse(take(take(4).readUInt32BE()).toString()) as Readonly<Record<string, unknown>>;
  const sealed: SealedRecord[] = [];
  for (let left = take(4).readUInt32BE(); left > 0; left--) {
    const ct = take(hashBytes).toString("hex");
    const kid = take(take(2).readUInt16BE()).toString();
    const wrapped = take(take(2).readUInt16BE());
    sealed.push({ ct, kid, wrapped, bytes: take(take(4).readUInt32BE()) });
  }
  return { seq, leaf, sealed, summary };
}
