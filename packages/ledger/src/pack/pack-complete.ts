import type { Header, PackEntry } from "./pack-entries.ts";
import type { PackLog } from "./pack-log.ts";
import type { PackScope } from "./manifest.ts";
import type { Problems } from "./result.ts";

/** Counts of a log's entries by system as the meta-log sealed them beside a checkpoint of it. */
interface Seal {
  readonly size: number;
  /** First entry counted. */
  readonly from: number;
  /** The meta-log's clock. */
  readonly atMs: number;
  /** Entries of all systems together, from `from` to `size`. */
  readonly total: number;
}

interface Sealed {
  readonly seals: Seal[];
  /** What the seals said last of each system, for `total`. */
  readonly newest: Map<string, number>;
  /** Of each system that is asked about, in the meta-log's order: what its count was from a seal on. */
  readonly counts: Map<string, { readonly from: number; readonly size: number; readonly count: number }[]>;
}

/** A writer's clock is believed this far beyond the meta-log's. */
const clockToleranceMs = 300_000;

/** True: shown to be whole. Null: can't tell. False: entries were sealed that the pack doesn't show. */
export type Completeness = boolean | null;

/**
 * Whether a pack of some systems leaves out one of their entries. A tree alone can't say it: what is left out is a hash
 * like any other. So the meta-log seals, beside checkpoints, how many entries each system has in each log, long
 * before anybody knows which pack will be asked for.
 */
export class PackComplete {
  readonly #problems: Problems;
  readonly #scope: PackScope | undefined;
  readonly #asked: Set<string>;
  readonly #sealed = new Map<string, Sealed>();
  readonly #shown = new Map<string, Map<string, number[]>>();
  /** Entries of each log that are shown, audits' records aside. */
  readonly #shownOfAll = new Map<string, { entries: number; counted: number }>();
  /** Indexes of the counted ones: only where a pack of everything is of a period. */
  readonly #countedIndexes = new Map<string, number[]>();
  readonly #ranges = new Map<string, Range | undefined>();
  /** The meta-log's clock at each of its entries. */
  readonly #metaMs: number[] = [];
  readonly #former: ReadonlySet<PackLog>;

  /**
   * @param scope as the manifest says; undefined when it can't be read
   * @param more systems that audits of the pack look at
   * @param former meta-logs of earlier epochs: what they sealed holds on
   */
  constructor(scope: PackScope | undefined, more: readonly string[], former: ReadonlySet<PackLog>, problems: Problems) {
    this.#problems = problems;
    this.#former = former;
    this.#scope = scope;
    this.#asked = new Set([...(scope?.systems ?? []), ...more]);
  }

  readonly addEntry = ({ log, index, header }: PackEntry): void => {
    const { origin } = log.checkpoint;
    const all = this.#shownOfAll.get(origin) ?? { entries: 0, counted: 0 };
    this.#shownOfAll.set(origin, all);
    all.entries++;
    if (header.type !== "audit") {
      all.counted++;
      if (this.#scope?.systems.length === 0 && (this.#scope.since !== null || this.#scope.until !== null)) {
        const indexes = this.#countedIndexes.get(origin);
        if (indexes === undefined) this.#countedIndexes.set(origin, [index]);
        else indexes.push(index);
      }
      const system = typeof header.system === "string" ? header.system : "";
      if (this.#asked.has(system)) {
        const bySystem = this.#shown.get(origin) ?? new Map<string, number[]>();
        this.#shown.set(origin, bySystem);
        const indexes = bySystem.get(system);
        if (indexes === undefined) bySystem.set(system, [index]);
        else indexes.push(index);
      }
    }
    if (log.dir === "logs/meta") this.#metaMs[index] = Date.parse(String(header.at));
    if (log.dir === "logs/meta" || this.#former.has(log)) this.#addSeal(log, index, header);
  };

  #addSeal(log: PackLog, index: number, header: Header): void {
    const atMs = Date.parse(String(header.at));
    if (header.type !== "log.checkpoint" && header.type !== "log.closed") return;
    const { log: origin, size, counted, systems } = header;
    if (counted === undefined && systems === undefined) return;
    if (typeof origin !== "string" || typeof size !== "number" || typeof counted !== "number" || typeof systems !== "object" || systems === null || Array.isArray(systems) || counted > size) {
      this.#problems.add("entry.malformed", "a meta-log entry's counts can't be read", `${log.dir}/entries.jsonl`, index);
      return;
    }
    const sealed: Sealed = this.#sealed.get(origin) ?? { seals: [], newest: new Map(), counts: new Map() };
    this.#sealed.set(origin, sealed);
    const before = sealed.seals.at(-1);
    // Counting began anew: what was said of other entries is no part of it.
    if (before !== undefined && before.from !== counted) sealed.newest.clear();
    let total = before?.from === counted ? before.total : 0;
    for (const [system, count] of Object.entries(systems)) {
      if (typeof count !== "number") continue;
      total += count - (sealed.newest.get(system) ?? 0);
      sealed.newest.set(system, count);
      if (!this.#asked.has(system)) continue;
      const known = sealed.counts.get(system) ?? [];
      sealed.counts.set(system, known);
      known.push({ from: counted, size, count });
    }
    sealed.seals.push({ size, from: counted, atMs, total });
  }

  /**
   * The entries of a log that a pack of this period has to show every one of, whatever their time: from the newest counts
   * sealed some minutes before it begins to the first sealed some minutes after it ended. Undefined: nothing bounds them.
   */
  #range(origin: string, size: number, period: Period): Range | undefined {
    const name = JSON.stringify([origin, size, period.since, period.until]);
    // Asked for each system; a year's seals are half a million.
    if (!this.#ranges.has(name)) this.#ranges.set(name, this.#findRange(origin, size, period));
    return this.#ranges.get(name);
  }

  #findRange(origin: string, size: number, { since, until }: Period): Range | undefined {
    const seals = this.#sealed.get(origin)?.seals ?? [];
    const ended = until === null ? undefined : seals.find((seal) => seal.size <= size && seal.atMs >= Date.parse(until) + clockToleranceMs);
    const limit = ended?.size ?? size;
    const last = seals.findLast((seal) => seal.size === limit);
    if (last === undefined) return undefined;
    if (since === null) return last.from === 0 ? { from: 0, last, base: undefined } : undefined;
    const base = seals.findLast((seal) => seal.from === last.from && seal.size <= limit && seal.atMs <= Date.parse(since) - clockToleranceMs);
    if (base === undefined && last.from !== 0) return undefined;
    return { from: base?.size ?? 0, last, base };
  }

