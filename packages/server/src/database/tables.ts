import type { ColumnType, Kysely, Transaction } from "kysely";

/**
 * Tables that belong to no slice. A slice declares its own tables beside its store and reads them with
 * `tx.withTables<ItsTables>()`, so that this file never becomes the place where everything meets.
 */
export interface CoreTables {
  organization: {
    /** The organization's own id: row security compares this column on every table. */
    org: string;
    name: string;
    created_at: ColumnType<Date, Date | string, never>;
  };
}

/**
 * One transaction, already confined to one organization by row security.
 * INVARIANT: only `Database.transaction` and its kin make one; a query outside sees no row at all.
 */
export type Tx = Transaction<CoreTables>;

export type Queries = Kysely<CoreTables>;
