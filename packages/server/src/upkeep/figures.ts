import { statfs } from "node:fs/promises";
import { CompiledQuery, sql } from "kysely";
import { lastBackup } from "../backup/index.ts";
import { partitionState } from "../database/index.ts";
import type { Database, PartitionState } from "../database/index.ts";

const weekMs = 7 * 86_400_000;
const dayMs = 86_400_000;

export interface UpkeepFigures {
  /** The newest copy taken from this data directory; null where nobody can say. */
  readonly backup: { readonly at: string; readonly ageSeconds: number; readonly bytes: number } | null;
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number };
  readonly database: { readonly bytes: number; readonly tables: readonly { readonly name: string; readonly bytes: number; readonly rows: number }[] };
  /** Tables that are split by month, and how far ahead their months reach. */
  readonly partitions: readonly PartitionState[];
  readonly evidence: {
    readonly entries: number;
    readonly bytes: number;
    /** What the bytes are, and what each kind grows by a day: its share of an entry, as many as came a day. */
    readonly kinds: readonly { readonly kind: StoreKind; readonly bytes: number; readonly bytesPerDay: number }[];
    /** Entries a day over the last seven days, or since the first. */
    readonly entriesPerDay: number;
    readonly bytesPerDay: number;
    /** Room that is left for the database: of the quota, or of the data directory's disk, whichever ends first; null where nobody can say. */
    readonly roomBytes: number | null;
    /** Days until that room is used up at that pace; null while nothing grows, or nobody can say. */
    readonly daysLeft: number | null;
  };
}

/** Entries and their tree, sealed content, the keys that open it, what a search looks through, everything else. */
export type StoreKind = "entries" | "tree" | "content" | "keys" | "search" | "register";

function kindOf(table: string): StoreKind {
  if (table === "evidence_entry") return "entries";
  if (/^evidence_(?:tile|checkpoint|log|count|counted|witness|mirror)$/.test(table)) return "tree";
  if (table === "evidence_payload") return "content";
  if (/^evidence_(?:key|kek|subject|subject_key|hold|erasure)$/.test(table)) return "keys";
  return /^decision/.test(table) ? "search" : "register";
}

export interface UpkeepDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly dataDir: string;
  /** True when the database stands on the data directory's disk. */
  readonly isEmbedded: boolean;
  /** Bytes that the database may take; null: no bound but its disk. */
  readonly quotaBytes: number | null;
}

/** What the store holds and how it grows. Sizes include indexes; rows of a table are the planner's estimate. */
export async function readFigures({ db, org, now, dataDir, isEmbedded, quotaBytes }: UpkeepDeps): Promise<UpkeepFigures> {
  const nowMs = now();
  const [backup, disk, store] = await Promise.all([
    lastBackup(dataDir),
    statfs(dataDir),
    db.read(org, async (tx) => {
      const { rows: tables } = await sql<{ name: string; bytes: string; rows: string }>`
        select coalesce(whole.relname, c.relname) as name, sum(pg_total_relation_size(c.oid)) as bytes, sum(greatest(c.reltuples, 0))::bigint as rows
        from pg_class c left join pg_inherits i on i.inhrelid = c.oid left join pg_class whole on whole.oid = i.inhparent
        where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace group by 1 order by 2 desc limit 500`.execute(tx);
      // Checkpoints say how long the logs were then, without counting a row.
      const { rows: sizes } = await sql<{ entries: string; before: string; first: Date | null }>`
        select (select coalesce(sum(size), 0) from evidence_log where org = ${org}) as entries,
          (select coalesce(sum(size), 0) from (select max(size) as size from evidence_checkpoint where org = ${org} and at <= ${new Date(nowMs - weekMs)} group by origin) kept) as before,
          (select min(at) from evidence_checkpoint where org = ${org}) as first`.execute(tx);
      // The database's clock: it says which month an append is of.
      const partitions = await partitionState(async (text, values) => (await tx.executeQuery(CompiledQuery.raw(text, [...values]))).rows);
      return { tables, sizes: sizes[0]!, partitions };
    }),
  ]);
  const tables = store.tables.map(({ name, bytes, rows }) => ({ name, bytes: Number(bytes), rows: Number(rows) }));
  const bytesOf = (which: (kind: StoreKind) => boolean): number => tables.filter((one) => which(kindOf(one.name))).reduce((sum, one) => sum + one.bytes, 0);
  const evidenceBytes = bytesOf((kind) => kind !== "register");
  const entries = Number(store.sizes.entries);
  const { before, first } = store.sizes;
  const days = first === null ? 1 : Math.max(1, Math.min(7, (nowMs - first.getTime()) / dayMs));
  const entriesPerDay = Math.max(0, Math.round((entries - Number(before)) / days));
  const perDay = (bytes: number): number => (entries === 0 ? 0 : Math.round((entriesPerDay * bytes) / entries));
  const kinds = (["entries", "tree", "content", "keys", "search", "register"] as const).map((kind) => {
    const bytes = bytesOf((one) => one === kind);
    return { kind, bytes, bytesPerDay: kind === "register" ? 0 : perDay(bytes) };
  });
  const bytesPerDay = perDay(evidenceBytes);
  const databaseBytes = tables.reduce((sum, one) => sum + one.bytes, 0);
  const freeBytes = disk.bavail * disk.bsize;
  const rooms = [...(isEmbedded ? [freeBytes] : []), ...(quotaBytes === null ? [] : [Math.max(0, quotaBytes - databaseBytes)])];
  const roomBytes = rooms.length === 0 ? null : Math.min(...rooms);
  return {
    backup: backup === null ? null : { at: backup.at, ageSeconds: Math.max(0, Math.round((nowMs - Date.parse(backup.at)) / 1000)), bytes: backup.bytes },
    disk: { freeBytes, totalBytes: disk.blocks * disk.bsize },
    database: { bytes: databaseBytes, tables: tables.slice(0, 10) },
    partitions: store.partitions,
    evidence: { entries, bytes: evidenceBytes, kinds, entriesPerDay, bytesPerDay, roomBytes, daysLeft: roomBytes !== null && bytesPerDay > 0 ? Math.floor(roomBytes / bytesPerDay) : null },
  };
}
