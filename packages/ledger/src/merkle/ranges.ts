import { LedgerError } from "../errors.ts";
import { emptyRoot, nodeHash } from "./hash.ts";

/**
 * Hash of a complete subtree: MTH(D[index·2^level : (index+1)·2^level]). Every proof and root is built from these alone,
 * so a log needs to store nothing else.
 */
export type HashReader = (level: number, index: number) => Uint8Array;

/** A complete subtree's place. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/** Half-open run of leaves whose Merkle Tree Hash is one element of a proof. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

// Sizes go to 2^53, beyond the 32 bits of JavaScript's bit operators: hence division here and in the proofs.

/** Largest power of two strictly below `n` (n > 1), RFC 6962 §2.1. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Complete subtrees that make up a range, left to right. `start` is a multiple of the range's rounded-up power of two. */
export function rangeNodes(range: LeafRange): TreeNode[] {
  const nodes: TreeNode[] = [];
  let start = range.start;
  while (start < range.end) {
    let level = 0;
    let width = 1;
    while (width * 2 <= range.end - start && start % (width * 2) === 0) {
      width *= 2;
      level++;
    }
    nodes.push({ level, index: start / width });
    start += width;
  }
  return nodes;
}

/** Merkle Tree Hash of a range, RFC 6962 §2.1. */
export function rangeHash(range: LeafRange, read: HashReader): Uint8Array {
  const nodes = rangeNodes(range);
  let hash: Uint8Array | undefined;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    const left = read(node.level, node.index);
    hash = hash === undefined ? left : nodeHash(left, hash);
  }
  return hash ?? emptyRoot();
}

/** Root of the tree of the first `size` leaves. */
export function rootAt(size: number, read: HashReader): Uint8Array {
  return rangeHash({ start: 0, end: size }, read);
}

function assertSize(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new LedgerError("merkle.size", `${name} is not a tree size`);
}

/**
 * Ranges whose hashes are the inclusion proof, from the leaf's sibling up, RFC 6962 §2.1.1.
 * @throws LedgerError `merkle.index` unless 0 ≤ index < size
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  assertSize(index, "index");
  assertSize(size, "size");
  if (index >= size) throw new LedgerError("merkle.index", `index ${index} is beyond size ${size}`);
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const split = start + splitPoint(end - start);
    if (index < split) {
      ranges.push({ start: split, end });
      end = split;
    } else {
      ranges.push({ start, end: split });
      start = split;
    }
  }
  return ranges.reverse();
}

/**
 * Ranges whose hashes are the consistency proof, RFC 6962 §2.1.2. Equal sizes need none.
 * @throws LedgerError `merkle.size` unless 0 < oldSize ≤ newSize: nothing can be proven of an empty tree
 */
export function consistencyRanges(oldSize: number, newSize: number): LeafRange[] {
  assertSize(oldSize, "old size");
  assertSize(newSize, "new size");
  if (oldSize === 0 || oldSize > newSize) {
    throw new LedgerError("merkle.size", `no consistency proof from size ${oldSize} to ${newSize}`);
  }
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = newSize;
  let whole = true;
  while (oldSize !== end) {
    const split = start + splitPoint(end - start);
    if (oldSize <= split) {
      ranges.push({ start: split, end });
      end = split;
    } else {
      ranges.push({ start, end: split });
      start = split;
      whole = false;
    }
  }
  if (!whole) ranges.push({ start, end });
  return ranges.reverse();
}

export function inclusionProof(index: number, size: number, read: HashReader): Uint8Array[] {
  return inclusionRanges(index, size).map((range) => rangeHash(range, read));
}

export function consistencyProof(oldSize: number, newSize: number, read: HashReader): Uint8Array[] {
  return consistencyRanges(oldSize, newSize).map((range) => rangeHash(range, read));
}
