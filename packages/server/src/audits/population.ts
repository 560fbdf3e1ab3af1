import { equalBytes, Frontier, fromBase64, isMember, leafHash, MemberCount, noteVerifier, openCheckpoint, parseHeader, parseVerifierKey, populationDigest, SampleDraw, toBase64 } from "@mandate/ledger";
import type { Population, PopulationLog, SampleMember, SampleScope } from "@mandate/ledger";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { readLeaves } from "../evidence/index.ts";
import { auditAltered } from "./errors.ts";

/**
 * Counts the decisions in scope in every log, as far as the meta-log's newest published checkpoint vouches for it.
 * @throws AppError `evidence.altered` (500) where a log doesn't hash to what the meta-log took of it
 */
export async function countPopulation(tx: Tx, org: string, metaOrigin: string, scope: SampleScope): Promise<Population> {
  await sql`SET LOCAL statement_timeout = 0`.execute(tx);
  const { rows } = await sql<{ note: string; vkey: string }>`select c.note, l.vkey from evidence_checkpoint c join evidence_log l using (org, origin) where c.org = ${org} and c.origin = ${metaOrigin} order by c.size desc limit 1`.execute(tx);
  const published = rows[0];
  if (published === undefined) throw auditAltered("the meta-log has no checkpoint");
  const checkpoint = openCheckpoint(published.note, [noteVerifier(parseVerifierKey(published.vkey))]);
  const covered = await coveredLogs(tx, org, metaOrigin, checkpoint);
  const logs: PopulationLog[] = [];
  for (const [origin, { size, root }] of [...covered].sort(([a], [b]) => (a < b ? -1 : 1))) logs.push(await goThrough(tx, org, { origin, size, root }, scope));
  return { checkpoint: { origin: metaOrigin, size: checkpoint.size, root: toBase64(checkpoint.root) }, logs, members: logs.reduce((sum, log) => sum + log.members, 0), digest: populationDigest(logs) };
}

/**
 * Draws from the population as it was fixed, and holds the logs to it once more.
 * @throws AppError `evidence.altered` (500) when they hold another population now
 */
export async function drawFrom(tx: Tx, org: string, population: Population, scope: SampleScope, seed: Uint8Array, size: number): Promise<readonly SampleMember[]> {
  await sql`SET LOCAL statement_timeout = 0`.execute(tx);
  const draw = new SampleDraw(seed, size);
  for (const log of population.logs) {
    const now = await goThrough(tx, org, log, scope, draw);
    if (now.members !== log.members || now.digest !== log.digest) throw auditAltered(`the log ${log.origin} holds another population than was fixed`);
  }
  return draw.drawn();
}

/** Size and root of each log by the meta-log's own entries below its checkpoint. */
async function coveredLogs(tx: Tx, org: string, metaOrigin: string, checkpoint: { readonly size: number; readonly root: Uint8Array }): Promise<ReadonlyMap<string, { readonly size: number; readonly root: string }>> {
  const covered = new Map<string, { size: number; root: string }>();
  const frontier = new Frontier();
  for await (const { leaf } of readLeaves(tx, org, metaOrigin, 0, checkpoint.size)) {
    frontier.append(leafHash(leaf));
    const { type, log, size, root } = parseHeader(leaf);
    if ((type === "log.checkpoint" || type === "log.closed") && typeof log === "string" && typeof size === "number" && typeof root === "string" && size > 0) covered.set(log, { size, root });
  }
  if (!equalBytes(frontier.root(), checkpoint.root)) throw auditAltered("the meta-log does not hash to its checkpoint");
  return covered;
}

/** What only a member's bytes hold: canonical headers spell a member exactly one way. */
const needles = ['"type":"call.intent"', '"type":"decision"'].map((text) => Buffer.from(text));

async function goThrough(tx: Tx, org: string, log: { readonly origin: string; readonly size: number; readonly root: string }, scope: SampleScope, draw?: SampleDraw): Promise<PopulationLog> {
  const { origin, size, root } = log;
  const frontier = new Frontier();
  const count = new MemberCount();
  for await (const { index, leaf } of readLeaves(tx, org, origin, 0, size)) {
    const hash = leafHash(leaf);
    frontier.append(hash);
    const bytes = Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength);
    if (!needles.some((needle) => bytes.includes(needle))) continue;
    const header = parseHeader(leaf);
    if (!isMember(header, scope)) continue;
    count.add(hash);
    draw?.offer(hash, { log: origin, index, decision: String(header["decision"]) });
  }
  if (frontier.size !== size || !equalBytes(frontier.root(), fromBase64(root))) throw auditAltered(`the log ${origin} does not hash to what the meta-log took of it`);
  return { origin, size, root, members: count.members, digest: count.digest() };
}
