import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, editors, email, fromCursor, instant, page, pageQuery, pathName, stoppers, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { assignFinding, closeFinding, dismissFinding, findFinding, findingStates, listFindings } from "./findings.ts";
import { severities } from "./kinds.ts";

const finding = z.object({
  id: z.string(),
  cause: z.string(),
  causeTitle: z.string(),
  severity: z.enum(severities),
  title: z.string(),
  detail: z.string(),
  system: z.string().nullable(),
  owner: z.string().nullable(),
  state: z.enum(findingStates),
  openedAt: z.string(),
  due: z.string(),
  overdue: z.boolean(),
  fix: z.object({ text: z.string(), command: z.string().optional(), url: z.string().optional() }),
  seen: z.number(),
  lastSeenAt: z.string(),
  dismissed: z.object({ by: z.string(), reason: z.string(), until: z.string() }).nullable(),
  excepted: z.object({ exception: z.string(), by: z.array(z.string()).readonly(), until: z.string(), compensating: z.string() }).nullable(),
  closed: z.object({ at: z.string(), by: z.string(), how: z.string() }).nullable(),
});
const params = z.object({ id: pathName });
const word = z.string().max(128).optional();

export function findingRoutes(app: App, deps: { readonly db: Database; readonly org: string; readonly now: () => number; readonly contexts: Contexts }): void {
  const { db, org, now, contexts } = deps;
  const systemOf = async ({ params: of }: { readonly params: unknown }): Promise<string | null> => (await db.read(org, (tx) => findFinding(tx, org, now(), (of as z.infer<typeof params>).id))).system;

  app.get(
    "/api/v1/findings",
    { config: { access: "signed-in" }, schema: { operationId: "listFindings", querystring: z.object({ ...pageQuery, system: word, state: z.enum(findingStates).optional(), kind: word, owner: z.string().max(254).optional(), severity: z.enum(severities).optional(), overdue: z.enum(["true", "false"]).optional() }), response: { 200: page(finding) } } },
    async ({ query }) => {
      const rows = await db.read(org, (tx) => listFindings(tx, org, now(), { ...query, overdue: query.overdue === undefined ? undefined : query.overdue === "true", cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, (row) => row, (row) => row.id);
    },
  );

  app.get("/api/v1/findings/:id", { config: { access: "signed-in" }, schema: { operationId: "getFinding", params, response: { 200: finding } } }, ({ params }) =>
    db.read(org, (tx) => findFinding(tx, org, now(), params.id)),
  );

  app.post(
    "/api/v1/findings/:id/assign",
    { config: { access: editors, systemOf }, schema: { operationId: "assignFinding", summary: "Give it to a person, who hears of it", params, body: z.strictObject({ owner: email, reason: z.string().trim().min(1).max(1000).optional() }), response: { 200: finding } } },
    (request) => assignFinding(contexts.quiet(actorOf(request)), request.params.id, request.body.owner, request.body.reason ?? null),
  );

  app.post(
    "/api/v1/findings/:id/close",
    { config: { access: editors, systemOf }, schema: { operationId: "closeFinding", summary: "Say how it was mended; its check opens it again if it wasn't", params, body: z.strictObject({ how: z.string().trim().min(1).max(1000) }), response: { 200: finding } } },
    (request) => closeFinding(contexts.quiet(actorOf(request)), request.params.id, request.body.how),
  );

  app.post(
    "/api/v1/findings/:id/dismiss",
    {
      config: { access: stoppers, systemOf },
      schema: { operationId: "dismissFinding", params, body: z.strictObject({ reason: z.string().trim().min(1).max(1000), until: instant }), response: { 200: finding } },
    },
    (request) => dismissFinding(contexts.quiet(actorOf(request)), request.params.id, request.body.reason, new Date(request.body.until)),
  );
}
