import { sql } from "kysely";
import { parseHeader } from "@mandate/ledger";
import type { Tx } from "../database/index.ts";
import type { LogRow } from "./logs.ts";
import { readLeavesHolding } from "./read-log.ts";
import type { Problems } from "./rehash.ts";
import { countedSystem } from "./system-counts.ts";

/** What the meta-log says that each system has in a log, from an entry on up to a size: those that changed since it said so last. */
interface Seal {
  readonly from: number;
  readonly size: number;
  readonly systems: Readonly<Record<string, unknown>>;
  readonly metaIndex: number;
}

/**
 * Counts a log's entries by system again, and compares them with every count that was sealed of it and with those that the next
 * ones will be made from. Packs are judged by these counts: whoever lowers one could leave an entry out of a pack unseen.
 */
export class CountCheck {
  readonly #log: LogRow;
  readonly #problems: Problems;
  readonly #seals: AsyncGenerator<Seal>;
  #next: Seal | undefined;
  /** First entry counted. */
  #from = 0;
  readonly #counts = new Map<string, number>();
  readonly #sealed = new Map<string, number>();
  /** Systems that grew since the last seal. */
  readonly #grown = new Set<string>();
  #told = false;

  private constructor(log: LogRow, seals: AsyncGenerator<Seal>, problems: Problems) {
    this.#log = log;
    this.#seals = seals;
    this.#problems = problems;
  }

  /** @param metas meta-logs in their order: a later one states the counts of ended logs again */
  static async begin(tx: Tx, org: string, log: LogRow, metas: readonly LogRow[], problems: Problems): Promise<CountCheck> {
    const check = new CountCheck(log, sealsOf(tx, org, log.origin, metas), problems);
    await check.#advance();
    return check;
  }

  /** True where `reach` has something to do before the entry of this index is added. */
  isDue(index: number): boolean {
    return this.#next !== undefined && (this.#next.size <= index || (this.#next.from === index && this.#from !== index));
  }

  add(header: Readonly<Record<string, unknown>>): void {
    const system = countedSystem(header);
    if (system === undefined) return;
    this.#counts.set(system, (this.#counts.get(system) ?? 0) + 1);
    this.#grown.add(system);
  }

  /** Every entry below `size` was added. */
  async reach(size: number): Promise<void> {
    while (this.#next !== undefined && this.#next.size <= size) {
      const first = this.#next;
      // A long list stands in several entries of the same size.
      const systems = new Set(this.#grown);
      for (let part: Seal | undefined = first; part !== undefined && part.size === first.size && part.from === first.from; part = this.#next) {
        for (const [system, count] of Object.entries(part.systems)) {
          this.#sealed.set(system, Number(count));
          systems.add(system);
        }
        await this.#advance();
      }
      for (const system of systems) this.#compare(system, this.#sealed.get(system) ?? 0, this.#counts.get(system) ?? 0, first);
      this.#grown.clear();
    }
    if (this.#next?.from !== size || this.#from === size) return;
    // Counting began anew here: what a release that counts nothing took before is in no count.
    this.#from = size;
    for (const kept of [this.#counts, this.#sealed, this.#grown]) kept.clear();
  }

  /** After the log's last entry. */
  async finish(tx: Tx, org: string, size: number): Promise<void> {
    await this.reach(size);
    const { rows: spans } = await sql<{ from: string }>`SELECT from_index AS from FROM evidence_counted WHERE org = ${org} AND origin = ${this.#log.origin} AND to_index = ${size}`.execute(tx);
    if (spans[0] === undefined || Number(spans[0].from) !== this.#from) return;
    const { rows } = await sql<{ system: string; entries: string }>`SELECT system, entries FROM evidence_count WHERE org = ${org} AND origin = ${this.#log.origin} ORDER BY system`.execute(tx);
    const stored = new Map(rows.map((row) => [row.system, Number(row.entries)]));
    for (const system of new Set([...stored.keys(), ...this.#counts.keys()])) {
      const [says, holds] = [stored.get(system) ?? 0, this.#counts.get(system) ?? 0];
      if (says !== holds) this.#tell("count.altered", null, `the store counts ${says} entries of ${nameOf(system)}, the log holds ${holds}`);
    }
  }

  #compare(system: string, sealed: number, holds: number, { metaIndex, size }: Seal): void {
    if (sealed !== holds) this.#tell("count.sealed", metaIndex, `the meta-log sealed ${sealed} entries of ${nameOf(system)} among the first ${size}, the log holds ${holds}`);
  }

  /** Once a log: a count that is wrong makes every later one wrong. */
  #tell(code: string, index: number | null, message: string): void {
    if (this.#told) return;
    this.#told = true;
    this.#problems.add(code, this.#log.origin, index, message);
  }

  async #advance(): Promise<void> {
    const next = await this.#seals.next();
    this.#next = next.done === true ? undefined : next.value;
  }
}

const nameOf = (system: string): string => (system === "" ? "no system" : system);

async function* sealsOf(tx: Tx, org: string, origin: string, metas: readonly LogRow[]): AsyncGenerator<Seal> {
  for (const meta of metas) {
    for await (const { index, leaf } of readLeavesHolding(tx, org, meta.origin, meta.size, [`"log":${JSON.stringify(origin)}`])) {
      let header: Readonly<Record<string, unknown>>;
      try {
        header = parseHeader(leaf);
      } catch {
        // Told where it was hashed.
        continue;
      }
      const { log, type, size, counted, systems } = header;
      if (log !== origin || (type !== "log.checkpoint" && type !== "log.closed") || typeof size !== "number" || typeof counted !== "number" || typeof systems !== "object" || systems === null) continue;
      yield { from: counted, size, systems: systems as Record<string, unknown>, metaIndex: index };
    }
  }
}
