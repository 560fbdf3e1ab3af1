import { maxSampleSize } from "@mandate/ledger";
import { sql } from "kysely";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import { readRegisterVersion } from "../context/index.ts";
import { decisionSchema } from "../decisions/index.ts";
import { readPayload } from "../evidence/index.ts";
import type { LogKeys } from "../evidence/index.ts";
import { actorOf, email, fromCursor, instant, line, page, pageQuery, pathName, reasonBody, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { answerQuestion, askQuestion, closeAudit, drawSample, fixPopulation, memberOf, openAudit } from "./commands.ts";
import type { AuditPorts } from "./commands.ts";
import { personNeeded, sampleMissing } from "./errors.ts";
import { enter, listReads, noteRead, operators, readRoom } from "./room.ts";
import type { AuditRoom } from "./room.ts";
import { traceOf } from "./trace.ts";

const text = z.string();
const member = z.object({ log: text, index: z.number(), decision: text });
const about = z.object({ draw: z.number().int().min(1).max(1_000), position: z.number().int().min(1).max(maxSampleSize) });
const states = ["open", "ended", "closed"] as const;
const summary = z.object({
  id: text, title: text, framework: text.nullable(), systems: z.array(text).readonly(), since: text.nullable(), until: text.nullable(), auditors: z.array(text).readonly(), external: z.boolean(),
  openedBy: text, openedAt: text, ends: text, state: z.enum(states), closed: z.object({ at: text, by: text, reason: text }).nullable(),
});
const room = summary.extend({
  population: z.object({ checkpoint: z.object({ origin: text, size: z.number(), root: text }), logs: z.array(z.object({ origin: text, size: z.number(), root: text, members: z.number(), digest: text })).readonly(), members: z.number(), digest: text }).nullable(),
  samples: z.array(z.object({ draw: z.number(), value: text, size: z.number(), at: text, by: text, members: z.array(member).readonly() })).readonly(),
  questions: z.array(z.object({ n: z.number(), text, about: about.nullable(), at: text, by: text, answers: z.array(z.object({ n: z.number(), text, at: text, by: text })).readonly() })).readonly(),
  altered: z.array(text).readonly(),
  /** Whether the one who asks is its auditor. */
  auditor: z.boolean(),
});
const entry = z.object({ header: z.record(text, z.unknown()), leaf: text, proof: z.object({ index: z.number(), size: z.number(), hashes: z.array(text) }), checkpoint: text, vkey: text });
const trace = z.object({
  member,
  entry,
  outcome: entry.nullable(),
  decision: decisionSchema.nullable(),
  policy: z.object({ version: text, register: z.number(), rule: text.nullable(), text: z.object({ policy: text, version: z.number(), since: text, text, sha256: text }).nullable() }),
  approvals: z.array(z.object({
    id: text, state: text, action: text, requester: text.nullable(), digest: text, statement: z.record(text, z.unknown()), decidedAt: text.nullable(),
    signatures: z.array(z.object({ kind: text, person: text, role: text, choice: text, reason: text, at: text, onBehalfOf: text.nullable() })),
  })),
});
const opened = z.object({ header: z.record(text, z.unknown()), payload: z.unknown(), messages: z.array(text.nullable()).readonly(), context: z.unknown() });
const paragraph = z.string().trim().min(1).max(4_000);
const params = z.object({ id: pathName });
const place = z.object({ id: pathName, draw: z.coerce.number().int().min(1).max(1_000), position: z.coerce.number().int().min(1).max(maxSampleSize) });
const openers = ["governance-lead", "administrator"] as const;

export interface AuditRouteDeps extends AuditPorts {
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly keys: LogKeys;
}

/** The auditor's room: scope, population, sample, one page a member, questions and answers. */
export function auditRoutes(app: App, deps: AuditRouteDeps): void {
  const { db, org, now, contexts } = deps;
  const shown = (view: AuditRoom, isAuditor: boolean) => ({ ...view, auditor: isAuditor });

  app.get(
    "/api/v1/audits",
    { config: { access: "signed-in" }, schema: { operationId: "listAudits", summary: "Audits that the one who asks takes part in, newest first", querystring: z.object({ ...pageQuery, state: z.enum(states).optional() }), response: { 200: page(summary) } } },
    async (request) => {
      const actor = actorOf(request);
      const { cursor, limit, state } = request.query;
      const before = fromCursor(cursor) ?? null;
      const isOperator = [...actor.roles, ...(actor.scopedRoles ?? []).map((one) => one.role)].some((role) => (operators as readonly string[]).includes(role));
      const rooms = await db.read(org, async (tx) => {
        const { rows } = await sql<{ audit: string }>`select audit from audit_rooms where org = ${org} and (${isOperator} or auditors @> array[${actor.id}]::text[]) and (${before}::text is null or audit < ${before}) order by audit desc limit ${state === undefined ? limit + 1 : 1_000}`.execute(tx);
        const found: AuditRoom[] = [];
        for (const row of rows) found.push(await readRoom(tx, org, row.audit, now()));
        return found;
      });
      return toPage(state === undefined ? rooms : rooms.filter((one) => one.state === state).slice(0, limit + 1), limit, (one) => one, (one) => one.id);
    },
  );

  app.post(
    "/api/v1/audits",
    {
      config: { access: openers },
      schema: {
        operationId: "openAudit",
        summary: "Open a room for auditors: what they may look at, and until when",
        body: z.strictObject({ title: line, framework: z.string().max(64).regex(/^[\w.-]+$/).optional(), systems: z.array(pathName).max(500).default([]), since: instant.optional(), until: instant.optional(), auditors: z.array(email).min(1).max(50), external: z.boolean().default(true), ends: instant }),
        response: { 201: room },
      },
    },
    async (request, reply) => {
      const { framework = null, since = null, until = null, ...rest } = request.body;
      return reply.code(201).send(shown(await openAudit(contexts.quiet(actorOf(request)), deps, { ...rest, framework, since, until }), false));
    },
  );

  app.get("/api/v1/audits/:id", { config: { access: "signed-in" }, schema: { operationId: "getAudit", params, response: { 200: room } } }, async (request) => {
    const actor = actorOf(request);
    const { isAuditor } = await db.read(org, (tx) => enter(tx, org, request.params.id, actor, now(), "read"));
    if (isAuditor) await noteRead(contexts.quiet(actor), request.params.id, "the room");
    return shown(await db.read(org, (tx) => readRoom(tx, org, request.params.id, now()), { isolation: "repeatable read" }), isAuditor);
  });

  app.get("/api/v1/audits/:id/reads", { config: { access: "signed-in" }, schema: { operationId: "listAuditReads", summary: "What was read in the room, newest first, at most 500", params, response: { 200: z.object({ items: z.array(z.object({ at: text, by: text, what: text })).readonly() }) } } }, (request) =>
    db.read(org, async (tx) => {
      await enter(tx, org, request.params.id, actorOf(request), now(), "read");
      return { items: await listReads(tx, org, request.params.id) };
    }),
  );

  app.post("/api/v1/audits/:id/population", { config: { access: "signed-in" }, schema: { operationId: "fixPopulation", summary: "Fix the population at the newest checkpoint, once", params, response: { 200: room } } }, async (request) => {
    request.raw.socket.setTimeout(0);
    return reopened(request, await fixPopulation(contexts.quiet(actorOf(request)), deps, request.params.id));
  });

  app.post(
    "/api/v1/audits/:id/samples",
    { config: { access: "signed-in" }, schema: { operationId: "drawSample", summary: "Draw a sample with the auditor's own value", params, body: z.strictObject({ value: z.string().min(1).max(200), size: z.number().int().min(1).max(maxSampleSize).default(25) }), response: { 200: room } } },
    async (request) => {
      request.raw.socket.setTimeout(0);
      return reopened(request, await drawSample(contexts.quiet(actorOf(request)), deps, request.params.id, request.body));
    },
  );

  app.get("/api/v1/audits/:id/samples/:draw/:position", { config: { access: "signed-in" }, schema: { operationId: "readSampleMember", summary: "One member with its whole trace; the reading is itself an entry", params: place, response: { 200: trace } } }, async (request) => {
    const { id } = request.params;
    const actor = actorOf(request);
    const found = await db.read(
      org,
      async (tx) => {
        await enter(tx, org, id, actor, now(), "read");
        const one = memberOf(await readRoom(tx, org, id, now()), request.params);
        if (one === undefined) throw sampleMissing();
        return traceOf(tx, org, one, now());
      },
      { isolation: "repeatable read" },
    );
    await noteRead(contexts.quiet(actor), id, `sample ${request.params.draw}, member ${request.params.position}: ${found.member.decision}`, found.decision?.system ?? undefined);
    return found;
  });

  app.post(
    "/api/v1/audits/:id/samples/:draw/:position/open",
    {
      // What was opened stays out of the answers kept for repeats: an erasure would not find it there.
      config: { access: "signed-in", secretAnswer: true },
      schema: { operationId: "openSampleMember", summary: "Open what a member sealed; the reason is itself an entry", params: place, body: reasonBody, response: { 200: opened } },
    },
    async (request) => {
      const { id, draw, position } = request.params;
      const actor = actorOf(request);
      const one = await db.read(org, async (tx) => {
        await enter(tx, org, id, actor, now(), "auditor");
        return memberOf(await readRoom(tx, org, id, now()), request.params);
      });
      if (one === undefined) throw sampleMissing();
      if (actor.kind !== "person") throw personNeeded();
      await noteRead(contexts.quiet(actor), id, `content of sample ${draw}, member ${position}: ${request.body.reason}`);
      return readPayload({ db, evidence: deps.evidence, keys: deps.keys, log: one.log, index: one.index, actor, register: await db.read(org, (tx) => readRegisterVersion(tx, org)), reason: `${id}: ${request.body.reason}` });
    },
  );

  app.post(
    "/api/v1/audits/:id/questions",
    { config: { access: "signed-in" }, schema: { operationId: "askAuditQuestion", params, body: z.strictObject({ text: paragraph, about: about.optional() }), response: { 200: room } } },
    async (request) => reopened(request, await askQuestion(contexts.quiet(actorOf(request)), deps, request.params.id, { text: request.body.text, about: request.body.about ?? null })),
  );

  app.post(
    "/api/v1/audits/:id/questions/:question/answers",
    { config: { access: "signed-in" }, schema: { operationId: "answerAuditQuestion", params: z.object({ id: pathName, question: z.coerce.number().int().min(1).max(1_000_000) }), body: z.strictObject({ text: paragraph }), response: { 200: room } } },
    async (request) => reopened(request, await answerQuestion(contexts.quiet(actorOf(request)), deps, request.params.id, { question: request.params.question, text: request.body.text })),
  );

  app.post("/api/v1/audits/:id/close", { config: { access: "signed-in" }, schema: { operationId: "closeAudit", summary: "End an audit before its end", params, body: reasonBody, response: { 200: room } } }, async (request) =>
    reopened(request, await closeAudit(contexts.quiet(actorOf(request)), deps, request.params.id, request.body.reason)),
  );

  function reopened(request: Parameters<typeof actorOf>[0], view: AuditRoom) {
    return shown(view, view.auditors.includes(actorOf(request).email ?? ""));
  }
}
