import type { Verdict } from "@mandate/model";
import { sql } from "kysely";
import type { RawBuilder } from "kysely";
import type { Tx } from "../database/index.ts";
import { earliestId, lowestId } from "./decision-ids.ts";
import { recordOf } from "./decisions.ts";
import type { DecisionRecord, Stored } from "./decisions.ts";

export interface DecisionFilter {
  readonly system?: string;
  readonly outcome?: Verdict;
  readonly code?: string;
  readonly resource?: string;
  readonly rule?: string;
  /** Called directly, or inside a model's answer. */
  readonly tool?: string;
  /** Data class found in the call or seen in its session. */
  readonly class?: string;
  /** Words of the reason, in any case. */
  readonly reason?: string;
  readonly session?: string;
  /** Hex id of the W3C trace that its caller named. */
  readonly trace?: string;
  readonly credential?: string;
  /** E-mail of who answers for the credential. */
  readonly person?: string;
  /** As `subjectTag` hides the person a call was made for. */
  readonly subject?: string;
  /** The decision that this entry belongs to. */
  readonly entry?: { readonly log: string; readonly index: number };
  /** RFC 3339; half open. */
  readonly since?: string;
  readonly until?: string;
  /** Id of the last decision already seen; newest come first. */
  readonly cursor?: string;
  /** 1 to 500. */
  readonly limit: number;
}

/** A reason's words can match many texts; the newest decisions of this many are looked through. */
const maxReasons = 300;

/** Newest first. */
export async function listDecisions(tx: Tx, org: string, filter: DecisionFilter): Promise<{ items: DecisionRecord[]; nextCursor: string | null }> {
  const wanted = filter.limit + 1;
  const where = sql.join(conditionsOf(org, filter), sql` AND `);
  const from = await source(tx, org, filter, where, wanted);
  // A planner that doesn't know a month's table that just grew takes it for small, gathers every match and sorts.
  const isPlain = [filter.tool, filter.class, filter.reason, filter.person].every((one) => one === undefined);
  if (isPlain) await sql`SELECT set_config('enable_bitmapscan', 'off', true)`.execute(tx);
  const { rows } = await sql<Stored>`${from} ORDER BY id DESC LIMIT ${wanted}`.execute(tx);
  if (isPlain) await sql`SELECT set_config('enable_bitmapscan', 'on', true)`.execute(tx);
  const items = rows.slice(0, filter.limit).map(recordOf);
  return { items, nextCursor: rows.length > filter.limit ? items.at(-1)!.id : null };
}

function conditionsOf(org: string, filter: DecisionFilter): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = [sql`d.org = ${org}`];
  for (const column of ["system", "outcome", "code", "resource", "rule", "session", "credential"] as const)
    if (filter[column] !== undefined) conditions.push(sql`${sql.ref(`d.${column}`)} = ${filter[column]}`);
  // Probes are shown to whoever asks for one; among what systems did they would only be noise.
  if (filter.system === undefined && filter.credential === undefined && filter.entry === undefined) conditions.push(sql`coalesce(d.system, '') NOT LIKE 'probe:%' AND coalesce(d.credential, '') NOT LIKE 'probe:%'`);
  if (filter.subject !== undefined) conditions.push(sql`d.subject = decode(${filter.subject}, 'hex')`);
  if (filter.since !== undefined) conditions.push(sql`d.at >= ${filter.since}::timestamptz AND d.id >= ${earliestId(filter.since)}`);
  if (filter.until !== undefined) conditions.push(sql`d.at < ${filter.until}::timestamptz AND d.id < ${lowestId(Date.parse(filter.until))}`);
  if (filter.cursor !== undefined) conditions.push(sql`d.id < ${filter.cursor}`);
  if (filter.entry !== undefined) {
    const { log, index } = filter.entry;
    conditions.push(sql`d.id = (SELECT convert_from(e.leaf, 'UTF8')::jsonb ->> 'decision' FROM evidence_entry e WHERE e.org = ${org} AND e.origin = ${log} AND e.index = ${index})`);
  }
  return conditions;
}

