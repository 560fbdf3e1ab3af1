/**
 * Which record of a directory has a name, in 16 bytes a file: a pack has millions, and as many strings would be most of
 * its verifier's memory. Names stay where they are and are compared there.
 */
export class NameIndex {
  readonly #slots: Int32Array;
  readonly #hashes: Uint32Array;
  readonly #seeds: Uint32Array;
  #count = 0;

  constructor(capacity: number) {
    let slots = 16;
    while (slots < capacity * 2) slots *= 2;
    this.#slots = new Int32Array(slots).fill(-1);
    this.#hashes = new Uint32Array(capacity);
    // Seeded, so that nobody can write an archive whose names all meet in one slot.
    this.#seeds = crypto.getRandomValues(new Uint32Array(2));
  }

  get count(): number {
    return this.#count;
  }

  /** Number of the file with this name, or -1. `isNamed` compares the name of a file whose hash is the same. */
  find(name: Uint8Array, isNamed: (file: number) => boolean): number {
    const hash = this.#hash(name);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const file = this.#slots[slot]!;
      if (file < 0 || (this.#hashes[file] === hash && isNamed(file))) return file;
    }
  }

  /** Gives the name the next number. */
  add(name: Uint8Array): void {
    const hash = this.#hash(name);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot]! >= 0) slot = (slot + 1) & mask;
    this.#slots[slot] = this.#count;
    this.#hashes[this.#count++] = hash;
  }

  /** Two multiplications a byte, mixed at the end as MurmurHash3 does. */
  #hash(name: Uint8Array): number {
    let a = this.#seeds[0]!;
    let b = this.#seeds[1]!;
    for (const byte of name) {
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul((b ^ byte) + (a >>> 7), 0x85ebca6b);
    }
    let hash = a ^ (b >>> 15) ^ b;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
}
