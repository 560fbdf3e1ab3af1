import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, fromCursor, instant, page, pageQuery, pathName, stoppers, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { dismissFinding, findFinding, listFindings } from "./findings.ts";

const finding = z.object({
  id: z.string(),
  cause: z.string(),
  title: z.string(),
  detail: z.string(),
  system: z.string().nullable(),
  owner: z.string().nullable(),
  state: z.enum(["open", "dismissed", "closed"]),
  openedAt: z.string(),
  due: z.string(),
  seen: z.number(),
  lastSeenAt: z.string(),
  dismissed: z.object({ by: z.string(), reason: z.string(), until: z.string() }).nullable(),
});
const params = z.object({ id: pathName });

export function findingRoutes(app: App, deps: { readonly db: Database; readonly org: string; readonly now: () => number; readonly contexts: Contexts }): void {
  const { db, org, now, contexts } = deps;

  app.get(
    "/api/v1/findings",
    { config: { access: "signed-in" }, schema: { operationId: "listFindings", querystring: z.object({ ...pageQuery, system: z.string().max(128).optional(), state: z.string().max(20).optional() }), response: { 200: page(finding) } } },
    async ({ query }) => {
      const rows = await db.read(org, (tx) => listFindings(tx, org, now(), { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, (row) => row, (row) => row.id);
    },
  );

  app.get("/api/v1/findings/:id", { config: { access: "signed-in" }, schema: { operationId: "getFinding", params, response: { 200: finding } } }, ({ params }) =>
    db.read(org, (tx) => findFinding(tx, org, now(), params.id)),
  );

  app.post(
    "/api/v1/findings/:id/dismiss",
    {
      config: { access: stoppers },
      schema: { operationId: "dismissFinding", params, body: z.strictObject({ reason: z.string().trim().min(1).max(1000), until: instant }), response: { 200: finding } },
    },
    (request) => dismissFinding(contexts.quiet(actorOf(request)), request.params.id, request.body.reason, new Date(request.body.until)),
  );
}
