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
}

interface Sealed {
  readonly seals: Seal[];
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
    const sealed: Sealed = this.#sealed.get(origin) ?? { seals: [], counts: new Map() };
    this.#sealed.set(origin, sealed);
    sealed.seals.push({ size, from: counted, atMs });
    for (const [system, count] of Object.entries(systems)) {
      if (typeof count !== "number") continue;
      // A pack of everything asks about each, and only for the newest.
      const isEvery = this.#scope?.systems.length === 0;
      if (!isEvery && !this.#asked.has(system)) continue;
      const known = sealed.counts.get(system) ?? [];
      sealed.counts.set(system, known);
      if (isEvery && !this.#asked.has(system)) known.length = 0;
      known.push({ from: counted, size, count });
    }
  }

  /**
   * Whether every entry of these systems below `size` is shown whose writer's clock isn't before `since`.
   * @returns false with the numbers where the seals say that some aren't
   */
  #compare(log: PackLog, system: string, size: number, since: string | null): Completeness | { readonly sealed: number; readonly shown: number } {
    if (size === 0) return true;
    const { origin } = log.checkpoint;
    const sealed = this.#sealed.get(origin);
    const last = sealed?.seals.findLast((seal) => seal.size <= size);
    if (sealed === undefined || last === undefined || last.size !== size) return null;
    const countAt = (limit: number): number => sealed.counts.get(system)?.findLast((one) => one.from === last.from && one.size <= limit)?.count ?? 0;
    let from = last.from;
    let before = 0;
    const base = since === null ? undefined : sealed.seals.findLast((seal) => seal.from === last.from && seal.size <= size && seal.atMs <= Date.parse(since) - clockToleranceMs);
    if (base !== undefined) {
      from = base.size;
      before = countAt(base.size);
    } else if (from !== 0) return null;
    const shown = (this.#shown.get(origin)?.get(system) ?? []).filter((index) => index >= from && index < size).length;
    const expected = countAt(size) - before;
    if (expected === shown) return true;
    // Nothing was sealed before it begins: what is older is left out by right.
    if (since !== null && base === undefined && shown < expected) return null;
    return { sealed: expected, shown };
  }

  /** Whether the pack shows all that a population of these systems is taken from. @param fixedAtMs when it was fixed, by the meta-log's clock */
  isWhole(log: PackLog, scope: PackScope, size: number, fixedAtMs: number): boolean {
    if (scope.systems.length === 0 || !isOpenEnded(scope, fixedAtMs)) return false;
    return scope.systems.every((system) => this.#compare(log, system, size, scope.since) === true);
  }

  /** After all entries. */
  finish(logs: readonly PackLog[]): Completeness {
    const scope = this.#scope;
    if (scope === undefined) return null;
    const meta = logs.find((log) => log.dir === "logs/meta");
    if (meta === undefined) return null;
    const madeAtMs = this.#metaMs[meta.checkpoint.size - 1] ?? Number.POSITIVE_INFINITY;
    let complete: Completeness = isOpenEnded(scope, madeAtMs) ? true : null;
    for (const log of logs) {
      if (log === meta || this.#shownOfAll.get(log.checkpoint.origin)?.entries === log.tree.size) continue;
      const found = scope.systems.length === 0 ? this.#compareAll(log, scope) : scope.systems.map((system) => this.#compare(log, system, log.tree.size, scope.since));
      for (const one of Array.isArray(found) ? found : [found]) {
        if (one === true) continue;
        if (one === null) complete = complete === false ? false : null;
        // What ends earlier leaves later entries out by right.
        else if (typeof one === "object" && (isOpenEnded(scope, madeAtMs) || one.shown > one.sealed)) {
          complete = false;
          this.#problems.add("entry.left_out", `the log sealed ${one.sealed} entries of what this pack is about, and ${one.shown} are shown`, `${log.dir}/entries.jsonl`);
        } else complete = complete === false ? false : null;
      }
    }
    return complete;
  }

  /** A pack of everything, from the first entry on: by all systems together. */
  #compareAll(log: PackLog, scope: PackScope): Completeness | { readonly sealed: number; readonly shown: number } {
    if (log.tree.size === 0) return true;
    if (scope.since !== null) return null;
    const sealed = this.#sealed.get(log.checkpoint.origin);
    const last = sealed?.seals.at(-1);
    if (sealed === undefined || last === undefined || last.size !== log.tree.size || last.from !== 0) return null;
    let expected = 0;
    for (const counts of sealed.counts.values()) {
      const newest = counts.at(-1);
      if (newest?.from === 0) expected += newest.count;
    }
    const shown = this.#shownOfAll.get(log.checkpoint.origin)?.counted ?? 0;
    return expected === shown ? true : { sealed: expected, shown };
  }
}

/** Entries can come late, so that an end in the past leaves it open which of the later ones belong. */
function isOpenEnded({ until }: PackScope, atMs: number): boolean {
  return until === null || Date.parse(until) > atMs;
}
