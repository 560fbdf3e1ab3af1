import { equalBytes, fromHex, toHex } from "../encoding.ts";

/** What the entries say of one payload. */
export interface Commitment {
  /** Lower-case hex; undefined when only the ciphertext is committed to. */
  readonly pc: string | undefined;
  readonly dir: string;
  readonly index: number;
}

const pageRows = 4096;
const hashBytes = 32;
const hasPlain = 1;
const isNeeded = 2;
const isErased = 4;
const isReferred = 8;

/**
 * Commitments by the hash of their ciphertext, some 90 bytes each: entries refer to as many payloads as there are calls.
 * The hash is its own hash value; a pack's maker who grinds equal beginnings slows down only their own verification.
 */
export class Commitments {
  #slots = new Int32Array(1024).fill(-1);
  readonly #cts: Uint8Array[] = [];
  readonly #pcs: Uint8Array[] = [];
  readonly #indexes: Float64Array[] = [];
  readonly #dirs: Uint16Array[] = [];
  readonly #flags: Uint8Array[] = [];
  readonly #dirNames: string[] = [];
  #count = 0;

  /** Undefined when no entry refers to it. */
  get(ct: string): Commitment | undefined {
    const row = this.#find(fromHex(ct));
    return row < 0 || (this.#flag(row) & isReferred) === 0 ? undefined : this.#at(row);
  }

  /** Keeps the first reference, or the first that says more. */
  refer(ct: string, pc: string | undefined, dir: string, index: number): void {
    const row = this.#ensure(fromHex(ct));
    const flags = this.#flag(row);
    if ((flags & hasPlain) !== 0 || ((flags & isReferred) !== 0 && pc === undefined)) return;
    const [page, place] = [row >> 12, row & (pageRows - 1)];
    let dirNumber = this.#dirNames.indexOf(dir);
    if (dirNumber < 0) dirNumber = this.#dirNames.push(dir) - 1;
    this.#dirs[page]![place] = dirNumber;
    this.#indexes[page]![place] = index;
    if (pc !== undefined) this.#pcs[page]!.set(fromHex(pc), place * hashBytes);
    this.#flags[page]![place]! |= isReferred | (pc === undefined ? 0 : hasPlain);
  }

  need(ct: string): void {
    const row = this.#ensure(fromHex(ct));
    this.#flags[row >> 12]![row & (pageRows - 1)]! |= isNeeded;
  }

  erase(ct: string): void {
    const row = this.#ensure(fromHex(ct));
    this.#flags[row >> 12]![row & (pageRows - 1)]! |= isErased;
  }

  /** Payloads that must be there: needed and not erased. */
  *needed(): Generator<{ readonly ct: string; readonly index: number }> {
    for (let row = 0; row < this.#count; row++) {
      if ((this.#flag(row) & (isNeeded | isErased)) === isNeeded) yield { ct: toHex(this.#ct(row)), index: this.#at(row).index };
    }
  }

  #at(row: number): Commitment {
    const [page, place] = [row >> 12, row & (pageRows - 1)];
    const pc = this.#pcs[page]!.subarray(place * hashBytes, (place + 1) * hashBytes);
    return {
      pc: (this.#flag(row) & hasPlain) === 0 ? undefined : toHex(pc),
      dir: this.#dirNames[this.#dirs[page]![place]!] ?? "",
      index: this.#indexes[page]![place]!,
    };
  }

  #flag(row: number): number {
    return this.#flags[row >> 12]![row & (pageRows - 1)]!;
  }

  #ct(row: number): Uint8Array {
    const place = row & (pageRows - 1);
    return this.#cts[row >> 12]!.subarray(place * hashBytes, (place + 1) * hashBytes);
  }

  #slotOf(ct: Uint8Array): number {
    const mask = this.#slots.length - 1;
    let slot = (ct[0]! | (ct[1]! << 8) | (ct[2]! << 16) | (ct[3]! << 24)) & mask;
    while (this.#slots[slot]! >= 0 && !equalBytes(this.#ct(this.#slots[slot]!), ct)) slot = (slot + 1) & mask;
    return slot;
  }

  #find(ct: Uint8Array): number {
    return this.#slots[this.#slotOf(ct)]!;
  }

  #ensure(ct: Uint8Array): number {
    const known = this.#find(ct);
    if (known >= 0) return known;
    if (this.#count * 2 >= this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
      for (let row = 0; row < this.#count; row++) this.#slots[this.#slotOf(this.#ct(row))] = row;
    }
    const row = this.#count;
    if (row % pageRows === 0) {
      this.#cts.push(new Uint8Array(pageRows * hashBytes));
      this.#pcs.push(new Uint8Array(pageRows * hashBytes));
      this.#indexes.push(new Float64Array(pageRows));
      this.#dirs.push(new Uint16Array(pageRows));
      this.#flags.push(new Uint8Array(pageRows));
    }
    this.#cts[row >> 12]!.set(ct, (row & (pageRows - 1)) * hashBytes);
    this.#slots[this.#slotOf(ct)] = row;
    this.#count++;
    return row;
  }
}
