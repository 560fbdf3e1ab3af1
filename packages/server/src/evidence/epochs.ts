import { sql } from "kysely";
import { AppError, newId } from "@mandate/model";
import type { EntryHeader } from "@mandate/model";
import { canonicalBytes, fromUtf8, openCheckpoint, noteVerifier, parseHeader, parseVerifierKey, toBase64 } from "@mandate/ledger";
import type { Json } from "@mandate/ledger";
import type { NodeSigner } from "@mandate/ledger/node";
import type { Tx } from "../database/index.ts";
import { prepareBatch, readHead, requireMoved, writeBatch } from "./append.ts";
import { decisionRows } from "./decisions.ts";
import type { IndexedEntry } from "./decisions.ts";
import { controlWriter, createLog, openSigner } from "./logs.ts";
import type { LogKeys, LogRow } from "./logs.ts";
import { readLeaf } from "./read-log.ts";
import { takeCounts } from "./system-counts.ts";

/** Why a log takes no more entries: its key was replaced, its volume is gone, or an older database was restored. */
export type ClosingReason = "rotated" | "lost" | "restored";

/** What the meta-log says of a closed log: members of `log.closed`. */
export interface ClosedLog {
  readonly origin: string;
  readonly vkey: string;
  readonly size: number;
  readonly members: Record<string, Json>;
}

export interface Closing {
  readonly reason: ClosingReason;
  /** Entries known to have been written and not to be here; absent: nobody can know. */
  readonly lost?: number;
  /**
   * The writer lives and goes on in its next log: calls that run get their outcome there, whatever it will be. `unknown` is
   * for calls whose end nobody sees; written for one that still runs, it would be a second, untrue end.
   */
  readonly callsRunOn?: true;
  readonly nowMs: number;
}

/**
 * Closes a log: every call its writer left open gets its `unknown` outcome there, its last head is published, and it takes
 * nothing more. The caller enters `members` into the meta-log in the same transaction.
 */
export async function closeLog(tx: Tx, keys: LogKeys, org: string, log: Pick<LogRow, "origin" | "writer" | "vkey">, closing: Closing): Promise<ClosedLog> {
  if (closing.callsRunOn !== true) await closeOpenCalls(tx, keys, org, log, closing.nowMs);
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

/** Calls whose outcome nobody will write any more end as `unknown`, those that ran on from the writer's earlier logs as well. */
async function closeOpenCalls(tx: Tx, keys: LogKeys, org: string, { origin, writer }: Pick<LogRow, "origin" | "writer">, nowMs: number): Promise<void> {
  const { rows } = await sql<{ log: string; index: string }>`SELECT intent_log AS log, intent_index AS index FROM decision
    WHERE org = ${org} AND intent_log IN (SELECT l.origin FROM evidence_log l WHERE l.org = ${org} AND l.writer = ${writer}) AND result_log IS NULL AND terminal IS NULL
    ORDER BY intent_log, intent_index`.execute(tx);
  if (rows.length === 0) return;
  const signer = await openSigner(tx, keys, org, origin);
  const head = await readHead(tx, org, origin, true);
  const entries: { leaf: Uint8Array; sealed: [] }[] = [];
  const indexed: IndexedEntry[] = [];
  for (const { log, index } of rows) {
    const intent = await readLeaf(tx, org, log, Number(index));
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

export interface RotatedLog {
  readonly closed: { readonly origin: string; readonly size: number };
  readonly origin: string;
  readonly vkey: string;
}

/**
 * Closes a log and begins its writer's next one, with a key of its own, in the caller's transaction.
 * INVARIANT: one transaction, so that a writer has one open log whatever happens: never two, never none.
 * @param at the size that its writer says it ends with; another one is refused
 * @param enter writes the meta-log's entries
 * @throws AppError `evidence.not_rotatable` (409) where it takes no more entries, `evidence.fenced` (503) at another size
 */
export async function rotateLog(
  tx: Tx,
  keys: LogKeys,
  org: string,
  { origin, at, nowMs }: { readonly origin: string; readonly at: number | null; readonly nowMs: number },
  enter: (entries: readonly { readonly type: "log.created" | "log.closed"; readonly members: Record<string, Json> }[]) => Promise<void>,
): Promise<RotatedLog & { readonly signer: NodeSigner }> {
  // The control log as well, which takes the entry that says so, and in the order in which checkpoints hold logs.
  const { rows } = await sql<{ origin: string; writer: string; vkey: string; size: string }>`SELECT origin, writer, vkey, size FROM evidence_log
    WHERE org = ${org} AND closed_at IS NULL AND (origin = ${origin} OR writer = ${controlWriter}) ORDER BY origin FOR UPDATE`.execute(tx);
  const log = rows.find((row) => row.origin === origin);
  if (log === undefined)
    throw new AppError({ code: "evidence.not_rotatable", status: 409, message: `${origin} takes no more entries: its key signs nothing any more.`, remedies: [{ text: "Name an open log; GET /api/v1/evidence/logs lists them." }] });
  if (at !== null && Number(log.size) !== at) requireMoved([], origin, { size: at });
  const { members, size } = await closeLog(tx, keys, org, log, { reason: "rotated", callsRunOn: true, nowMs });
  const { rows: epochs } = await sql<{ epoch: number }>`SELECT max(epoch) AS epoch FROM evidence_log WHERE org = ${org} AND writer = ${log.writer}`.execute(tx);
  const epoch = epochs[0]!.epoch + 1;
  const next = origin.replace(/\d+$/, String(epoch));
  const signer = await createLog(tx, keys, { org, origin: next, writer: log.writer, epoch, now: new Date(nowMs) });
  const counts = await takeCounts(tx, org, origin, size, "all");
  await enter([
    ...(counts.length > 0 ? counts : [{}]).map((sealed) => ({ type: "log.closed" as const, members: { ...members, ...sealed } })),
    { type: "log.created", members: { log: next, vkey: signer.vkey, after: origin } },
  ]);
  return { closed: { origin, size }, origin: next, vkey: signer.vkey, signer };
}
