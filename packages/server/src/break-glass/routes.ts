import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, email, instant, line, reasonBody, stoppers } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { unknownPlan } from "./errors.ts";
import { endPlan, registerPlan } from "./plans.ts";
import type { TierOf } from "./plans.ts";
import { readPlans } from "./store.ts";
import { confirmUse, endUse, reviewUse, startUse } from "./uses.ts";

const use = z.object({
  id: z.string(),
  startedBy: z.string(),
  startedAt: z.string(),
  reason: z.string(),
  confirmedBy: z.string().nullable(),
  endsAt: z.string().nullable(),
  reviewDue: z.string().nullable(),
  reviewedBy: z.string().nullable(),
  review: z.string().nullable(),
});
const plan = z.object({
  id: z.string(),
  name: z.string(),
  systems: z.array(z.string()).readonly(),
  rules: z.array(z.string()).readonly(),
  people: z.array(z.string()).readonly(),
  minutes: z.number(),
  reason: z.string(),
  compensating: z.string(),
  approval: z.string(),
  state: z.enum(["asked", "ready", "waiting", "open", "ended"]),
  endsAt: z.string(),
  uses: z.array(use).readonly(),
});
const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "is lower-case letters, digits and hyphens");
const params = z.object({ name });
const registrars = ["security-reviewer", "governance-lead", "authorizing-official", "technical-owner", "business-owner"] as const;
const reviewers = ["security-reviewer", "legal-reviewer", "governance-lead", "authorizing-official"] as const;

export interface BreakGlassRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly tierOf: TierOf;
}

export function breakGlassRoutes(app: App, { db, org, now, contexts, tierOf }: BreakGlassRouteDeps): void {
  const read = (only?: string) => db.read(org, (tx) => readPlans(tx, org, now(), only === undefined ? undefined : { name: only }));
  const one = async (of: string) => {
    const [found] = await read(of);
    if (found === undefined) throw unknownPlan(of);
    return found;
  };

  app.get("/api/v1/break-glass", { config: { access: "signed-in" }, schema: { operationId: "listBreakGlass", response: { 200: z.object({ items: z.array(plan).readonly(), nextCursor: z.null() }) } } }, async () => ({ items: await read(), nextCursor: null }));

  app.post(
    "/api/v1/break-glass",
    {
      config: { access: registrars },
      schema: {
        operationId: "registerBreakGlass",
        summary: "Agree beforehand who may lift which rules in an emergency; an authorizing official approves it",
        body: z.strictObject({
          name,
          systems: z.array(z.string().max(254)).min(1).max(50),
          rules: z.array(z.string().regex(/^[\w./:#-]{1,200}$/)).min(1).max(50),
          people: z.array(email).min(2).max(20),
          minutes: z.number().int().min(1).max(240),
          reason: line.max(1000),
          compensating: line.max(1000),
          ends: instant,
        }),
        response: { 201: plan },
      },
    },
    async (request, reply) => {
      await registerPlan(contexts.quiet(actorOf(request)), { ...request.body, ends: new Date(request.body.ends) }, tierOf);
      return reply.code(201).send(await one(request.body.name));
    },
  );

  app.post("/api/v1/break-glass/:name/start", { config: { access: "signed-in" }, schema: { operationId: "startBreakGlass", summary: "The first of two named people", params, body: reasonBody, response: { 200: plan } } }, async (request) => {
    await startUse(contexts.quiet(actorOf(request)), request.params.name, request.body.reason, tierOf);
    return one(request.params.name);
  });

  app.post("/api/v1/break-glass/:name/confirm", { config: { access: "signed-in" }, schema: { operationId: "confirmBreakGlass", summary: "The second: the rules are lifted from here", params, body: reasonBody, response: { 200: plan } } }, async (request) => {
    await confirmUse(contexts.for(actorOf(request)), request.params.name, request.body.reason, tierOf);
    return one(request.params.name);
  });

  app.post("/api/v1/break-glass/:name/close", { config: { access: stoppers }, schema: { operationId: "closeBreakGlass", summary: "End the use that is open, at once", params, body: reasonBody, response: { 200: plan } } }, async (request) => {
    await endUse(contexts.for(actorOf(request)), request.params.name, request.body.reason);
    return one(request.params.name);
  });

  app.post("/api/v1/break-glass/:name/uses/:use/review", { config: { access: reviewers }, schema: { operationId: "reviewBreakGlass", params: params.extend({ use: z.string().max(100) }), body: reasonBody, response: { 200: plan } } }, async (request) => {
    await reviewUse(contexts.quiet(actorOf(request)), request.params.name, request.params.use, request.body.reason);
    return one(request.params.name);
  });

  app.delete("/api/v1/break-glass/:name", { config: { access: stoppers }, schema: { operationId: "endBreakGlass", summary: "End a plan for good", params, querystring: z.object({ reason: z.string().trim().min(1).max(1000) }), response: { 204: z.null() } } }, async (request, reply) => {
    await endPlan(contexts.for(actorOf(request)), request.params.name, request.query.reason);
    return reply.code(204).send(null);
  });
}
