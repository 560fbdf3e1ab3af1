import { sql } from "kysely";
import { canonicalJson, toHex } from "@mandate/ledger";
import type { Json } from "@mandate/ledger";
import { createHash } from "node:crypto";
import type { MutationEvidence } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";

export type RecordKind = "opened" | "population" | "sample" | "question" | "answer" | "closed";

/** What was said in the room. Its digest is in the log; it names the one before it, so none can be taken out. */
export interface AuditStatement {
  readonly audit: string;
  readonly n: number;
  readonly kind: RecordKind;
  /** RFC 3339. */
  readonly at: string;
  readonly by: { readonly person: string; readonly email: string };
  /** Digest of the record before; null for the first. */
  readonly previous: string | null;
  /** Hex: keeps a digest in the log from telling what a short question says. */
  readonly nonce: string;
  readonly body: Readonly<Record<string, Json>>;
}

export interface AuditRecord {
  readonly statement: AuditStatement;
  readonly digest: string;
}

export interface StoredRecord extends AuditRecord {
  /** What is wrong with it; null when the log commits to exactly this. */
  readonly problem: string | null;
}

/**
 * Adds a record. INVARIANT: row and entry commit together, and the entry's header holds the statement's digest, so that
 * whoever changes the row later is contradicted by the log.
 * @param log where that entry will stand, held until the transaction ends
 */
export async function appendRecord(tx: Tx, ctx: ServerContext, record: (evidence: MutationEvidence) => void, log: { readonly origin: string; readonly size: number }, entry: { readonly audit: string; readonly kind: RecordKind; readonly body: Readonly<Record<string, Json>> }): Promise<AuditStatement> {
  const { audit, kind, body } = entry;
  // The first record is the audit's own: whoever adds to it waits here.
  await sql`select 1 from audit_rooms where org = ${ctx.org} and audit = ${audit} for update`.execute(tx);
  const last = await sql<{ n: number; digest: string }>`select n, digest from audit_records where org = ${ctx.org} and audit = ${audit} order by n desc limit 1`.execute(tx);
  const before = last.rows[0];
  const statement: AuditStatement = {
    audit,
    n: before === undefined ? 0 : before.n + 1,
    kind,
    at: new Date(ctx.now()).toISOString(),
    by: { person: ctx.actor.id, email: ctx.actor.email ?? ctx.actor.id },
    previous: before?.digest ?? null,
    nonce: toHex(ctx.random(new Uint8Array(16))),
    body,
  };
  const text = canonicalJson(statement);
  const digest = sha256Hex(text);
  await sql`insert into audit_records (org, audit, n, kind, statement, digest, at, log, seen)
    values (${ctx.org}, ${audit}, ${statement.n}, ${kind}, ${text}, ${digest}, ${statement.at}, ${log.origin}, ${log.size})`.execute(tx);
  record({ type: "audit", audit, commits: digest, payload: { event: kind, statement } });
  return statement;
}

/** How far behind its log's size a commitment may stand: other entries commit in between. */
const searchedEntries = 2_000;

/** In order, each compared with its digest, its predecessor and the log. */
export async function readRecords(tx: Tx, org: string, audit: string): Promise<readonly StoredRecord[]> {
  const { rows } = await sql<{ n: number; statement: string; digest: string; logged: boolean }>`
    select r.n, r.statement, r.digest, exists (select 1 from evidence_entry e where e.org = r.org and e.origin = r.log and e.index >= r.seen and e.index < r.seen + ${searchedEntries}::bigint
      and position(convert_to('"commits":"' || r.digest || '"', 'UTF8') in e.leaf) > 0) as logged
    from audit_records r where r.org = ${org} and r.audit = ${audit} order by r.n`.execute(tx);
  let previous: string | null = null;
  return rows.map((row, at) => {
    const statement = JSON.parse(row.statement) as AuditStatement;
    const problem =
      sha256Hex(row.statement) !== row.digest ? "the record was changed" : row.n !== at || statement.n !== at || statement.previous !== previous || statement.audit !== audit ? "a record before it is missing" : row.logged ? null : "the log does not hold it";
    previous = row.digest;
    return { statement, digest: row.digest, problem };
  });
}

/** Records that the log holds and the table lacks: the newest can be taken out without breaking the chain. */
export async function recordsLogged(tx: Tx, org: string, audit: string, log: string, seen: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from evidence_entry where org = ${org} and origin = ${log} and index >= ${seen} and position(convert_to(${`"audit":"${audit}"`}, 'UTF8') in leaf) > 0`.execute(tx);
  return rows[0]!.count;
}

export function sha256Hex(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
