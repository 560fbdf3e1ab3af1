import { AppError, entities, kindOfPlural } from "@mandate/model";
import type { EntityKind } from "@mandate/model";
import { z } from "zod";
import { systemActor } from "../context/index.ts";
import { actorOf, editors, fromCursor, instant, page, pageQuery, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { shownWidening, showWidening } from "../proofs/index.ts";
import { deleteObject, getObject, history, listObjects, putObject } from "../registry/index.ts";
import type { ObjectView } from "../registry/index.ts";
import { change as withTier, shownChange } from "./apply.ts";
import { invitingMembers } from "./deps.ts";
import type { RegisterRouteDeps } from "./deps.ts";

const object = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  title: z.string().optional(),
  unit: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  spec: z.record(z.string(), z.unknown()),
  version: z.number(),
  createdAt: z.string(),
  updatedAt: z.string(),
  usedBy: z.array(z.string()).optional(),
});
const params = z.object({ name: pathName });
const entry = z.object({
  version: z.number(),
  action: z.string(),
  by: z.string(),
  at: z.string(),
  reason: z.string().nullable(),
  commit: z.string().nullable(),
  validFrom: z.string(),
  summary: z.string(),
  spec: z.record(z.string(), z.unknown()).nullable(),
});

/** Kinds with routes of their own. */
const special: ReadonlySet<string> = new Set(["systems", "system-versions", "people"]);

/** One set of routes a kind, from the entity's one declaration: list, get, put, delete, history. */
export function objectRoutes(app: App, deps: RegisterRouteDeps): void {
  for (const definition of Object.values(entities)) {
    if (!special.has(definition.plural)) kindRoutes(app, deps, definition.kind, definition.plural, definition.manifest);
  }
  // A legal entity's plural is `legal-entities`; INTERFACE lists `entities` for what AuthZEN callers ask about.
  writeRoutes(app, deps, "AISystem", "systems");
  historyRoute(app, deps, "AISystem", "systems");
}

function kindRoutes(app: App, deps: RegisterRouteDeps, kind: EntityKind, plural: string, manifest: boolean): void {
  const { contexts } = deps;
  const reading = contexts.quiet(systemActor("reader"));
  const id = kind;

  app.get(
    `/api/v1/${plural}`,
    {
      config: { access: "signed-in" },
      // Filters are named as fields of the object, so they can't all be listed here.
      schema: { operationId: `list${id}`, querystring: z.looseObject({ ...pageQuery, asOf: instant.optional() }), response: { 200: page(object) } },
    },
    async ({ query }) => {
      const { cursor, limit, asOf, ...rest } = query;
      const filters = Object.fromEntries(Object.entries(rest).filter((one): one is [string, string] => typeof one[1] === "string").slice(0, 10));
      const { items, nextCursor } = await listObjects(reading, kind, { cursor: fromCursor(cursor), limit, asOf: asOf === undefined ? undefined : new Date(asOf), filters });
      return { items: items.map(shown), nextCursor: nextCursor === null ? null : Buffer.from(nextCursor).toString("base64url") };
    },
  );

  app.get(`/api/v1/${plural}/:name`, { config: { access: "signed-in" }, schema: { operationId: `get${id}`, params, querystring: z.object({ asOf: instant.optional() }), response: { 200: object } } }, async ({ params, query }) => {
    const found = await getObject(reading, kind, params.name, { asOf: query.asOf === undefined ? undefined : new Date(query.asOf) });
    if (found === undefined) throw notFound(kind, plural);
    return shown(found);
  });

  historyRoute(app, deps, kind, plural);
  if (manifest) writeRoutes(app, deps, kind, plural);
}

function historyRoute(app: App, { contexts }: RegisterRouteDeps, kind: EntityKind, plural: string): void {
  app.get(`/api/v1/${plural}/:name/history`, { config: { access: "signed-in" }, schema: { operationId: `history${kind}`, params, response: { 200: page(entry) } } }, async ({ params }) => {
    const entries = await history(contexts.quiet(systemActor("reader")), kind, params.name);
    return {
      items: entries.map((one) => ({
        version: one.version,
        action: one.action,
        by: one.author,
        at: one.recordedAt,
        reason: one.reason,
        commit: one.commit,
        validFrom: one.validFrom,
        summary: one.action === "create" ? "Registered" : one.action === "remove" ? "Removed" : `Changed to version ${one.version}`,
        spec: one.spec === null ? null : { ...one.spec },
      })),
      nextCursor: null,
    };
  });
}

function writeRoutes(app: App, { contexts, ports }: RegisterRouteDeps, kind: EntityKind, plural: string): void {
  // Systems alone have a tier.
  const change = kind === "AISystem" ? withTier : withTier.omit({ tier: true });
  const mayWiden = kind === "Policy" || kind === "AISystem";
  app.put(
    `/api/v1/${plural}/:name`,
    {
      config: { access: editors },
      schema: {
        operationId: `put${kind}`,
        params,
        querystring: z.object({ reason: z.string().max(1000).optional(), dryRun: z.enum(["true", "false"]).default("false") }),
        body: z.object({ metadata: z.object({ unit: z.string().max(128).optional(), labels: z.record(z.string().max(100), z.string().max(300)).optional() }).optional(), spec: z.record(z.string(), z.unknown()) }),
        response: { 200: mayWiden ? change.extend({ widening: shownWidening.nullable().describe("does it let through what was not let through before; null where no policy in force is changed") }) : change },
      },
    },
    async (request) => {
      const put = await putObject(invitingMembers(contexts.for(actorOf(request))), ports, kind, request.params.name, request.body, { reason: request.query.reason, dryRun: request.query.dryRun === "true" });
      return mayWiden ? { ...shownChange(put), widening: put.widening && showWidening(put.widening) } : shownChange(put);
    },
  );

  app.delete(`/api/v1/${plural}/:name`, { config: { access: editors }, schema: { operationId: `delete${kind}`, params, querystring: z.object({ reason: z.string().max(1000).optional() }), response: { 200: change } } }, async (request) =>
    shownChange(await deleteObject(contexts.for(actorOf(request)), ports, kind, request.params.name, { reason: request.query.reason })),
  );
}

function shown(one: ObjectView) {
  const title = one.spec["title"] ?? one.spec["name"];
  return { ...one, labels: { ...one.labels }, spec: { ...one.spec }, ...(typeof title === "string" ? { title } : {}) };
}

export function notFound(kind: string, plural: string): AppError {
  return new AppError({ code: "registry.not_found", status: 404, message: `There is no ${kind} with this name.`, remedies: [{ text: "List what there is.", command: `npx mandate get ${plural}` }] });
}

/** True for a path segment that names a register kind. */
export function isRegisterPlural(plural: string): boolean {
  return kindOfPlural(plural) !== undefined;
}
