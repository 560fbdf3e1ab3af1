import { tiers } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, administrators, editors, instant, line, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import type { RegisterPorts } from "../registry/index.ts";
import { importRows } from "./import.ts";
import { overrideTier } from "./override.ts";
import { loadOwnRules, ownRulesSchema, proposeOwnRules } from "./own-rules.ts";
import { similarSystems } from "./similar.ts";
import { readTier, tierView } from "./view.ts";

export interface TieringDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly ports: RegisterPorts;
}

const params = z.object({ name: pathName });
const maxRows = 500;
const maxImportBytes = 4 * 1024 * 1024;
const short = z.string().max(200);

export function tieringRoutes(app: App, { db, org, now, contexts, ports }: TieringDeps): void {
  app.get("/api/v1/systems/:name/tier", { config: { access: "signed-in" }, schema: { operationId: "getTier", summary: "The tier, what it was computed from, every reason, overrides and history", params, response: { 200: tierView } } }, ({ params }) =>
    db.read(org, (tx) => readTier(tx, org, params.name, now())),
  );

  app.post(
    "/api/v1/systems/:name/tier",
    {
      config: { access: editors },
      schema: {
        operationId: "overrideTier",
        summary: "Up holds at once; down needs a second person, a reason and an end",
        params,
        body: z.strictObject({ tier: z.enum(tiers), reason: line, until: instant.optional() }),
        response: { 200: tierView.extend({ approval: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { approval } = await overrideTier(contexts.for(actorOf(request)), request.params.name, request.body, ports.reconcile);
      return { ...(await db.read(org, (tx) => readTier(tx, org, request.params.name, now()))), approval };
    },
  );

  app.post(
    "/api/v1/systems/similar",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "similarSystems",
        summary: "Systems that do much the same, and what is alike",
        body: z.strictObject({ title: short.default(""), purposes: z.array(z.string().max(2000)).max(50).default([]), tools: z.array(short).max(500).default([]), datasets: z.array(short).max(500).default([]), except: short.optional() }),
        response: { 200: z.object({ items: z.array(z.object({ name: z.string(), title: z.string(), owner: z.string().nullable(), score: z.number(), because: z.array(z.string()).readonly() })) }) },
      },
    },
    async ({ body }) => {
      const { except, ...wanted } = body;
      return { items: await db.read(org, (tx) => similarSystems(tx, org, wanted, except)) };
    },
  );

  app.post(
    "/api/v1/systems/import",
    {
      bodyLimit: maxImportBytes,
      config: { access: editors },
      schema: {
        operationId: "importSystems",
        summary: "Rows of a spreadsheet to proposed systems, with a report row by row",
        body: z.strictObject({ rows: z.array(z.record(z.string().max(200), z.string().max(10_000))).min(1).max(maxRows), dryRun: z.boolean().default(false), reason: z.string().max(1000).optional() }),
        response: {
          200: z.object({
            rows: z.array(z.object({ row: z.number(), name: z.string(), status: z.enum(["draft", "exists", "refused"]), tier: z.string().nullable(), problems: z.array(z.string()).readonly(), notMapped: z.array(z.string()).readonly() })).readonly(),
            columns: z.array(z.object({ heading: z.string(), field: z.string().nullable() })).readonly(),
            drafts: z.number(),
          }),
        },
      },
    },
    (request) => importRows(contexts.for(actorOf(request)), ports, request.body.rows, { dryRun: request.body.dryRun, reason: request.body.reason }),
  );

  const settings = z.object({ rules: ownRulesSchema.shape.rules, parameters: ownRulesSchema.shape.parameters, waiting: z.array(z.string()) });
  app.get("/api/v1/settings/tier-rules", { config: { access: "signed-in" }, schema: { operationId: "getTierRules", summary: "The organization's own tier rules in force, and approvals they wait for", response: { 200: settings } } }, () =>
    db.read(org, async (tx) => {
      const { rows } = await sql<{ id: string }>`select id from approvals where org = ${org} and action = 'tier.rules' and state = 'pending' and expires_at > ${new Date(now())} order by id`.execute(tx);
      return ownRulesSchema.extend({ waiting: z.array(z.string()) }).parse({ ...(await loadOwnRules(tx, org)), waiting: rows.map((row) => row.id) });
    }),
  );
  app.put(
    "/api/v1/settings/tier-rules",
    {
      config: { access: administrators },
      schema: { operationId: "putTierRules", summary: "Add rules and tighten terms; a governance lead signs before they hold", body: ownRulesSchema.extend({ reason: line }), response: { 202: z.object({ approval: z.string() }) } },
    },
    async (request, reply) => {
      const { reason, ...rules } = request.body;
      return reply.code(202).send(await proposeOwnRules(contexts.quiet(actorOf(request)), rules, reason));
    },
  );
}
