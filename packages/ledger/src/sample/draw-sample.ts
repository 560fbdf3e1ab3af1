import { hasher, sha256, sha256Hex } from "#crypto";
import { concatBytes, utf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import type { Json } from "../json/strict.ts";

/** What an audit looks at. Empty `systems` means every one; RFC 3339, inclusive and exclusive, null means open. */
export interface SampleScope {
  readonly systems: readonly string[];
  readonly since: string | null;
  readonly until: string | null;
}

/** A log's part of a population: its first `size` entries, and which of them belong. */
export interface PopulationLog {
  readonly origin: string;
  readonly size: number;
  /** Base64, of the tree of `size` entries. */
  readonly root: string;
  readonly members: number;
  /** Hex SHA-256 over the members' leaf hashes in index order. */
  readonly digest: string;
}

export interface Population {
  /** The meta-log's checkpoint that fixes all of them. Root in base64. */
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string };
  /** By origin. */
  readonly logs: readonly PopulationLog[];
  readonly members: number;
  /** Hex, of `populationDigest`. */
  readonly digest: string;
}

export interface SampleMember {
  readonly log: string;
  readonly index: number;
  readonly decision: string;
}

/** A sample is for people to read. */
export const maxSampleSize = 1_000;

/** One entry stands for each decision: where it was made. Its outcome follows it. */
export function isMember(header: Readonly<Record<string, Json>>, { systems, since, until }: SampleScope): boolean {
  if (header["type"] !== "call.intent" && header["type"] !== "decision") return false;
  if (systems.length > 0 && !systems.includes(String(header["system"]))) return false;
  const at = Date.parse(String(header["at"]));
  return (since === null || at >= Date.parse(since)) && (until === null || at < Date.parse(until));
}

/** Running count and digest of one log's members. */
export class MemberCount {
  readonly #hasher = hasher();
  members = 0;

  add(leafHash: Uint8Array): void {
    this.#hasher.update(leafHash);
    this.members++;
  }

  /** Hex; ends the count. */
  digest(): string {
    return this.#hasher.hex();
  }
}

/** Hex SHA-256 over a line a log, by origin: `ORIGIN SIZE ROOT MEMBERS DIGEST`. */
export function populationDigest(logs: readonly PopulationLog[]): string {
  return sha256Hex(utf8(logs.map((log) => `${log.origin} ${log.size} ${log.root} ${log.members} ${log.digest}\n`).join("")));
}

/**
 * 32 bytes that nobody could choose: the population was fixed before the auditor named a value, and the value was named
 * without the operator.
 * @throws LedgerError `sample.value` unless the value is one line of 1 to 200 characters
 */
export function sampleSeed(population: Population, value: string): Uint8Array {
  // oxlint-disable-next-line no-control-regex -- a line break inside would make two values one
  if (value.length === 0 || value.length > 200 || /[\u0000-\u001f\u007f]/.test(value))
    throw new LedgerError("sample.value", "the auditor's value is one line of 1 to 200 characters");
  return sha256(utf8(`mandate.sample/1\n${population.checkpoint.root}\n${population.digest}\n${value}\n`));
}

/** Draws the `size` members whose SHA-256(seed ‖ leaf hash) is smallest, in that order. Offer each member once. */
export class SampleDraw {
  readonly #seed: Uint8Array;
  readonly #size: number;
  #drawn: { readonly rank: string; readonly member: SampleMember }[] = [];

  constructor(seed: Uint8Array, size: number) {
    if (!Number.isSafeInteger(size) || size < 1 || size > maxSampleSize)
      throw new LedgerError("sample.size", `a sample has 1 to ${maxSampleSize} members`);
    this.#seed = seed;
    this.#size = size;
  }

  offer(leafHash: Uint8Array, member: SampleMember): void {
    const rank = sha256Hex(concatBytes(this.#seed, leafHash));
    const last = this.#drawn.at(-1);
    if (this.#drawn.length === this.#size && last !== undefined && rank >= last.rank) return;
    let [low, high] = [0, this.#drawn.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#drawn[middle]!.rank < rank) low = middle + 1;
      else high = middle;
    }
    this.#drawn.splice(low, 0, { rank, member });
    if (this.#drawn.length > this.#size) this.#drawn.pop();
  }

  drawn(): SampleMember[] {
    return this.#drawn.map((one) => one.member);
  }
}

