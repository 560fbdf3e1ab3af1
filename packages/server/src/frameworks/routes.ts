import { catalogs, controls } from "@mandate/frameworks";
import type { Catalog, Control } from "@mandate/frameworks";
import { AppError, gradesOfKnowing } from "@mandate/model";
import { z } from "zod";
import { instant, page, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { controlOutcomes, controlResultSchema, latestResults } from "../controls/index.ts";
import type { ControlResult } from "../controls/index.ts";
import type { Database } from "../database/index.ts";

const framework = z.object({ key: z.string(), name: z.string(), short: z.string(), version: z.string(), publisher: z.string(), licence: z.string(), titleStatus: z.string(), items: z.number() });
const item = z.object({
  id: z.string(),
  kind: z.string(),
  title: z.string(),
  summary: z.string().nullable(),
  parent: z.string().nullable(),
  heading: z.boolean(),
  appliesFrom: z.string().nullable(),
  /** Our controls that support it. */
  controls: z.array(z.string()),
});
const control = z.object({
  id: z.string(),
  family: z.string(),
  statement: z.string(),
  kind: z.enum(["query", "runtime"]),
  measure: z.string(),
  appliesTo: z.string(),
  evidence: z.string(),
  supports: z.record(z.string(), z.array(z.string()).readonly()),
  /** How it is known (G9), and what its newest result says, as the clock reads it. Never run: `cant_tell`, `unproven`. */
  grade: z.enum(gradesOfKnowing),
  outcome: z.enum(controlOutcomes),
  result: controlResultSchema.nullable(),
});
const params = z.object({ key: pathName });

function shown({ items, ...rest }: Catalog) {
  return { ...rest, items: items.filter((one) => !one.heading).length };
}

function measured(one: Control, results: readonly ControlResult[]) {
  const result = results.find((each) => each.control === one.id);
  return { ...one, supports: { ...one.supports }, grade: result?.grade ?? ("cant_tell" as const), outcome: result?.outcome ?? ("unproven" as const), result: result === undefined ? null : { ...result, systems: { ...result.systems } } };
}

const ofSystem = z.object({ system: z.string().max(128).optional(), until: instant.optional() });

export interface FrameworkRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
}

/** What frameworks ask, which of our controls support it, and what was measured of each. */
export function frameworkRoutes(app: App, { db, org, now }: FrameworkRouteDeps): void {
  const latest = ({ system, until }: z.infer<typeof ofSystem>) => db.read(org, (tx) => latestResults(tx, org, now(), { systems: system === undefined ? [] : [system], until: until ?? null }));

  app.get("/api/v1/frameworks", { config: { access: "signed-in" }, schema: { operationId: "listFrameworks", response: { 200: page(framework) } } }, () => ({ items: catalogs().map(shown), nextCursor: null }));

  app.get("/api/v1/frameworks/:key", { config: { access: "signed-in" }, schema: { operationId: "getFramework", params, response: { 200: framework.extend({ items: z.array(item) }) } } }, ({ params }) => {
    const found = catalogs().find((one) => one.key === params.key);
    if (found === undefined) throw new AppError({ code: "frameworks.unknown", status: 404, message: "There is no framework with this key.", remedies: [{ text: "List them.", command: "npx mandate get frameworks" }] });
    return { ...found, items: found.items.map((one) => ({ ...one, controls: controls().flatMap((other) => (other.supports[found.key]?.includes(one.id) ? [other.id] : [])) })) };
  });

  app.get("/api/v1/controls", { config: { access: "signed-in" }, schema: { operationId: "listControls", summary: "Each control with its newest result; for one system, the outcome for that system alone", querystring: ofSystem, response: { 200: page(control) } } }, async ({ query }) => {
    const results = await latest(query);
    return { items: controls().map((one) => measured(one, results)), nextCursor: null };
  });

  app.get("/api/v1/controls/:key", { config: { access: "signed-in" }, schema: { operationId: "getControl", params, querystring: ofSystem, response: { 200: control } } }, async ({ params, query }) => {
    const found = controls().find((one) => one.id === params.key);
    if (found === undefined) throw new AppError({ code: "frameworks.control_unknown", status: 404, message: "There is no control with this id.", remedies: [{ text: "List them.", command: "npx mandate get controls" }] });
    return measured(found, await latest(query));
  });
}
