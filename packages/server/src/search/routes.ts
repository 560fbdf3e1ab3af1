import { AppError, sensitivities } from "@mandate/model";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { decisionFilters, decisionSchema, filterOf } from "../decisions/index.ts";
import type { LogKeys } from "../evidence/index.ts";
import { actorOf, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { asOfEntry } from "./as-of-entry.ts";
import { exportDecisions } from "./export.ts";
import { readSession } from "./session.ts";

const labels = z.object({ maxSensitivity: z.enum(sensitivities), untrusted: z.boolean(), residency: z.array(z.string()).readonly(), classes: z.array(z.string()).readonly(), purposes: z.array(z.string()).readonly().nullable() });
const session = z.object({
  id: z.string(),
  systems: z.array(z.string()),
  started: z.string(),
  last: z.string(),
  steps: z.array(z.object({ decision: decisionSchema, approval: z.object({ id: z.string(), state: z.string() }).nullable(), trace: z.string().nullable(), classes: z.array(z.string()), labels: labels.nullable() })),
  truncated: z.boolean(),
  spans: z.array(z.object({ system: z.string(), trace: z.string(), span: z.string(), parent: z.string().nullable(), operation: z.string(), model: z.string().nullable(), tool: z.string().nullable(), address: z.string().nullable(), decision: z.string().nullable(), started: z.string(), ended: z.string().nullable() })),
  spansTruncated: z.boolean(),
});

export interface SearchRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly contexts: Contexts;
  readonly keys: LogKeys;
  readonly drain: () => Promise<unknown>;
}

/** A conversation as it ran, what a search found as a file, and the register as it stood at an entry. */
export function searchRoutes(app: App, deps: SearchRouteDeps): void {
  const { db, org, contexts } = deps;
  asOfEntry(app, deps);

  app.get("/api/v1/sessions/:id", { config: { access: "signed-in" }, schema: { operationId: "getConversation", summary: "A conversation with its model calls, tool calls, holds and labels, and what its application reports of itself in the same traces", params: z.object({ id: pathName }), response: { 200: session } } }, async ({ params }) => {
    await deps.drain().catch(() => undefined);
    const found = await db.read(org, (tx) => readSession(tx, org, deps.keys, params.id));
    if (found === undefined) throw new AppError({ code: "sessions.not_found", status: 404, message: "No decision belongs to a session with this id.", remedies: [{ text: "Take the id from a decision.", command: "npx mandate evidence search" }] });
    return found;
  });

  app.get(
    "/api/v1/evidence/decisions",
    {
      config: { access: ["auditor", "business-owner", "technical-owner", "security-reviewer", "legal-reviewer", "governance-lead", "authorizing-official", "administrator"] },
      schema: { operationId: "exportDecisions", summary: "What a search of decisions found, as CSV or JSON lines; the export is itself an entry", querystring: z.object({ ...decisionFilters, format: z.enum(["csv", "jsonl"]).default("jsonl") }) },
    },
    async (request, reply) => {
      const { format, ...fields } = request.query;
      const filter = filterOf(fields);
      await deps.drain().catch(() => undefined);
      await contexts.quiet(actorOf(request)).transact(async (_tx, record) => record({ type: "evidence.read", ...(filter.system === undefined ? {} : { system: filter.system }), payload: { event: "exported", format, filter } }));
      request.raw.socket.setTimeout(0);
      return reply
        .type(format === "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson; charset=utf-8")
        .header("content-disposition", `attachment; filename="decisions.${format}"`)
        .send(exportDecisions(db, org, filter, format));
    },
  );
}
