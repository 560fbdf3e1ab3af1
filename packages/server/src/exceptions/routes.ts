import { tiers } from "@mandate/model";
import { z } from "zod";
import { answerBody, decideApproval } from "../approvals/index.ts";
import type { DecisionPorts } from "../approvals/index.ts";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, editors, fromCursor, instant, line, page, pageQuery, pathName, reasonBody, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { exceptionUnknown } from "./errors.ts";
import { endException, requestException } from "./request.ts";
import type { ExceptionPorts } from "./request.ts";
import { exceptionScopes, readExceptions, stateOf } from "./store.ts";
import type { Exception } from "./store.ts";

const shown = z.object({
  id: z.string(),
  system: z.string(),
  scope: z.object({ kind: z.enum(exceptionScopes), id: z.string() }),
  state: z.enum(["asked", "in_force", "refused", "ended"]),
  reason: z.string(),
  compensating: z.string(),
  tier: z.enum(tiers),
  requester: z.string(),
  requestedAt: z.string(),
  approval: z.string(),
  grantedAt: z.string().nullable(),
  grantedBy: z.array(z.string()).readonly(),
  ends: z.string(),
  ended: z.object({ at: z.string(), by: z.string(), reason: z.string() }).nullable(),
});

function view(one: Exception, nowMs: number): z.infer<typeof shown> {
  return {
    id: one.id, system: one.system, scope: { kind: one.scope, id: one.target }, state: stateOf(one, nowMs), reason: one.reason, compensating: one.compensating, tier: one.tier, requester: one.requesterEmail ?? one.requester,
    requestedAt: one.requestedAt.toISOString(), approval: one.approvalId, grantedAt: one.grantedAt?.toISOString() ?? null, grantedBy: one.grantedBy ?? [], ends: one.endsAt.toISOString(),
    ended: one.endedAt === null ? null : { at: one.endedAt.toISOString(), by: one.endedBy ?? "", reason: one.endedReason ?? "" },
  };
}

const params = z.object({ id: pathName });

export interface ExceptionRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly ports: ExceptionPorts;
  readonly decisions: DecisionPorts;
}

export function exceptionRoutes(app: App, { db, org, now, contexts, ports, decisions }: ExceptionRouteDeps): void {
  const one = async (id: string): Promise<Exception> => {
    const [found] = await db.read(org, (tx) => readExceptions(tx, org, { id }));
    if (found === undefined) throw exceptionUnknown();
    return found;
  };
  const read = async (id: string) => view(await one(id), now());

  app.get(
    "/api/v1/exceptions",
    { config: { access: "signed-in" }, schema: { operationId: "listExceptions", summary: "Soonest end first", querystring: z.object({ ...pageQuery, system: z.string().max(128).optional(), state: z.enum(["asked", "in_force", "refused", "ended"]).optional() }), response: { 200: page(shown) } } },
    async ({ query }) => {
      const after = fromCursor(query.cursor);
      const all = (await db.read(org, (tx) => readExceptions(tx, org, { system: query.system }))).map((found) => view(found, now())).filter((found) => query.state === undefined || found.state === query.state);
      const key = (found: { readonly ends: string; readonly id: string }): string => `${found.ends} ${found.id}`;
      return toPage(all.filter((found) => after === undefined || key(found) > after).slice(0, query.limit + 1), query.limit, (found) => found, key);
    },
  );

  app.get("/api/v1/exceptions/:id", { config: { access: "signed-in" }, schema: { operationId: "getException", params, response: { 200: shown } } }, ({ params: of }) => read(of.id));

  app.post(
    "/api/v1/exceptions",
    {
      config: { access: editors, systemOf: ({ body }) => (body as { readonly system: string }).system },
      schema: {
        operationId: "requestException",
        summary: "Ask to let one gate, rule, control or finding pass, for one system, until an end; the tier's approvers decide",
        body: z.strictObject({ system: pathName, scope: z.strictObject({ kind: z.enum(exceptionScopes), id: z.string().regex(/^[\w./:#-]{1,200}$/, "is not an id") }), reason: line.max(1000), compensating: line.max(1000), ends: instant }),
        response: { 201: shown },
      },
    },
    async (request, reply) => {
      const { system, scope, reason, compensating, ends } = request.body;
      const id = await requestException(contexts.quiet(actorOf(request)), { system, scope: scope.kind, target: scope.id, reason, compensating, ends: new Date(ends) }, ports);
      return reply.code(201).send(await read(id));
    },
  );

  // These answer the question about it: the other door is `/approvals/{id}/approve|refuse`.
  for (const [verb, choice] of [["grant", "approve"], ["refuse", "refuse"]] as const) {
    app.post(`/api/v1/exceptions/:id/${verb}`, { config: { access: "signed-in" }, schema: { operationId: `${verb}Exception`, params, body: answerBody, response: { 200: shown } } }, async (request) => {
      const { approvalId } = await one(request.params.id);
      await decideApproval(contexts.for(actorOf(request)), approvalId, { ...request.body, choice }, decisions);
      return read(request.params.id);
    });
  }

  app.post("/api/v1/exceptions/:id/end", { config: { access: editors, systemOf: async ({ params: of }) => (await one((of as z.infer<typeof params>).id)).system }, schema: { operationId: "endException", summary: "End it now: what it lifted binds again", params, body: reasonBody, response: { 200: shown } } }, async (request) => {
    await endException(contexts.for(actorOf(request)), request.params.id, request.body.reason);
    return read(request.params.id);
  });
}

