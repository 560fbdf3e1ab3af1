import { AppError, terminals, verdicts } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import type { Database, Tx } from "../database/index.ts";
import { getDecision, listDecisions } from "../evidence/index.ts";
import type { DecisionFilter } from "../evidence/index.ts";
import { fromCursor, instant, page, pageQuery, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { decisionItem, remediesFor } from "./view.ts";
import type { PersonDecision } from "./view.ts";

const ref = z.object({ log: z.string(), index: z.number() }).nullable();
export const decisionSchema = z.object({
  id: z.string(),
  at: z.string(),
  outcome: z.enum(verdicts),
  code: z.string().nullable(),
  reason: z.string(),
  rule: z.string().nullable(),
  system: z.string().nullable(),
  action: z.string(),
  resource: z.object({ type: z.string(), id: z.string() }),
  surface: z.string(),
  credential: z.string().nullable(),
  durationMs: z.number().nullable(),
  tokens: z.object({ input: z.number(), output: z.number() }).nullable(),
  policyVersion: z.string(),
  registerVersion: z.number(),
  terminal: z.enum(terminals).nullable(),
  intent: ref,
  result: ref,
  tools: z.array(z.object({ tool: z.string(), outcome: z.enum(verdicts) })).readonly(),
  session: z.string().nullable(),
  byPerson: z.object({ name: z.string(), reason: z.string() }).optional(),
});
const detail = decisionSchema.extend({
  remedies: z.array(z.object({ text: z.string(), command: z.string().optional(), url: z.string().optional() })).readonly(),
  caller: z.string().nullable(),
  callerSaw: z.string().nullable(),
  approval: z.object({ id: z.string(), state: z.string() }).nullable(),
});

export interface DecisionRouteDeps {
  readonly db: Database;
  readonly org: string;
  /** Brings what the journal holds into the index, so that a call's own caller finds its decision at once. */
  readonly drain: () => Promise<unknown>;
}

const word = z.string().max(200).optional();
/** What a list or an export of decisions is narrowed by, named as fields. */
export const decisionFilters = {
  system: word,
  outcome: z.enum(verdicts).optional(),
  code: word,
  resource: word,
  rule: word,
  tool: word,
  class: word,
  reason: word,
  session: word,
  /** Of one W3C trace, by its id in hex. */
  trace: z.string().regex(/^[0-9a-f]{32}$/).optional(),
  credential: word,
  /** E-mail of who answers for the credential. */
  person: word,
  /** The entry whose decision is meant: its log, and its number there. */
  log: z.string().max(300).optional(),
  index: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  since: instant.optional(),
  until: instant.optional(),
  q: word,
};

type Asked = { readonly [K in keyof typeof decisionFilters]?: z.infer<(typeof decisionFilters)[K]> };

/** @throws AppError `decisions.entry` (400) for half an entry's place */
export function filterOf({ q, log, index, ...fields }: Asked): Omit<DecisionFilter, "limit" | "cursor"> {
  if ((log === undefined) !== (index === undefined)) throw new AppError({ code: "decisions.entry", status: 400, message: "An entry is named by its log and its number there.", remedies: [{ text: "Send both `log` and `index`." }] });
  return { ...definedOnly(fields), ...searchOf(q), ...(log === undefined || index === undefined ? {} : { entry: { log, index } }) };
}

export function decisionRoutes(app: App, { db, org, drain }: DecisionRouteDeps): void {
  const fresh = async (): Promise<void> => {
    // Reading goes on with what is stored when the journal can't be drained.
    await drain().catch(() => undefined);
  };

  app.get(
    "/api/v1/decisions",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "listDecisions",
        querystring: z.object({ ...pageQuery, ...decisionFilters }),
        response: { 200: page(decisionSchema) },
      },
    },
    async ({ query }) => {
      await fresh();
      const { cursor, limit, ...fields } = query;
      return db.read(org, async (tx) => {
        const seen = fromCursor(cursor);
        const { items, nextCursor } = await listDecisions(tx, org, { ...filterOf(fields), limit, ...(seen === undefined ? {} : { cursor: seen }) });
        const people = await deciders(tx, org, items.flatMap((one) => one.approval ?? []));
        return { items: items.map((one) => decisionItem(one, people.get(one.approval ?? ""))), nextCursor: nextCursor === null ? null : Buffer.from(nextCursor).toString("base64url") };
      });
    },
  );

  app.get("/api/v1/decisions/:id", { config: { access: "signed-in" }, schema: { operationId: "getDecision", params: z.object({ id: pathName }), response: { 200: detail } } }, async ({ params }) => {
    const find = () =>
      db.read(org, async (tx) => {
        const record = await getDecision(tx, org, params.id);
        if (record === undefined) return undefined;
        const people = await deciders(tx, org, record.approval === null ? [] : [record.approval]);
        return { record, person: people.get(record.approval ?? "") };
      });
    let found = await find();
    if (found === undefined || found.record.terminal === null) {
      await fresh();
      found = (await find()) ?? found;
    }
    if (found === undefined) throw new AppError({ code: "decisions.not_found", status: 404, message: "There is no decision with this id.", remedies: [{ text: "List the latest.", command: "npx mandate decisions tail" }] });
    const { record, person } = found;
    return {
      ...decisionItem(record, person),
      remedies: remediesFor(record),
      caller: record.credential,
      callerSaw: record.code,
      approval: person === undefined ? null : { id: person.id, state: person.state },
    };
  });
}

const fields = new Set(["system", "tool", "rule", "class", "person", "session", "trace", "credential", "code"]);

/**
 * What a person types: `tool:NAME`, `person:EMAIL`, `class:personal` and kin, each narrowing further; a code or a system's
 * name alone; an entry as `LOG#NUMBER`; any other words are looked for in the reasons.
 */
function searchOf(q: string | undefined): Partial<Omit<DecisionFilter, "limit" | "cursor">> {
  const found: Record<string, string> = {};
  const words: string[] = [];
  for (const part of (q ?? "").split(/\s+/).filter((one) => one !== "")) {
    const entry = /^(.+)#([0-9]{1,15})$/.exec(part);
    if (entry !== null) return { entry: { log: entry[1]!, index: Number(entry[2]) } };
    const colon = part.indexOf(":");
    const name = part.slice(0, colon);
    if (colon > 0 && fields.has(name) && part.length > colon + 1) found[name] = part.slice(colon + 1);
    else if (colon > 0) found["resource"] = part;
    else words.push(part);
  }
  const [only] = words;
  if (words.length > 1) found["reason"] = words.join(" ");
  else if (only !== undefined) found[/^[a-z]+(?:_[a-z]+)+$/.test(only) ? "code" : "system"] = only;
  return found;
}

function definedOnly<T extends Record<string, unknown>>(filter: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** Who answered these approvals. */
export async function deciders(tx: Tx, org: string, approvals: readonly string[]): Promise<Map<string, PersonDecision>> {
  if (approvals.length === 0) return new Map();
  const { rows } = await sql<PersonDecision>`select a.id, a.state, coalesce(p.name, s.email) as name, s.reason from approvals a
    left join lateral (select email, reason, person_id from approval_signatures s where s.org = a.org and s.approval_id = a.id order by signed_at desc limit 1) s on true
    left join people p on p.org = a.org and p.id = s.person_id
    where a.org = ${org} and a.id = any(${[...new Set(approvals)]})`.execute(tx);
  return new Map(rows.map((row) => [row.id, row]));
}
