import type { ClientBase } from "pg";

/** Split by month: by the decision's id, whose order is that of time, or by the month in which content came. */
const tables = ["decision", "decision_tag", "evidence_payload", "evidence_key"] as const;
export type PartitionedTable = (typeof tables)[number];

/** Months beyond this one that have their tables already. A server that is off for longer makes them at its start. */
const monthsAhead = 2;
/** Rows that went astray and are put in their place at once; a lock is held meanwhile. */
const straysAtOnce = 200_000;
/** Strays are counted no further. */
const straysCounted = 10_000;

export interface PartitionState {
  readonly table: PartitionedTable;
  /** Tables of one month each. */
  readonly months: number;
  /** Whole months after this one that have a place of their own. */
  readonly monthsAhead: number;
  /** Rows for which no month had a table; counted up to 10,000. Nothing is lost or refused, but they share one table. */
  readonly strays: number;
}

interface Month {
  /** `2026-11`. */
  readonly name: string;
  readonly low: string;
  readonly high: string;
}

/**
 * Makes the tables of this month and the next two where they are missing. INVARIANT: no append waits for one or fails without
 * it; what has no month's table goes to the table of strays, and moves when its month gets one. Each table is made in
 * a transaction of its own and gives way to a lock that is held for long: the next turn tries again.
 * @param now a moment that counts as today; default the database's own clock, which also says which month an append is of
 * @returns names of the tables made
 */
export async function keepPartitions(client: Pick<ClientBase, "query">, now?: Date): Promise<string[]> {
  const made: string[] = [];
  for (const table of tables) {
    const { last, covered } = await standing(client, table);
    for (const month of await monthsFrom(client, table, last, now)) {
      if (month.low < covered) continue;
      const name = `${table}_${month.name.replace("-", "_")}`;
      await client.query("BEGIN");
      try {
        await client.query("SET LOCAL lock_timeout = '2s'");
        const { rows } = await client.query<{ done: boolean }>("SELECT mandate_add_partition($1, $2, $3, $4, $5) AS done", [table, name, month.low, month.high, straysAtOnce]);
        await client.query("COMMIT");
        if (rows[0]?.done === true) made.push(name);
      } catch (error) {
        await client.query("ROLLBACK").catch(() => undefined);
        if (!passing.has(String((error as { code?: unknown }).code))) throw error;
        break;
      }
    }
  }
  return made;
}

/** Months (`2026-11`) whose content has tables of its own. */
export async function contentMonths(client: Pick<ClientBase, "query">): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>("SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass('evidence_payload')");
  return rows.flatMap((row) => monthOf(row.name) ?? []).sort();
}

/** The same tables in a database that is being filled from a copy, so that nothing of it goes astray. */
export async function makeContentMonths(client: Pick<ClientBase, "query">, wanted: readonly string[]): Promise<void> {
  for (const month of wanted) {
    for (const table of ["evidence_payload", "evidence_key"] as const) {
      await client.query(`SELECT mandate_add_partition($1, $2, $3::text, ($3::text::date + interval '1 month')::date::text, 0)
        WHERE to_regclass($2) IS NULL`, [table, `${table}_${month.replace("-", "_")}`, `${month}-01`]);
    }
  }
}

/** Lock not to be had, deadlock, a stray that came meanwhile, another start made the table: the next turn finds out. */
const passing = new Set(["55P03", "40P01", "23514", "42P07", "42P17"]);

/** How far each table's months reach, and what stands outside of them. */
export async function partitionState(query: (text: string, values: readonly unknown[]) => Promise<readonly unknown[]>, now?: Date): Promise<PartitionState[]> {
  const states: PartitionState[] = [];
  for (const table of tables) {
    const rows = (await query(boundsOf, [table])) as readonly { name: string; high: string | null }[];
    const covered = highest(rows);
    const ahead = (await query(months, [table, "", now ?? null])) as readonly Month[];
    const [strays] = (await query(`SELECT count(*)::int AS n FROM (SELECT FROM ${table}_other LIMIT ${straysCounted}) AS found`, [])) as readonly { n: number }[];
    states.push({
      table,
      months: rows.filter((row) => monthOf(row.name) !== undefined).length,
      monthsAhead: ahead.filter((month, at) => at > 0 && month.high <= covered).length,
      strays: strays?.n ?? 0,
    });
  }
  return states;
}

const boundsOf = `SELECT c.relname AS name, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([^'']+)''\\)') AS high
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass`;

/** The months after `$2` (`2026-11`), or from this one on, with what a table is bounded by. */
const months = `SELECT to_char(month, 'YYYY-MM') AS name,
    CASE WHEN $1 LIKE 'decision%' THEN mandate_decision_id(month AT TIME ZONE 'UTC') ELSE to_char(month, 'YYYY-MM-DD') END AS low,
    CASE WHEN $1 LIKE 'decision%' THEN mandate_decision_id((month + interval '1 month') AT TIME ZONE 'UTC') ELSE to_char(month + interval '1 month', 'YYYY-MM-DD') END AS high
  FROM (SELECT date_trunc('month', coalesce($3::timestamptz, now()) AT TIME ZONE 'UTC') AS this) AS clock,
    generate_series(CASE WHEN $2 = '' THEN this ELSE least(this, to_date($2, 'YYYY-MM') + interval '1 month') END, this + interval '${monthsAhead} months', interval '1 month') AS month ORDER BY month`;

async function standing(client: Pick<ClientBase, "query">, table: PartitionedTable): Promise<{ last: string; covered: string }> {
  const { rows } = await client.query<{ name: string; high: string | null }>(boundsOf, [table]);
  return { last: rows.flatMap((row) => monthOf(row.name) ?? []).sort().at(-1) ?? "", covered: highest(rows) };
}

async function monthsFrom(client: Pick<ClientBase, "query">, table: PartitionedTable, last: string, now: Date | undefined): Promise<Month[]> {
  return (await client.query<Month>(months, [table, last, now ?? null])).rows;
}

const monthOf = (name: string): string | undefined => /_(\d{4}_\d{2})$/.exec(name)?.[1]?.replace("_", "-");
const highest = (rows: readonly { readonly high: string | null }[]): string => rows.reduce((most, { high }) => (high !== null && high > most ? high : most), "");
