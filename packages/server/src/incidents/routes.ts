import { incidentQuestions } from "@mandate/frameworks";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { severities } from "../findings/index.ts";
import { actorOf, editors, fromCursor, instant, line, page, pageQuery, pathName, reasonBody, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { clockStates } from "./clocks.ts";
import { answerIncident, awareEarlier, closeIncident, decideClock, draftClock, noteOnIncident, openIncident, submitClock } from "./incidents.ts";
import type { IncidentPorts } from "./incidents.ts";
import { scopeBody, scopeOf } from "./kill-routes.ts";
import { listStops } from "./kill.ts";
import { listIncidents, showIncident } from "./store.ts";
import type { Incident } from "./store.ts";
import { timelineOf } from "./timeline.ts";

const text = z.string();
const clock = z.object({
  id: text,
  title: text,
  citation: text,
  appliesFrom: text,
  hours: z.number(),
  to: text,
  due: text,
  derived: z.enum(["likely", "perhaps", "no"]),
  open: z.array(text).readonly(),
  state: z.enum(clockStates),
  confirmed: z.object({ by: text, at: text, reason: text }).nullable(),
  draft: text,
  submitted: z.object({ at: text, by: text, reference: text, late: z.boolean() }).nullable(),
});
const incident = z.object({
  id: text,
  title: text,
  severity: z.enum(severities),
  state: z.enum(["open", "closed"]),
  systems: z.array(text).readonly(),
  answers: z.record(text, z.boolean()),
  aware: text,
  openedAt: text,
  openedBy: text,
  closed: z.object({ at: text, by: text, how: text }).nullable(),
  clocks: z.array(clock).readonly(),
  nextDue: text.nullable(),
  overdue: z.boolean(),
});
const detail = incident.extend({
  timeline: z.array(z.object({ seq: z.number(), at: text, kind: text, by: text, text, data: z.record(text, z.unknown()) })).readonly(),
  stops: z.array(z.object({ id: text, scope: text, name: text, reason: text, state: text, at: text, by: text })).readonly(),
});
const params = z.object({ id: pathName });
const clockParams = params.extend({ clock: z.string().max(100) });
const answers = z.record(z.string().max(64), z.boolean());
const prose = z.string().trim().min(1).max(10_000);
const deciders = ["legal-reviewer", "governance-lead", "authorizing-official"] as const;

/** Answers without the holes that a partial record may have. */
function shown(one: Incident): z.infer<typeof incident> {
  return { ...one, answers: Object.fromEntries(Object.entries(one.answers).flatMap(([id, value]) => (value === undefined ? [] : [[id, value]]))) };
}

export interface IncidentRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly ports: IncidentPorts;
}

