import { concatBytes } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { emptyRoot, hashSize, nodeHash } from "./hash.ts";
import { rangeNodes } from "./ranges.ts";

/** A complete subtree that an append finished. */
export interface CompletedNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/**
 * The right edge of a tree: the roots of the complete subtrees that make it up (a compact range from 0). It is all a
 * writer needs to extend the log and to know its root: at most 53 hashes.
 */
export class Frontier {
  #size: number;
  readonly #hashes: Uint8Array[];

  /** @throws LedgerError `merkle.frontier` when the number of hashes is not that of `size` */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    if (!Number.isSafeInteger(size) || size < 0) throw new LedgerError("merkle.size", "not a tree size");
    if (hashes.length !== rangeNodes({ start: 0, end: size }).length || hashes.some((h) => h.length !== hashSize)) {
      throw new LedgerError("merkle.frontier", `not the right edge of a tree of ${size}`);
    }
    this.#size = size;
    this.#hashes = [...hashes];
  }

  get size(): number {
    return this.#size;
  }

  /** Adds one leaf hash. Returns every complete subtree it finished, the leaf itself first, upwards. */
  append(leaf: Uint8Array): CompletedNode[] {
    const completed: CompletedNode[] = [{ level: 0, index: this.#size, hash: leaf }];
    let hash = leaf;
    let index = this.#size;
    for (let level = 1; index % 2 === 1; level++) {
      hash = nodeHash(this.#hashes.pop()!, hash);
      index = (index - 1) / 2;
      completed.push({ level, index, hash });
    }
    this.#hashes.push(hash);
    this.#size++;
    return completed;
  }

  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (let i = this.#hashes.length - 1; i >= 0; i--) {
      root = root === undefined ? this.#hashes[i]! : nodeHash(this.#hashes[i]!, root);
    }
    return root ?? emptyRoot();
  }

  /** Left to right, largest subtree first. */
  hashes(): readonly Uint8Array[] {
    return [...this.#hashes];
  }

  clone(): Frontier {
    return new Frontier(this.#size, this.#hashes);
  }

  /** Concatenated hashes, left to right; `Frontier.decode(size, bytes)` reads them back. */
  encode(): Uint8Array {
    return concatBytes(...this.#hashes);
  }

  static decode(size: number, bytes: Uint8Array): Frontier {
    const hashes: Uint8Array[] = [];
    for (let i = 0; i < bytes.length; i += hashSize) hashes.push(bytes.slice(i, i + hashSize));
    return new Frontier(size, hashes);
  }
}
