import { openSealed } from "@mandate/ledger/node";
import { parseHeader } from "@mandate/ledger";
import type { DecisionRequest } from "@mandate/model";
import type { ExternalRequest } from "@mandate/policy";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { earliestId, PayloadReader } from "../evidence/index.ts";
import type { LogKeys } from "../evidence/index.ts";

/** Why a decision can't be made again. */
export type Unreplayable =
  /** Refused before any rule was asked: an unknown key, a malformed request. Its reason stands in the entry. */
  | "no_rule_asked"
  /** Erased, or past its retention. */
  | "erased"
  /** Recorded by a release that sealed less. */
  | "older_record"
  | "facts_missing"
  /** Another release's engine decided it, by what the entry sealed, and this one answers otherwise. */
  | "other_release";

/** Which release decided, as the entry sealed it. */
export interface DecidedBy {
  readonly version: string;
  /** Digest of its decision engine; null where it couldn't be read. */
  readonly engine: string | null;
}

/** One question and the answer it got, as sealed. */
export interface Asked {
  readonly request: DecisionRequest | null;
  /** The question where it is about something outside our own domain. */
  readonly external: ExternalRequest | null;
  /** Members of the decision that were recorded; a tool call inside an answer records outcome, code and rule alone. */
  readonly decision: Readonly<Record<string, unknown>>;
  /** Tool called inside a model's answer. */
  readonly tool: string | null;
}

export interface Recorded {
  readonly id: string;
  readonly at: string;
  readonly system: string | null;
  readonly action: string;
  readonly resource: string;
  /** Hex digest of the facts it was decided by. */
  readonly facts: string | null;
  /** Null: by a release that didn't say. */
  readonly release: DecidedBy | null;
  readonly asked: readonly Asked[];
  readonly unreplayable: Unreplayable | null;
}

export interface Period {
  readonly system?: string;
  /** Any of these. */
  readonly systems?: readonly string[];
  /** RFC 3339; half open. */
  readonly since?: string;
  readonly until?: string;
  /** Id of the decision after which it begins. */
  readonly after?: string;
}

interface Row {
  id: string;
  at: Date;
  system: string | null;
  action: string;
  resource: string;
  intent: Buffer | null;
  result: Buffer | null;
}

const columns = sql`d.id, d.at, d.system, d.action, d.resource, i.leaf AS intent, r.leaf AS result`;
const joined = sql`decision d LEFT JOIN evidence_entry i ON i.org = d.org AND i.origin = d.intent_log AND i.index = d.intent_index
  LEFT JOIN evidence_entry r ON r.org = d.org AND r.origin = d.result_log AND r.index = d.result_index`;

/** @param after id of the last one seen @returns in the order of time, at most `limit` */
export async function readPeriod(tx: Tx, org: string, keys: LogKeys, period: Period, after: string, limit: number): Promise<Recorded[]> {
  const { rows } = await sql<Row>`SELECT ${columns} FROM ${joined} WHERE d.org = ${org} AND d.id > ${after}
    AND ${period.system === undefined ? sql`true` : sql`d.system = ${period.system}`} AND ${period.systems === undefined ? sql`true` : sql`d.system = ANY(${[...period.systems]})`} AND ${period.since === undefined ? sql`true` : sql`d.at >= ${period.since}::timestamptz`}
    AND ${period.until === undefined ? sql`true` : sql`d.at < ${period.until}::timestamptz`} ORDER BY d.id LIMIT ${limit}`.execute(tx);
  return opened(tx, org, keys, rows);
}

export async function readOne(tx: Tx, org: string, keys: LogKeys, id: string): Promise<Recorded | undefined> {
  const { rows } = await sql<Row>`SELECT ${columns} FROM ${joined} WHERE d.org = ${org} AND d.id = ${id}`.execute(tx);
  return (await opened(tx, org, keys, rows))[0];
}

/** @returns ids drawn at random from the period */
export async function drawIds(tx: Tx, org: string, since: Date, count: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM decision WHERE org = ${org} AND id >= ${earliestId(since)} AND at >= ${since} ORDER BY random() LIMIT ${count}`.execute(tx);
  return rows.map((row) => row.id);
}

/** What each entry sealed, read and opened for many at once. */
async function opened(tx: Tx, org: string, keys: LogKeys, rows: readonly Row[]): Promise<Recorded[]> {
  const headers = rows.map((row) => ({ intent: row.intent === null ? null : parseHeader(row.intent), result: row.result === null ? null : parseHeader(row.result) }));
  const wanted = headers.flatMap(({ intent, result }) => [intent?.["xct"], result?.["ct"]]).filter((ct): ct is string => typeof ct === "string");
  const reader = new PayloadReader(tx, org, keys);
  const [bytes, opening] = [await reader.bytesOf(wanted), await reader.keysOf(wanted)];
  const json = (ct: unknown, pc: unknown): Readonly<Record<string, unknown>> | undefined => {
    if (typeof ct !== "string" || typeof pc !== "string") return undefined;
    const [sealed, key] = [bytes.get(ct), opening.get(ct)];
    const plain = sealed === undefined || key === undefined ? undefined : openSealed(sealed, key, ct, pc);
    return plain === undefined ? undefined : (JSON.parse(Buffer.from(plain).toString("utf8")) as Record<string, unknown>);
  };
  return rows.map((row, at): Recorded => {
    const { intent, result } = headers[at]!;
    const about = { id: row.id, at: row.at.toISOString(), system: row.system, action: row.action, resource: row.resource };
    const none = (unreplayable: Unreplayable): Recorded => ({ ...about, facts: null, release: null, asked: [], unreplayable });
    if (intent === null || intent["xct"] === undefined) return none("no_rule_asked");
    const context = json(intent["xct"], intent["xpc"]);
    if (context === undefined) return none("erased");
    const { request, external, decision, facts, release } = context;
    if ((request === undefined) === (external === undefined) || typeof facts !== "string" || typeof decision !== "object" || decision === null) return none("older_record");
    const tools = result === null || result === intent ? [] : toolsOf(json(result["ct"], result["pc"]));
    return { ...about, facts, release: releaseOf(release), asked: [{ request: (request ?? null) as DecisionRequest | null, external: (external ?? null) as ExternalRequest | null, decision: decision as Record<string, unknown>, tool: null }, ...tools], unreplayable: null };
  });
}

function releaseOf(value: unknown): DecidedBy | null {
  if (typeof value !== "object" || value === null) return null;
  const { version, engine } = value as { readonly version?: unknown; readonly engine?: unknown };
  return typeof version === "string" ? { version, engine: typeof engine === "string" ? engine : null } : null;
}

function toolsOf(payload: Readonly<Record<string, unknown>> | undefined): Asked[] {
  const tools: unknown = payload?.["tools"];
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((one: unknown): Asked[] => {
    if (typeof one !== "object" || one === null || !("request" in one)) return [];
    const { request, tool, outcome, code, rule } = one as Record<string, unknown>;
    return [{ request: request as DecisionRequest, external: null, decision: { outcome, code, rule }, tool: String(tool) }];
  });
}