export function incidentRoutes(app: App, { db, org, now, contexts, ports }: IncidentRouteDeps): void {
  const one = (id: string): Promise<z.infer<typeof detail>> =>
    db.read(org, async (tx) => ({ ...shown(await showIncident(tx, org, id, now())), timeline: await timelineOf(tx, org, id), stops: (await listStops(tx, org)).filter((stop) => stop.incident === id) }));

  app.get(
    "/api/v1/incidents",
    {
      config: { access: "signed-in" },
      schema: { operationId: "listIncidents", querystring: z.object({ ...pageQuery, state: z.enum(["open", "closed"]).optional(), system: z.string().max(128).optional(), severity: z.enum(severities).optional() }), response: { 200: page(incident) } },
    },
    async ({ query }) => {
      const rows = await db.read(org, (tx) => listIncidents(tx, org, now(), { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, shown, (row) => row.id);
    },
  );

  app.get("/api/v1/incidents/questions", { config: { access: "signed-in" }, schema: { operationId: "listIncidentQuestions", summary: "What is asked to find which legal clocks may run", response: { 200: z.object({ items: z.array(z.object({ id: text, question: text })) }) } } }, async () => ({
    items: [...incidentQuestions].map(([id, question]) => ({ id, question })),
  }));

  app.get("/api/v1/incidents/:id", { config: { access: "signed-in" }, schema: { operationId: "getIncident", params, response: { 200: detail } } }, ({ params }) => one(params.id));

  app.post(
    "/api/v1/incidents",
    {
      config: { access: editors },
      schema: {
        operationId: "openIncident",
        summary: "Open an incident, and stop with it what has to stop",
        body: z.strictObject({ title: line, severity: z.enum(severities).default("high"), systems: z.array(pathName).max(200).default([]), aware: instant.optional(), answers: answers.default({}), kill: z.array(scopeBody).max(50).default([]) }),
        response: { 201: detail },
      },
    },
    async (request, reply) => {
      const { kill, ...input } = request.body;
      // What is stopped reaches gateways at once; an incident alone changes nothing that they hold.
      const ctx = kill.length > 0 || input.systems.length > 0 ? contexts.for(actorOf(request)) : contexts.quiet(actorOf(request));
      const opened = await openIncident(ctx, { ...input, kill: kill.map(scopeOf) }, ports);
      return reply.code(201).send(await one(opened.id));
    },
  );

  app.post("/api/v1/incidents/:id/notes", { config: { access: editors }, schema: { operationId: "noteOnIncident", params, body: z.strictObject({ text: prose }), response: { 200: detail } } }, async (request) => {
    await noteOnIncident(contexts.quiet(actorOf(request)), request.params.id, request.body.text);
    return one(request.params.id);
  });

  app.post("/api/v1/incidents/:id/answers", { config: { access: editors }, schema: { operationId: "answerIncident", params, body: reasonBody.extend({ answers }), response: { 200: detail } } }, async (request) => {
    await answerIncident(contexts.quiet(actorOf(request)), request.params.id, request.body.answers, request.body.reason);
    return one(request.params.id);
  });

  app.post("/api/v1/incidents/:id/aware", { config: { access: editors }, schema: { operationId: "moveAwareness", summary: "Somebody knew earlier; never later", params, body: reasonBody.extend({ aware: instant }), response: { 200: detail } } }, async (request) => {
    await awareEarlier(contexts.quiet(actorOf(request)), request.params.id, request.body.aware, request.body.reason);
    return one(request.params.id);
  });

  app.post("/api/v1/incidents/:id/clocks/:clock", { config: { access: deciders }, schema: { operationId: "decideClock", summary: "Say whether a legal duty applies", params: clockParams, body: reasonBody.extend({ applies: z.boolean() }), response: { 200: detail } } }, async (request) => {
    await decideClock(contexts.quiet(actorOf(request)), request.params.id, request.params.clock, request.body.applies, request.body.reason);
    return one(request.params.id);
  });

  app.put("/api/v1/incidents/:id/clocks/:clock/draft", { config: { access: editors }, schema: { operationId: "draftNotification", params: clockParams, body: z.strictObject({ text: prose }), response: { 200: detail } } }, async (request) => {
    await draftClock(contexts.quiet(actorOf(request)), request.params.id, request.params.clock, request.body.text);
    return one(request.params.id);
  });

  app.post(
    "/api/v1/incidents/:id/submit",
    { config: { access: editors }, schema: { operationId: "submitNotification", summary: "Record the proof that somebody was told", params, body: z.strictObject({ clock: z.string().max(100), reference: line, at: instant.optional() }), response: { 200: detail } } },
    async (request) => {
      await submitClock(contexts.quiet(actorOf(request)), request.params.id, request.body);
      return one(request.params.id);
    },
  );

  app.post("/api/v1/incidents/:id/close", { config: { access: editors }, schema: { operationId: "closeIncident", summary: "Cause and remedy; not while a duty is undecided or unmet", params, body: z.strictObject({ how: prose }), response: { 200: detail } } }, async (request) => {
    await closeIncident(contexts.quiet(actorOf(request)), request.params.id, request.body.how);
    return one(request.params.id);
  });
}
