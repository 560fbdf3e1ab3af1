import { DenseTree, equalBytes, hashSize, tileBytes, tilesOf, tileWidth } from "@mandate/ledger";
import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Database, Tx } from "../database/index.ts";
import { isWholePayload } from "./cleared.ts";
import { listLogs, metaWriter } from "./logs.ts";
import type { LogRow } from "./logs.ts";
import { openHead, readLeaves, tileReader } from "./read-log.ts";
import { noteBeyond, Problems, presenceBatch, readHeader, requirePayloads } from "./rehash.ts";
import type { MetaRecord } from "./rehash.ts";
import type { WholeMark } from "./whole-mark.ts";

/**
 * Hashes every entry and payload again, inside the database, and holds the result to the signed heads and to what the last
 * whole re-hash of this process read. Entries below that mark have the bytes whose headers were read then, since they give
 * the same root; only later ones are read again. INVARIANT: nothing is taken for unaltered because it was so once.
 * @returns the new mark; undefined when anything differs, which `rehash` then names
 */
export async function hashAgain(db: Database, org: string, mark: WholeMark): Promise<WholeMark | undefined> {
  return db.read(
    org,
    async (tx) => {
      await sql`SET LOCAL statement_timeout = 0`.execute(tx);
      const rows = await listLogs(tx, org);
      // The meta-log first: what it took of the others is compared with each.
      const logs = [...rows].sort((a, b) => Number(b.writer === metaWriter) - Number(a.writer === metaWriter));
      const problems = new Problems();
      const recorded = new Map<string, MetaRecord[]>();
      const now = new Map<string, { size: number; root: Uint8Array }>();
      await sql`SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off`.execute(tx);
      for (const log of logs) {
        const root = await hashLog(tx, org, log, mark.logs.get(log.origin), recorded, problems);
        if (root === undefined || problems.list.length > 0) return undefined;
        now.set(log.origin, { size: log.size, root });
      }
      for (const origin of [...mark.logs.keys(), ...recorded.keys()]) if (!now.has(origin)) return undefined;
      await sql`SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on`.execute(tx);
      const payloads = await hashPayloads(tx, org, mark.logs, now);
      return payloads?.before === mark.payloads ? { logs: now, payloads: payloads.now } : undefined;
    },
    { isolation: "repeatable read" },
  );
}

/** Tiles hashed in one query. */
const tilesAtOnce = 64;

/** The log's root, or undefined where entries, tiles, head, mark and meta-log do not agree. */
async function hashLog(tx: Tx, org: string, log: LogRow, before: { readonly size: number; readonly root: Uint8Array } | undefined, recorded: Map<string, MetaRecord[]>, problems: Problems): Promise<Uint8Array | undefined> {
  const head = headOf(log);
  if (head === undefined) return undefined;
  const leaves = new Uint8Array(log.size * hashSize);
  const step = tilesAtOnce * tileWidth;
  for (let from = 0; from < log.size; from += step) {
    const { rows } = await sql<{ hashes: Buffer | null }>`SELECT string_agg(pg_catalog.sha256('\\x00'::bytea || leaf), ''::bytea ORDER BY index) AS hashes FROM evidence_entry
      WHERE org = ${org} AND origin = ${log.origin} AND index >= ${from} AND index < ${Math.min(from + step, log.size)}`.execute(tx);
    const hashes = rows[0]?.hashes;
    if (hashes?.length !== (Math.min(from + step, log.size) - from) * hashSize) return undefined;
    leaves.set(hashes, from * hashSize);
  }
  const tree = new DenseTree(leaves);
  const root = tree.root();
  if (!equalBytes(root, head.root)) return undefined;
  const read = tileReader(tx, org, log.origin);
  for (const tile of tilesOf(log.size)) if (!equalBytes(await read(tile), tileBytes(tile, tree.read))) return undefined;
  if (before !== undefined && (before.size > log.size || !equalBytes(tree.root(before.size), before.root))) return undefined;
  for (const { size, root: taken } of recorded.get(log.origin) ?? []) if (size > log.size || !equalBytes(tree.root(size), taken)) return undefined;
  for (let from = before?.size ?? 0; from < log.size; from += presenceBatch) {
    const to = Math.min(from + presenceBatch, log.size);
    const commitments: string[] = [];
    for await (const { index, leaf } of readLeaves(tx, org, log.origin, from, to)) readHeader(log, index, leaf, problems, commitments, log.writer === metaWriter ? recorded : null);
    await requirePayloads(tx, org, { origin: log.origin, from, to }, commitments, problems);
  }
  await noteBeyond(tx, org, log, problems);
  return root;
}

function headOf(log: LogRow): { readonly root: Uint8Array } | undefined {
  try {
    return openHead(log);
  } catch {
    return undefined;
  }
}

/** Digests of the names of what was brought before the mark and until now; undefined when one of them isn't the hash of its bytes. */
async function hashPayloads(tx: Tx, org: string, before: WholeMark["logs"], now: WholeMark["logs"]): Promise<{ readonly before: string; readonly now: string } | undefined> {
  const origins = [...now.keys()];
  const sizes = (logs: WholeMark["logs"]): number[] => origins.map((origin) => logs.get(origin)?.size ?? 0);
  // OFFSET keeps each payload hashed where it is read: the names alone are sorted, not the content.
  await sql`SET LOCAL work_mem = '64MB'`.execute(tx);
  const { rows } = await sql<{ before: Buffer | null; now: Buffer | null; whole: boolean }>`SELECT pg_catalog.sha256(string_agg(ct, ''::bytea ORDER BY ct) FILTER (WHERE index < before)) AS before,
      pg_catalog.sha256(string_agg(ct, ''::bytea ORDER BY ct) FILTER (WHERE index < now)) AS now, bool_and(whole) AS whole
    FROM (SELECT p.ct, p.index, s.before, s.now, ${isWholePayload(org)} AS whole
      FROM evidence_payload p JOIN unnest(${origins}::text[], ${sizes(before)}::bigint[], ${sizes(now)}::bigint[]) AS s(origin, before, now) ON p.origin = s.origin
      WHERE p.org = ${org} OFFSET 0) AS hashed
    GROUP BY get_byte(ct, 0) ORDER BY get_byte(ct, 0)`.execute(tx);
  if (rows.some((row) => !row.whole)) return undefined;
  const over = (digests: readonly (Buffer | null)[]): string => createHash("sha256").update(Buffer.concat(digests.filter((one) => one !== null))).digest("hex");
  return { before: over(rows.map((row) => row.before)), now: over(rows.map((row) => row.now)) };
}
