import { LedgerError } from "../errors.ts";
import { hashSize, pairHashInto } from "./hash.ts";
import { rootAt } from "./ranges.ts";

/**
 * Every complete subtree hash of a tree, in memory, one flat buffer a level (64 bytes a leaf in all). For verifiers and
 * tests; a log keeps tiles and a `Frontier` instead.
 */
export class DenseTree {
  readonly size: number;
  readonly #levels: Uint8Array[];

  /** @param leafHashes concatenated 32-byte leaf hashes; kept, not copied */
  constructor(leafHashes: Uint8Array) {
    if (leafHashes.length % hashSize !== 0) throw new LedgerError("merkle.size", "not whole hashes");
    this.size = leafHashes.length / hashSize;
    this.#levels = [leafHashes];
    let below = leafHashes;
    for (let count = Math.floor(this.size / 2); count > 0; count = Math.floor(count / 2)) {
      const level = new Uint8Array(count * hashSize);
      for (let i = 0; i < count; i++) pairHashInto(below, 2 * i * hashSize, level, i * hashSize);
      this.#levels.push(level);
      below = level;
    }
  }

  /** A view, not a copy. */
  readonly read = (level: number, index: number): Uint8Array => {
    const hashes = this.#levels[level];
    const offset = index * hashSize;
    if (hashes === undefined || offset + hashSize > hashes.length) {
      throw new LedgerError("merkle.node", `no complete subtree at level ${level}, index ${index}`);
    }
    return hashes.subarray(offset, offset + hashSize);
  };

  root(size: number = this.size): Uint8Array {
    if (size > this.size) throw new LedgerError("merkle.size", `size ${size} is beyond ${this.size}`);
    return rootAt(size, this.read);
  }
}
