import { catalogs, controls } from "@mandate/frameworks";
import type { Catalog, Control } from "@mandate/frameworks";
import { AppError } from "@mandate/model";
import { z } from "zod";
import { page, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";

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
  /** How it is known (G9). Nothing is measured yet. */
  grade: z.literal("cant_tell"),
  outcome: z.literal("unproven"),
});
const params = z.object({ key: pathName });

function shown({ items, ...rest }: Catalog) {
  return { ...rest, items: items.filter((one) => !one.heading).length };
}

function measured(one: Control) {
  return { ...one, supports: { ...one.supports }, grade: "cant_tell" as const, outcome: "unproven" as const };
}

/** Reference data: what frameworks ask, and which of our controls support it. */
export function frameworkRoutes(app: App): void {
  app.get("/api/v1/frameworks", { config: { access: "signed-in" }, schema: { operationId: "listFrameworks", response: { 200: page(framework) } } }, () => ({ items: catalogs().map(shown), nextCursor: null }));

  app.get("/api/v1/frameworks/:key", { config: { access: "signed-in" }, schema: { operationId: "getFramework", params, response: { 200: framework.extend({ items: z.array(item) }) } } }, ({ params }) => {
    const found = catalogs().find((one) => one.key === params.key);
    if (found === undefined) throw new AppError({ code: "frameworks.unknown", status: 404, message: "There is no framework with this key.", remedies: [{ text: "List them.", command: "npx mandate get frameworks" }] });
    return { ...found, items: found.items.map((one) => ({ ...one, controls: controls().flatMap((other) => (other.supports[found.key]?.includes(one.id) ? [other.id] : [])) })) };
  });

  app.get("/api/v1/controls", { config: { access: "signed-in" }, schema: { operationId: "listControls", response: { 200: page(control) } } }, () => ({ items: controls().map(measured), nextCursor: null }));

  app.get("/api/v1/controls/:key", { config: { access: "signed-in" }, schema: { operationId: "getControl", params, response: { 200: control } } }, ({ params }) => {
    const found = controls().find((one) => one.id === params.key);
    if (found === undefined) throw new AppError({ code: "frameworks.control_unknown", status: 404, message: "There is no control with this id.", remedies: [{ text: "List them.", command: "npx mandate get controls" }] });
    return measured(found);
  });
}
