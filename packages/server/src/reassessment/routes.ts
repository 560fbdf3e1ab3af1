import { AppError } from "@mandate/model";
import type { AISystemSpec } from "@mandate/model";
import { z } from "zod";
import { answerBody } from "../approvals/index.ts";
import type { Contexts } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { actorOf, editors, fromCursor, instant, line, page, pageQuery, pathName, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { caseUnknown, decideReassessment } from "./decide.ts";
import type { DecidePorts } from "./decide.ts";
import { diffOf } from "./diff.ts";
import { callsRefused } from "./preview.ts";
import { listCases, listEvents, readCase, systemsOf } from "./store.ts";
import type { Case, CaseSystem, ChangeEvent } from "./store.ts";
import { reportVendorEvent, vendorEventKinds } from "./vendor-events.ts";
import type { DependentPorts } from "./vendor-events.ts";

const text = z.string();
const classes = z.enum(["A", "B", "C"]);
const outcomes = z.enum(["reaffirmed", "tightened", "suspended", "withdrawn"]);
const item = z.object({
  id: text, trigger: text, title: text, subject: text, class: classes, state: z.enum(["open", "decided"]), observedBy: text, url: text.nullable(), openedAt: text, due: text.nullable(), overdue: z.boolean(), decidedAt: text.nullable(),
  systems: z.array(z.object({ system: text, class: classes, outcome: outcomes.nullable() })),
});
const member = z.object({ member: text, old: text.nullable(), new: text.nullable(), answer: text.nullable(), answered: text.nullable(), contradicts: z.boolean() });
const event = z.object({ id: text, trigger: text, class: classes, subject: text, what: text, old: z.unknown(), new: z.unknown(), observedBy: text, reassessment: text.nullable(), at: text });
const detail = item.omit({ systems: true }).extend({
  systems: z.array(z.object({
    system: text, class: classes, differences: z.array(text).readonly(), due: text.nullable(), outcome: outcomes.nullable(), reason: text.nullable(), decidedBy: text.nullable(), decidedAt: text.nullable(), authorization: text.nullable(), approval: text.nullable(),
    changes: z.array(z.object({ class: classes, trigger: text, subject: text, what: text, diff: z.array(member) })),
    /** Calls of the last seven days that this refuses, or will from its due date. */
    refusesNow: z.number(), refusesFromDue: z.number(),
  })),
  history: z.array(event),
});
const params = z.object({ id: pathName });

export interface ReassessmentDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly dependents: DependentPorts;
  /** For one request, because a signature travels with it. */
  readonly decide: (signed: Omit<z.infer<typeof answerBody>, "reason">) => DecidePorts;
  /** The system's record as approved, null without an authorization. */
  /** The approval that "still fine" answers, null where none is open. */
  readonly question: (tx: Tx, org: string, system: string) => Promise<string | null>;
  readonly approvedSpec: (tx: Tx, org: string, system: string) => Promise<AISystemSpec | null>;
}

/** As every answer to an approval, with whom and what it is about. */
const decideBody = answerBody.extend({ system: pathName.optional(), outcome: z.enum(["reaffirmed", "tightened", "suspended"]), terms: z.strictObject({ ends: instant }).optional() });

