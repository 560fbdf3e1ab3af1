import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, email, fromCursor, instant, page, pageQuery, pathName, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { createDelegation, endDelegation, listDelegations } from "./delegations.ts";
import type { AskToSign } from "./delegations.ts";

const delegation = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  reason: z.string(),
  starts: z.string(),
  ends: z.string(),
  state: z.enum(["planned", "active", "ended"]),
  signed: z.boolean(),
  approval: z.string().nullable(),
  createdAt: z.string(),
});

export interface DelegationRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly askToSign: AskToSign;
}

export function delegationRoutes(app: App, { db, org, now, contexts, askToSign }: DelegationRouteDeps): void {
  app.get("/api/v1/delegations", { config: { access: "signed-in" }, schema: { operationId: "listDelegations", querystring: z.object(pageQuery), response: { 200: page(delegation) } } }, async ({ query }) => {
    const rows = await db.read(org, (tx) => listDelegations(tx, org, now(), { cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
    return toPage(rows, query.limit, (row) => row, (row) => row.id);
  });

  app.post(
    "/api/v1/delegations",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "createDelegation",
        summary: "Name who answers while you are away",
        body: z.strictObject({ to: email, reason: z.string().trim().min(1).max(1000), starts: instant.optional(), ends: instant }),
        response: { 201: delegation },
      },
    },
    async (request, reply) => {
      const { to, reason, starts, ends } = request.body;
      const made = await createDelegation(contexts.quiet(actorOf(request)), { to, reason, starts: starts === undefined ? new Date(now()) : new Date(starts), ends: new Date(ends) }, askToSign);
      return reply.code(201).send(made);
    },
  );

  app.delete("/api/v1/delegations/:id", { config: { access: "signed-in" }, schema: { operationId: "endDelegation", params: z.object({ id: pathName }), response: { 200: delegation } } }, (request) =>
    endDelegation(contexts.quiet(actorOf(request)), request.params.id),
  );
}