/**
 * What the page is read from. Each way walks an index from its newest end and stops when the page is full; where several
 * values fit (credentials of a person, reasons with a word), each is walked and the newest of all are kept.
 */
async function source(tx: Tx, org: string, filter: DecisionFilter, where: RawBuilder<unknown>, wanted: number): Promise<RawBuilder<unknown>> {
  const reasons = filter.reason === undefined ? null : await digestsOf(tx, org, filter.reason);
  const credentials = filter.person === undefined ? null : await credentialsOf(tx, org, filter.person);
  const tool = filter.tool === undefined ? null : `tool:${filter.tool}`;
  const walk = filter.trace !== undefined ? "trace" : filter.class !== undefined ? "class" : tool !== null ? "tool" : reasons !== null ? "reason" : credentials !== null ? "person" : "plain";
  // One of them is walked; the others narrow what it finds.
  const narrowed = [where];
  if (filter.class !== undefined && walk !== "class") narrowed.push(sql`EXISTS (SELECT FROM decision_tag t WHERE t.org = ${org} AND t.kind = 'class' AND t.value = ${filter.class} AND t.id = d.id)`);
  if (tool !== null && walk !== "tool") narrowed.push(sql`(d.resource = ${tool} OR EXISTS (SELECT FROM decision_tag t WHERE t.org = ${org} AND t.kind = 'tool' AND t.value = ${filter.tool!} AND t.id = d.id))`);
  if (reasons !== null && walk !== "reason") narrowed.push(sql`md5(d.reason) = ANY(${reasons}::text[])`);
  if (credentials !== null && walk !== "person") narrowed.push(sql`d.credential = ANY(${credentials}::text[])`);
  const all = sql.join(narrowed, sql` AND `);
  const newest = sql`ORDER BY d.id DESC LIMIT ${wanted}`;
  const tagged = (kind: "class" | "tool" | "trace", value: string): RawBuilder<unknown> => sql`SELECT d.* FROM decision_tag t JOIN decision d ON d.org = t.org AND d.id = t.id
    WHERE t.org = ${org} AND t.kind = ${kind} AND t.value = ${value} ${filter.cursor === undefined ? sql`` : sql`AND t.id < ${filter.cursor}`} AND ${all}`;
  switch (walk) {
    case "trace":
      return sql`SELECT * FROM (${tagged("trace", filter.trace!)} ORDER BY t.id DESC LIMIT ${wanted}) AS walked`;
    case "class":
      return sql`SELECT * FROM (${tagged("class", filter.class!)} ORDER BY t.id DESC LIMIT ${wanted}) AS walked`;
    case "tool":
      return sql`SELECT * FROM ((SELECT d.* FROM decision d WHERE d.resource = ${tool} AND ${all} ${newest})
        UNION ALL (${tagged("tool", filter.tool!)} AND d.resource <> ${tool} ORDER BY t.id DESC LIMIT ${wanted})) AS walked`;
    case "reason":
      return sql`SELECT f.* FROM unnest(${reasons}::text[]) AS v(digest), LATERAL (SELECT d.* FROM decision d WHERE md5(d.reason) = v.digest AND ${all} ${newest}) AS f`;
    case "person":
      return sql`SELECT f.* FROM unnest(${credentials}::text[]) AS v(credential), LATERAL (SELECT d.* FROM decision d WHERE d.credential = v.credential AND ${all} ${newest}) AS f`;
    case "plain":
      return sql`SELECT d.* FROM decision d WHERE ${all}`;
  }
}

async function digestsOf(tx: Tx, org: string, words: string): Promise<string[]> {
  const pattern = `%${words.replace(/[\\%_]/g, "\\$&")}%`;
  const { rows } = await sql<{ digest: string }>`SELECT digest FROM decision_reason WHERE org = ${org} AND reason ILIKE ${pattern} LIMIT ${maxReasons}`.execute(tx);
  return rows.map((row) => row.digest);
}

async function credentialsOf(tx: Tx, org: string, person: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM credentials WHERE org = ${org} AND accountable = ${person} LIMIT 1000`.execute(tx);
  return rows.map((row) => row.id);
}
