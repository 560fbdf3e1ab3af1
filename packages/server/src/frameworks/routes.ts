import { catalogs, controls, gapRole } from "@mandate/frameworks";
import type { Catalog, Control } from "@mandate/frameworks";
import { AppError, gradesOfKnowing } from "@mandate/model";
import { z } from "zod";
import { instant, page, pathName, roleSchema } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { controlOutcomes, controlResultSchema, gapOwners, latestResults } from "../controls/index.ts";
import type { ControlOutcome, ControlResult } from "../controls/index.ts";
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
  /** Whether it applies on the day of reading; null where it isn't dated. */
  inForce: z.boolean().nullable(),
  /** Our controls that support it. */
  controls: z.array(z.string()),
  /** The worst of their outcomes; null: outside the product. That it passes supports the item; whether the item is met is for people to say. */
  outcome: z.enum(controlOutcomes).nullable(),
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
  /** Who closes the gap, where there is one: whoever was given its finding, else whoever holds the role. */
  gapOwner: z.object({ role: roleSchema, email: z.string().nullable() }).nullable(),
});
const params = z.object({ key: pathName });

function shown({ items, dates: _dates, ...rest }: Catalog) {
  return { ...rest, items: items.filter((one) => !one.heading).length };
}

/** Worst first. What isn't known is worse than what is known to hold. */
const worstFirst: readonly ControlOutcome[] = ["fail", "stale", "unproven", "pass", "not_applicable"];
const gaps: ReadonlySet<ControlOutcome> = new Set(["fail", "stale", "unproven"]);

interface Known {
  readonly results: readonly ControlResult[];
  /** E-mail by control, of whoever was given its finding. */
  readonly owners: ReadonlyMap<string, string>;
}

function measured(one: Control, { results, owners }: Known) {
  const result = results.find((each) => each.control === one.id);
  const outcome = result?.outcome ?? ("unproven" as const);
  return {
    ...one, supports: { ...one.supports }, grade: result?.grade ?? ("cant_tell" as const), outcome, result: result === undefined ? null : { ...result, systems: { ...result.systems } },
    gapOwner: gaps.has(outcome) ? { role: gapRole(one.family), email: owners.get(one.id) ?? null } : null,
  };
}

function outcomeOf(ids: readonly string[], results: readonly ControlResult[]): ControlOutcome | null {
  const outcomes = new Set(ids.map((id) => results.find((each) => each.control === id)?.outcome ?? "unproven"));
  return worstFirst.find((one) => outcomes.has(one)) ?? null;
}

const ofSystem = z.object({ system: z.string().max(128).optional(), until: instant.optional() });

export interface FrameworkRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
}

/** What frameworks ask, which of our controls support it, and what was measured of each. */
export function frameworkRoutes(app: App, { db, org, now }: FrameworkRouteDeps): void {
  const latest = ({ system, until }: z.infer<typeof ofSystem>): Promise<Known> =>
    db.read(org, async (tx) => ({ results: await latestResults(tx, org, now(), { systems: system === undefined ? [] : [system], until: until ?? null }), owners: await gapOwners(tx, org) }));

  app.get("/api/v1/frameworks", { config: { access: "signed-in" }, schema: { operationId: "listFrameworks", response: { 200: page(framework) } } }, () => ({ items: catalogs().map(shown), nextCursor: null }));

  app.get(
    "/api/v1/frameworks/:key",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "getFramework",
        summary: "Every item with the controls that support it and the worst of what was measured of them; for one system, of that system",
        params, querystring: ofSystem,
        response: { 200: framework.extend({ items: z.array(item), dates: z.array(z.object({ date: z.string(), what: z.string(), basis: z.string(), inForce: z.boolean() })) }) },
      },
    },
    async ({ params, query }) => {
      const found = catalogs().find((one) => one.key === params.key);
      if (found === undefined) throw new AppError({ code: "frameworks.unknown", status: 404, message: "There is no framework with this key.", remedies: [{ text: "List them.", command: "npx mandate get frameworks" }] });
      const { results } = await latest(query);
      const today = new Date(now()).toISOString().slice(0, 10);
      const items = found.items.map((one) => {
        const ids = controls().flatMap((other) => (other.supports[found.key]?.includes(one.id) ? [other.id] : []));
        return { ...one, inForce: one.appliesFrom === null ? null : one.appliesFrom <= today, controls: ids, outcome: outcomeOf(ids, results) };
      });
      return { ...found, items, dates: found.dates.map((one) => ({ ...one, inForce: one.date <= today })) };
    },
  );

  app.get("/api/v1/controls", { config: { access: "signed-in" }, schema: { operationId: "listControls", summary: "Each control with its newest result; for one system, the outcome for that system alone", querystring: ofSystem, response: { 200: page(control) } } }, async ({ query }) => {
    const known = await latest(query);
    return { items: controls().map((one) => measured(one, known)), nextCursor: null };
  });

  app.get("/api/v1/controls/:key", { config: { access: "signed-in" }, schema: { operationId: "getControl", params, querystring: ofSystem, response: { 200: control } } }, async ({ params, query }) => {
    const found = controls().find((one) => one.id === params.key);
    if (found === undefined) throw new AppError({ code: "frameworks.control_unknown", status: 404, message: "There is no control with this id.", remedies: [{ text: "List them.", command: "npx mandate get controls" }] });
    return measured(found, await latest(query));
  });
}
