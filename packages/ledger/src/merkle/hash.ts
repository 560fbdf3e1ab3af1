import { sha256, sha256Into } from "#crypto";

/** Bytes of a SHA-256 tree hash. */
export const hashSize = 32;

const scratch = new Uint8Array(1 + 2 * hashSize);
scratch[0] = 1;
let leafScratch = new Uint8Array(4096);

/** SHA-256(0x00 ‖ data), RFC 6962 §2.1: the prefix keeps a leaf from passing as an interior node. */
export function leafHash(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(hashSize);
  leafHashInto(data, out, 0);
  return out;
}

/** `leafHash` into a larger buffer at a byte offset. */
export function leafHashInto(data: Uint8Array, out: Uint8Array, offset: number): void {
  if (leafScratch.length < data.length + 1) leafScratch = new Uint8Array(2 * (data.length + 1));
  leafScratch.set(data, 1);
  sha256Into(leafScratch.subarray(0, data.length + 1), out, offset);
}

/** SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const out = new Uint8Array(hashSize);
  scratch.set(left, 1);
  scratch.set(right, 1 + hashSize);
  sha256Into(scratch, out, 0);
  return out;
}

/** Hashes two adjacent hashes of `source` at byte `from` into `out` at byte `to`. */
export function pairHashInto(source: Uint8Array, from: number, out: Uint8Array, to: number): void {
  scratch.set(source.subarray(from, from + 2 * hashSize), 1);
  sha256Into(scratch, out, to);
}

/** Root of the empty tree: SHA-256 of nothing, RFC 6962 §2.1. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0));
}