  /**
   * Whether every entry of this system is shown that the period takes from the log's first `size` entries.
   * @returns the numbers where the seals say that some aren't
   */
  #compare(log: PackLog, system: string, size: number, period: Period): Compared {
    if (size === 0) return true;
    const { origin } = log.checkpoint;
    const range = this.#range(origin, size, period);
    if (range === undefined) return null;
    const { from, last, base } = range;
    const counts = this.#sealed.get(origin)?.counts.get(system);
    const countAt = (limit: number): number => counts?.findLast((one) => one.from === last.from && one.size <= limit)?.count ?? 0;
    const shown = (this.#shown.get(origin)?.get(system) ?? []).filter((index) => index >= from && index < last.size).length;
    return compared(countAt(last.size) - (base === undefined ? 0 : countAt(base.size)), shown, range, period);
  }

  /** Whether the pack shows all that a population of these systems is taken from. @param fixedAtMs when it was fixed, by the meta-log's clock */
  isWhole(log: PackLog, scope: PackScope, size: number, fixedAtMs: number): boolean {
    const period = periodAt(scope, fixedAtMs);
    if (scope.systems.length === 0) return this.#scope?.systems.length === 0 && this.#compareAll(log, size, period) === true;
    return scope.systems.every((system) => this.#compare(log, system, size, period) === true);
  }

  /** After all entries. */
  finish(logs: readonly PackLog[]): Completeness {
    const scope = this.#scope;
    if (scope === undefined) return null;
    const meta = logs.find((log) => log.dir === "logs/meta");
    if (meta === undefined) return null;
    const madeAtMs = this.#metaMs[meta.checkpoint.size - 1] ?? Number.POSITIVE_INFINITY;
    const period = periodAt(scope, madeAtMs);
    let complete: Completeness = true;
    for (const log of logs) {
      if (log === meta || this.#shownOfAll.get(log.checkpoint.origin)?.entries === log.tree.size) continue;
      const found = scope.systems.length === 0 ? [this.#compareAll(log, log.tree.size, period)] : scope.systems.map((system) => this.#compare(log, system, log.tree.size, period));
      for (const one of found) {
        if (one === true) continue;
        if (one === null) complete = complete === false ? false : null;
        else {
          complete = false;
          this.#problems.add("entry.left_out", `the log sealed ${one.sealed} entries of what this pack is about, and ${one.shown} are shown`, `${log.dir}/entries.jsonl`);
        }
      }
    }
    return complete;
  }

  /** A pack of everything: by all systems together. */
  #compareAll(log: PackLog, size: number, period: Period): Compared {
    if (size === 0) return true;
    const { origin } = log.checkpoint;
    const range = this.#range(origin, size, period);
    if (range === undefined) return null;
    const { from, last, base } = range;
    const indexes = this.#countedIndexes.get(origin);
    const shown = indexes === undefined ? (this.#shownOfAll.get(origin)?.counted ?? 0) : indexes.filter((index) => index >= from && index < last.size).length;
    return compared(last.total - (base?.total ?? 0), shown, range, period);
  }
}

type Period = Pick<PackScope, "since" | "until">;
type Compared = true | null | { readonly sealed: number; readonly shown: number };

interface Range {
  /** First entry; the last is before `last.size`. */
  readonly from: number;
  readonly last: Seal;
  /** Counts sealed before the period; absent: it is counted from the log's first entry. */
  readonly base: Seal | undefined;
}

function compared(sealed: number, shown: number, { base }: Range, { since }: Period): Compared {
  if (sealed === shown) return true;
  // Nothing was sealed before it begins: what is older is left out by right.
  if (since !== null && base === undefined && shown < sealed) return null;
  return { sealed, shown };
}

/** An end that hadn't come at that moment is none. */
function periodAt({ since, until }: PackScope, atMs: number): Period {
  return { since, until: until === null || Date.parse(until) > atMs ? null : until };
}
