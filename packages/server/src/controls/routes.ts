import { controls } from "@mandate/frameworks";
import { gradesOfKnowing } from "@mandate/model";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, editors, fromCursor, instant, page, pageQuery, pathName, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { controlOutcomes } from "./result.ts";
import type { Controls } from "./service.ts";
import { resultHistory } from "./store.ts";

const count = z.object({ population: z.number(), faults: z.number(), excepted: z.number() });
export const controlResultSchema = z.object({
  id: z.string(),
  run: z.string(),
  control: z.string(),
  at: z.string(),
  grade: z.enum(gradesOfKnowing),
  outcome: z.enum(controlOutcomes),
  reason: z.string(),
  unit: z.string(),
  population: z.number(),
  faults: z.number(),
  excepted: z.number(),
  exceptions: z.array(z.object({ subject: z.string(), system: z.string().nullable(), fault: z.string(), exception: z.string().nullable() })).readonly(),
  systems: z.record(z.string(), count),
  query: z.string(),
  window: z.object({ since: z.string(), until: z.string() }),
  position: z.array(z.object({ origin: z.string(), size: z.number() })).readonly(),
  proof: z.object({ how: z.enum(["planted", "gateway", "sample", "log"]), saw: z.string(), at: z.string(), decisions: z.array(z.string()).readonly().optional() }).nullable(),
  gateways: z.array(z.object({ gateway: z.string(), outcome: z.enum(["refused", "not_refused", "not_known"]), saw: z.string() })).readonly().describe("What each gateway met when it was probed; empty where nothing is probed"),
  startedBy: z.string(),
});

const id = z.string().regex(/^[A-Z]{2,4}-[0-9]{2}$/, "is not the id of a control");

export interface ControlRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly contexts: Contexts;
  readonly controls: Controls;
}

/** The newest result of each control stands with the control itself (`GET /api/v1/controls`); these run them and give the history. */
export function controlRoutes(app: App, { db, org, contexts, controls: measuring }: ControlRouteDeps): void {
  app.post(
    "/api/v1/controls/run",
    {
      config: { access: editors },
      schema: {
        operationId: "runControls",
        summary: "Measure controls now, all or those named, probes at the running gateway included",
        body: z.strictObject({ controls: z.array(id).max(controls().length).default([]) }),
        response: { 200: z.object({ run: z.string(), results: z.array(controlResultSchema).readonly() }) },
      },
    },
    (request) => measuring.run(contexts.quiet(actorOf(request)), request.body.controls),
  );

  app.get(
    "/api/v1/controls/:key/results",
    {
      config: { access: "signed-in" },
      schema: { operationId: "listControlResults", summary: "Every result of one control, newest first, as it was found", params: z.object({ key: pathName }), querystring: z.object({ ...pageQuery, since: instant.optional(), until: instant.optional() }), response: { 200: page(controlResultSchema) } },
    },
    async ({ params, query }) => {
      const rows = await db.read(org, (tx) => resultHistory(tx, org, { control: params.key, since: query.since, until: query.until, cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows.map((row) => ({ ...row, systems: { ...row.systems } })), query.limit, (row) => row, (row) => row.id);
    },
  );
}
