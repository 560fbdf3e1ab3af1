import { sql } from "kysely";
import { formatSignatureLine, openNote, parseNote, noteVerifier, parseVerifierKey } from "@mandate/ledger";
import type { NoteSignature } from "@mandate/ledger";
import type { Tx } from "../database/index.ts";
import { listLogs, metaWriter } from "./logs.ts";

export interface WitnessRow {
  /** As tlog-policy files call it. */
  readonly name: string;
  /** Cosignature verifier key. */
  readonly vkey: string;
  readonly url: string;
  readonly outside: boolean;
  /** Of the meta-log, as it last cosigned. */
  readonly size: number;
  readonly signedAt: Date | null;
  readonly failing: string | null;
}

export async function listWitnesses(tx: Tx, org: string): Promise<WitnessRow[]> {
  const { rows } = await sql<Omit<WitnessRow, "size"> & { size: string }>`SELECT name, vkey, url, outside, size, signed_at AS "signedAt", failing
    FROM evidence_witness WHERE org = ${org} ORDER BY name`.execute(tx);
  return rows.map((row) => ({ ...row, size: Number(row.size) }));
}

/** More than half: two quorums then share a witness, which signs one of two histories only (LEDGER, Threats). */
export function quorumOf(outside: number): number {
  return outside === 0 ? 0 : Math.floor(outside / 2) + 1;
}

/** On whose word the store stands (G4). */
export interface TrustState {
  readonly trust: "witnessed" | "self-attested";
  /** Size of the meta-log that a quorum of outside witnesses cosigned. */
  readonly anchoredMeta: number;
  readonly entries: number;
  /** Entries that no outside checkpoint covers. */
  readonly unanchored: number;
  readonly quorum: number;
  /** RFC 3339, of the newest cosigned checkpoint. */
  readonly anchoredAt: string | null;
}

export async function trustState(tx: Tx, org: string): Promise<TrustState> {
  const logs = await listLogs(tx, org);
  const entries = logs.reduce((sum, log) => sum + log.size, 0);
  const sizes = (await listWitnesses(tx, org)).filter((one) => one.outside).map((one) => one.size);
  const quorum = quorumOf(sizes.length);
  const anchoredMeta = sizes.sort((a, b) => b - a)[quorum - 1] ?? 0;
  const none = { trust: "self-attested", anchoredMeta: 0, entries, unanchored: entries, quorum, anchoredAt: null } as const;
  const meta = logs.findLast((log) => log.writer === metaWriter && !log.closed);
  if (anchoredMeta === 0 || meta === undefined) return none;
  const anchored = await sql<{ at: Date }>`SELECT at FROM evidence_checkpoint WHERE org = ${org} AND origin = ${meta.origin} AND size = ${anchoredMeta}`.execute(tx);
  const at = anchored.rows[0]?.at;
  if (at === undefined) return none;
  let covered = anchoredMeta;
  for (const log of logs) {
    if (log.origin === meta.origin) continue;
    // A log's checkpoints and the meta-log's that covers them are published in one transaction, at one instant.
    const { rows } = await sql<{ size: string }>`SELECT size FROM evidence_checkpoint WHERE org = ${org} AND origin = ${log.origin} AND at <= ${at} ORDER BY size DESC LIMIT 1`.execute(tx);
    covered += Number(rows[0]?.size ?? 0);
  }
  return { trust: "witnessed", anchoredMeta, entries, unanchored: Math.max(0, entries - covered), quorum, anchoredAt: at.toISOString() };
}

/** C2SP tlog-policy of this installation: what a verifier, or a witness, is given. */
export async function tlogPolicy(tx: Tx, org: string): Promise<string> {
  const logs = await listLogs(tx, org);
  const outside = (await listWitnesses(tx, org)).filter((one) => one.outside);
  return policyText(logs.map((log) => log.vkey), outside);
}

export function policyText(vkeys: readonly string[], outside: readonly Pick<WitnessRow, "name" | "vkey" | "url">[]): string {
  const lines = vkeys.map((vkey) => `log ${vkey}`);
  for (const one of outside) lines.push(`witness ${one.name} ${one.vkey} ${one.url}`);
  if (outside.length === 0) lines.push("quorum none");
  else lines.push(`group outside-witnesses ${quorumOf(outside.length)} ${outside.map((one) => one.name).join(" ")}`, "quorum outside-witnesses");
  return `${lines.join("\n")}\n`;
}

/** The newest published checkpoint of a log. */
export async function newestCheckpoint(tx: Tx, org: string, origin: string): Promise<{ size: number; note: string } | undefined> {
  const { rows } = await sql<{ size: string; note: string }>`SELECT size, note FROM evidence_checkpoint WHERE org = ${org} AND origin = ${origin} ORDER BY size DESC LIMIT 1`.execute(tx);
  return rows[0] && { size: Number(rows[0].size), note: rows[0].note };
}

/**
 * Puts a witness's cosignature beside the log's own, in the note that packs and heads hand out.
 * @throws LedgerError `note.signature`, `note.unverified` when the line isn't this witness's over this checkpoint
 */
export async function keepCosignature(tx: Tx, org: string, origin: string, size: number, witness: { name: string; vkey: string }, line: NoteSignature, at: Date): Promise<void> {
  const { rows } = await sql<{ note: string }>`SELECT note FROM evidence_checkpoint WHERE org = ${org} AND origin = ${origin} AND size = ${size} FOR UPDATE`.execute(tx);
  const stored = rows[0];
  if (stored === undefined) return;
  const parsed = parseNote(stored.note);
  openNote({ ...parsed, signatures: [line] }, [noteVerifier(parseVerifierKey(witness.vkey))]);
  const others = parsed.signatures.filter((one) => one.name !== line.name || one.keyId !== line.keyId);
  const note = `${parsed.text}\n${[...others, line].map(formatSignatureLine).join("")}`;
  await sql`UPDATE evidence_checkpoint SET note = ${note} WHERE org = ${org} AND origin = ${origin} AND size = ${size}`.execute(tx);
  await sql`UPDATE evidence_witness SET size = ${size}, signed_at = ${at}, failing = NULL WHERE org = ${org} AND name = ${witness.name}`.execute(tx);
}
