import { sql } from "kysely";
import { newId } from "@mandate/model";
import type { EntryHeader } from "@mandate/model";
import { canonicalBytes, fromUtf8, openCheckpoint, noteVerifier, parseHeader, parseVerifierKey, toBase64 } from "@mandate/ledger";
import type { Json } from "@mandate/ledger";
import type { Tx } from "../database/index.ts";
import { prepareBatch, readHead, writeBatch } from "./append.ts";
import { decisionRows } from "./decisions.ts";
import type { IndexedEntry } from "./decisions.ts";
import { openSigner } from "./logs.ts";
import type { LogKeys, LogRow } from "./logs.ts";
import { readLeaf } from "./read-log.ts";

/** Why a log takes no more entries: its key was replaced, its volume is gone, or an older database was restored. */
export type ClosingReason = "rotated" | "lost" | "restored";

/** What the meta-log says of a closed log: members of `log.closed`. */
export interface ClosedLog {
  readonly origin: string;
  readonly vkey: string;
  readonly size: number;
  readonly members: Record<string, Json>;
}

/**
 * Closes a log: every call it left open gets its `unknown` outcome there, its last head is published, and it takes nothing
 * more. The caller enters `members` into the meta-log in the same transaction.
 * @param lost entries known to have been written and not to be here; absent: nobody can know
 */
export async function closeLog(tx: Tx, keys: LogKeys, org: string, log: LogRow, closing: { readonly reason: ClosingReason; readonly lost?: number; readonly nowMs: number }): Promise<ClosedLog> {
  await closeOpenCalls(tx, keys, org, log.origin, closing.nowMs);
  const at = new Date(closing.nowMs);
  const { rows } = await sql<{ size: string; head: string }>`UPDATE evidence_log SET closed_at = ${at}, checkpoint_size = size
    WHERE org = ${org} AND origin = ${log.origin} RETURNING size, head`.execute(tx);
  const { size, head } = rows[0]!;
  await sql`INSERT INTO evidence_checkpoint (org, origin, size, note, at) VALUES (${org}, ${log.origin}, ${size}, ${head}, ${at}) ON CONFLICT DO NOTHING`.execute(tx);
  const { root } = openCheckpoint(head, [noteVerifier(parseVerifierKey(log.vkey))]);
  // What is lost is a number or `unknown`, never silence: an auditor must see that something may be missing.
  const lost: Record<string, Json> = closing.reason === "rotated" ? {} : { lost: closing.lost ?? "unknown" };
  return { origin: log.origin, vkey: log.vkey, size: Number(size), members: { log: log.origin, size: Number(size), root: toBase64(root), reason: closing.reason, ...lost } };
}

/** Calls whose outcome nobody will write any more end as `unknown`, in the log of their intent. */
async function closeOpenCalls(tx: Tx, keys: LogKeys, org: string, origin: string, nowMs: number): Promise<void> {
  const { rows } = await sql<{ index: string }>`SELECT intent_index AS index FROM decision
    WHERE org = ${org} AND intent_log = ${origin} AND result_log IS NULL AND terminal IS NULL ORDER BY intent_index`.execute(tx);
  if (rows.length === 0) return;
  const signer = await openSigner(tx, keys, org, origin);
  const head = await readHead(tx, org, origin, true);
  const entries: { leaf: Uint8Array; sealed: [] }[] = [];
  const indexed: IndexedEntry[] = [];
  for (const { index } of rows) {
    const intent = await readLeaf(tx, org, origin, Number(index));
    if (intent === undefined) continue;
    const { system, policy, register, decision, outcome, retention, approvals } = parseHeader(intent);
    const seq = head.size + entries.length;
    const kept = Object.fromEntries(Object.entries({ system, policy, register, decision, outcome, retention, approvals }).filter(([, value]) => value !== undefined));
    const leaf = canonicalBytes({ ...kept, v: 1, type: "call.outcome", id: newId("entry", nowMs, keys.random), at: new Date(nowMs).toISOString(), shard: origin, seq, seen: head.checkpointSize, terminal: "unknown" });
    entries.push({ leaf, sealed: [] });
    indexed.push({ header: JSON.parse(fromUtf8(leaf)) as EntryHeader, ref: { log: origin, index: seq }, summary: {} });
  }
  await writeBatch(tx, org, origin, head, prepareBatch(signer!, head, entries, decisionRows(org, indexed)));
}
