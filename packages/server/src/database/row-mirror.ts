import { sql } from "kysely";
import type { RawBuilder } from "kysely";
import type { Tx } from "./tables.ts";

export interface MirroredTable<Row extends object, Made> {
  readonly table: string;
  readonly columns: RawBuilder<unknown>;
  /** Unique among the organization's rows. */
  readonly key: (row: Row) => string;
  readonly make: (row: Row) => Made;
}

/**
 * A table's rows of one organization, kept between readings: what didn't change is neither read nor made again, and stays
 * the same object.
 *
 * INVARIANT: PostgreSQL itself says what changed. A row that is visible now and wasn't, or differs from what it was, was
 * written by a transaction that the snapshot of the last reading hadn't seen to its end, so its `xmin` is at or after that
 * snapshot's own; nobody has to remember to note a change. Rows that are gone show in the count.
 */
export class RowMirror<Row extends object, Made> {
  readonly #table: MirroredTable<Row, Made>;
  readonly #rows = new Map<string, Made>();
  #org: string | undefined;
  /** Oldest transaction that was under way at the last reading. */
  #horizon: bigint | undefined;
  #revision = 0;

  constructor(table: MirroredTable<Row, Made>) {
    this.#table = table;
  }

  /** Rises with each reading that found anything different. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * By key, in no order that means anything; stays the same map, which later readings change.
   * @param tx one whose statements all see the same: `repeatable read`
   */
  async read(tx: Tx, org: string): Promise<ReadonlyMap<string, Made>> {
    const { table, columns } = this.#table;
    const from = sql.table(table);
    const { rows: now } = await sql<{ horizon: string; isolation: string; count: number }>`select pg_snapshot_xmin(pg_current_snapshot())::text as horizon, current_setting('transaction_isolation') as isolation,
      (select count(*)::int from ${from} where org = ${org}) as count`.execute(tx);
    const { horizon: text, isolation, count } = now[0]!;
    if (isolation === "read committed") throw new Error(`${table} is mirrored from a transaction that sees one state`);
    const horizon = BigInt(text);
    const known = this.#org === org ? this.#horizon : undefined;
    // A horizon that went back is another history: a restored copy, or a server that took over without the newest.
    const whole = known === undefined || horizon < known || horizon - known > maxDistance;
    const { rows } = whole
      ? await sql<Row>`select ${columns} from ${from} where org = ${org}`.execute(tx)
      : await sql<Row>`select ${columns} from ${from} where org = ${org} and age(xmin) <= age(${String(known)}::xid8::xid)`.execute(tx);
    if (whole) this.#replace(rows);
    else {
      for (const row of rows) this.#set(row);
      if (this.#rows.size !== count) await this.#drop(tx, org);
    }
    this.#org = org;
    this.#horizon = horizon;
    return this.#rows;
  }

  #replace(rows: readonly Row[]): void {
    this.#rows.clear();
    this.#texts.clear();
    for (const row of rows) this.#set(row);
    this.#revision++;
  }

  /** Rows around the horizon come more than once. */
  readonly #texts = new Map<string, string>();

  #set(row: Row): void {
    const key = this.#table.key(row);
    const text = JSON.stringify(row);
    if (this.#texts.get(key) === text) return;
    this.#rememberRecent(key, text);
    this.#rows.set(key, this.#table.make(row));
    this.#revision++;
  }

  /** Texts of what came lately alone: all of them would hold the table twice. */
  #rememberRecent(key: string, text: string): void {
    if (this.#texts.size >= maxTexts) this.#texts.clear();
    this.#texts.set(key, text);
  }

  async #drop(tx: Tx, org: string): Promise<void> {
    const { table, columns, key } = this.#table;
    const { rows } = await sql<Row>`select ${columns} from ${sql.table(table)} where org = ${org}`.execute(tx);
    const present = new Set(rows.map(key));
    for (const one of this.#rows.keys()) {
      if (present.has(one)) continue;
      this.#rows.delete(one);
      this.#texts.delete(one);
    }
    this.#revision++;
  }
}

/** Transaction ids wrap after four thousand million. */
const maxDistance = 1_000_000_000n;
const maxTexts = 5_000;