export function reassessmentRoutes(app: App, deps: ReassessmentDeps): void {
  const { db, org, now, contexts } = deps;

  app.get(
    "/api/v1/reassessments",
    { config: { access: "signed-in" }, schema: { operationId: "listReassessments", summary: "What changed and has to be decided", querystring: z.object({ ...pageQuery, state: z.enum(["open", "decided"]).optional(), system: pathName.optional() }), response: { 200: page(item) } } },
    ({ query }) =>
      db.read(org, async (tx) => {
        const rows = await listCases(tx, org, { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 });
        const systems = await systemsOf(tx, org, rows.map((row) => row.id));
        return toPage(rows, query.limit, (row) => ({ ...shownCase(row, now()), systems: (systems.get(row.id) ?? []).map((one) => ({ system: one.system, class: one.class, outcome: one.outcome })) }), (row) => row.id);
      }),
  );

  const show = (id: string): Promise<z.infer<typeof detail>> =>
    db.read(org, async (tx) => {
      const found = await readCase(tx, org, id);
      if (!found) throw caseUnknown();
      const systems = (await systemsOf(tx, org, [id])).get(id) ?? [];
      const history = await listEvents(tx, org, { limit: 100, reassessment: id });
      return { ...shownCase(found, now()), systems: await Promise.all(systems.map((one) => shownSystem(tx, one))), history: history.map(shownEvent) };
    });

  const shownSystem = async (tx: Tx, one: CaseSystem): Promise<z.infer<typeof detail>["systems"][number]> => {
    const approved = await deps.approvedSpec(tx, org, one.system);
    const all = one.outcome !== null || one.class === "A" ? 0 : await callsRefused(tx, org, now(), one.system, null);
    return {
      system: one.system, class: one.class, differences: one.differences, due: one.dueAt?.toISOString() ?? null, outcome: one.outcome, reason: one.reason, decidedBy: one.decidedEmail ?? one.decidedBy, decidedAt: one.decidedAt?.toISOString() ?? null, authorization: one.authorization, approval: one.outcome === null ? await deps.question(tx, org, one.system) : null,
      changes: one.changes.map((change) => ({ class: change.class, trigger: change.trigger, subject: change.subject, what: change.what, diff: diffOf(change, approved) })),
      refusesNow: one.outcome !== null || one.class === "A" ? 0 : one.class === "C" ? all : await callsRefused(tx, org, now(), one.system, one.differences),
      refusesFromDue: all,
    };
  };

  app.get("/api/v1/reassessments/:id", { config: { access: "signed-in" }, schema: { operationId: "getReassessment", summary: "Old against new for each system, and the answers it contradicts", params, response: { 200: detail } } }, ({ params }) => show(params.id));

  app.post(
    "/api/v1/reassessments/:id/decide",
    // Owners often hold no role; each outcome checks who decides it.
    { config: { access: "signed-in" }, schema: { operationId: "decideReassessment", summary: "Still fine, tighter terms, or suspended: for one system or all that wait", params, body: decideBody, response: { 200: detail.extend({ decided: z.array(z.object({ system: text, outcome: text, needs: z.array(text).readonly() })) }) } } },
    async (request) => {
      const { system, outcome, terms, reason, ...signed } = request.body;
      const decided = await decideReassessment(contexts.for(actorOf(request)), request.params.id, { system, outcome, terms, reason }, deps.decide(signed));
      return { ...(await show(request.params.id)), decided };
    },
  );

  app.get("/api/v1/change-events", { config: { access: "signed-in", made: "at" }, schema: { operationId: "listChangeEvents", summary: "What changed, who or what noticed", querystring: z.object({ ...pageQuery, reassessment: pathName.optional() }), response: { 200: page(event) } } }, async ({ query }) => {
    const rows = await db.read(org, (tx) => listEvents(tx, org, { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
    return toPage(rows, query.limit, shownEvent, (row) => row.id);
  });

  app.get("/api/v1/change-events/:id", { config: { access: "signed-in" }, schema: { operationId: "getChangeEvent", params: z.object({ id: pathName }), response: { 200: event } } }, async ({ params: { id } }) => {
    const [found] = await db.read(org, (tx) => listEvents(tx, org, { id, limit: 1 }));
    if (found === undefined) throw new AppError({ code: "reassessment.not_found", status: 404, message: "There is no change event with this id.", remedies: [{ text: "List them.", command: "npx mandate get change-events" }] });
    return shownEvent(found);
  });

  app.post(
    "/api/v1/vendors/:name/events",
    {
      config: { access: editors },
      schema: { operationId: "reportVendorEvent", summary: "A vendor's own change: one reassessment for every system that depends on it", params: z.object({ name: pathName }), body: z.strictObject({ kind: z.enum(vendorEventKinds), summary: line, url: z.url({ protocol: /^https?$/ }).max(2000).optional(), value: line.optional() }), response: { 201: z.object({ reassessment: text.nullable() }) } },
    },
    async (request, reply) => reply.code(201).send({ reassessment: await reportVendorEvent(contexts.for(actorOf(request)), request.params.name, request.body, deps.dependents) }),
  );
}

function shownCase(one: Case, nowMs: number): Omit<z.infer<typeof item>, "systems"> {
  return {
    id: one.id, trigger: one.trigger, title: one.title, subject: one.subject, class: one.class, state: one.state, observedBy: one.observedBy, url: one.url, openedAt: one.openedAt.toISOString(), due: one.dueAt?.toISOString() ?? null,
    overdue: one.state === "open" && one.dueAt !== null && one.dueAt.getTime() <= nowMs, decidedAt: one.decidedAt?.toISOString() ?? null,
  };
}

function shownEvent(one: ChangeEvent): z.infer<typeof event> {
  return { ...one, at: one.at.toISOString() };
}
