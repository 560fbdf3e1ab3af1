import { stringify } from "yaml";
import { z } from "zod";
import { tiers } from "@mandate/model";
import { getSystem, getSystemAsOf, isWanted, listSystems, listSystemsAsOf, promoteSystem, renewSystem, resumeSystem, retireSystem, suspendSystem } from "../authorization/index.ts";
import type { SystemView } from "../authorization/index.ts";
import { systemActor } from "../context/index.ts";
import { actorOf, editors, fromCursor, instant, page, pageQuery, pathName, reasonBody, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { authorization, shownAuthorization } from "./authorizations.ts";
import { revokingKeysOf } from "./deps.ts";
import type { RegisterRouteDeps } from "./deps.ts";
import { notFound } from "./objects.ts";
import { systemCounts } from "./system-counts.ts";
import type { SystemCounts } from "./system-counts.ts";

const tally = z.object({ allow: z.number(), hold: z.number(), deny: z.number() });
const item = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string(),
  unit: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  tier: z.enum(tiers),
  lifecycle: z.string(),
  status: z.string(),
  statusCode: z.string().nullable(),
  owners: z.object({ business: z.string().nullable(), technical: z.string().nullable() }),
  authorization: authorization.nullable(),
  missing: z.array(z.string()).readonly(),
  differences: z.array(z.string()).readonly(),
  decisions24h: tally.optional(),
  findings: z.number().optional(),
});
const detail = item.extend({
  purposes: z.array(z.unknown()),
  prohibitedUses: z.array(z.unknown()),
  boundary: z.unknown(),
  audience: z.unknown(),
  autonomy: z.unknown(),
  tierReasons: z.array(z.object({ rule: z.string(), tier: z.string(), text: z.string(), cite: z.array(z.string()).readonly() })),
  unanswered: z.array(z.string()).readonly(),
  haltReason: z.string().nullable(),
  requests: z.array(authorization),
  reassessmentDue: z.string().nullable(),
  vacancies: z.array(z.object({ seat: z.string(), email: z.string(), why: z.string(), since: z.string(), backAt: z.string().nullable(), successor: z.string().nullable(), approval: z.string().nullable() })).readonly(),
  ownerVacantDue: z.string().nullable(),
  versionDigest: z.string(),
  versionNumber: z.number(),
  policies: z.array(z.unknown()),
  limits: z.unknown(),
  spec: z.record(z.string(), z.unknown()),
  manifest: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
const params = z.object({ name: pathName });
const word = z.string().max(128).optional();

const verbs = { suspend: suspendSystem, resume: resumeSystem, renew: renewSystem } as const;

export function systemRoutes(app: App, deps: RegisterRouteDeps): void {
  const { db, org, now, contexts } = deps;
  const reading = contexts.quiet(systemActor("reader"));

  app.get(
    "/api/v1/systems",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "listSystems",
        querystring: z.object({ ...pageQuery, tier: word, lifecycle: word, status: word, unit: word, owner: word, q: word, asOf: instant.optional() }),
        response: { 200: page(item) },
      },
    },
    async ({ query }) => {
      const { cursor, limit, asOf, ...filters } = query;
      const after = fromCursor(cursor);
      const all = asOf === undefined ? await db.read(org, (tx) => listSystems(tx, org, now())) : await listSystemsAsOf(reading, new Date(asOf));
      const wanted = all.filter((one) => (after === undefined || one.name > after) && isWanted(one, filters));
      // Of a moment in the past nothing is counted: the figures are of the last day.
      const counts = asOf === undefined ? await db.read(org, (tx) => systemCounts(tx, org, wanted.slice(0, limit).map((one) => one.name), now())) : new Map<string, SystemCounts>();
      return toPage(wanted, limit, (one) => shownSystem(one, counts), (one) => one.name);
    },
  );

  const read = async (name: string): Promise<z.infer<typeof detail>> => {
    const view = await getSystem(reading, name);
    if (view === undefined) throw notFound("AISystem", "systems");
    return shownDetail(view, await db.read(org, (tx) => systemCounts(tx, org, [name], now())));
  };

  app.get("/api/v1/systems/:name", { config: { access: "signed-in" }, schema: { operationId: "getSystem", params, querystring: z.object({ asOf: instant.optional() }), response: { 200: detail } } }, async ({ params, query }) => {
    if (query.asOf === undefined) return read(params.name);
    const then = await getSystemAsOf(reading, params.name, new Date(query.asOf));
    if (then === undefined) throw notFound("AISystem", "systems");
    return shownDetail(then, new Map());
  });

  for (const [verb, command] of Object.entries(verbs)) {
    app.post(`/api/v1/systems/:name/${verb}`, { config: { access: editors }, schema: { operationId: `${verb}System`, params, body: reasonBody, response: { 200: detail } } }, async (request) => {
      await command(contexts.for(actorOf(request)), request.params.name, request.body);
      return read(request.params.name);
    });
  }

  app.post("/api/v1/systems/:name/retire", { config: { access: editors }, schema: { operationId: "retireSystem", params, body: reasonBody, response: { 200: detail } } }, async (request) => {
    const { name } = request.params;
    await retireSystem(revokingKeysOf(contexts.for(actorOf(request)), name, request.body.reason), name, request.body);
    return read(name);
  });

  app.post("/api/v1/systems/:name/promote", { config: { access: editors }, schema: { operationId: "promoteSystem", params, body: reasonBody, response: { 200: detail.extend({ request: authorization }) } } }, async (request) => {
    const opened = await promoteSystem(contexts.for(actorOf(request)), request.params.name, request.body);
    return { ...(await read(request.params.name)), authorization: shownAuthorization(opened), request: shownAuthorization(opened) };
  });
}

function shownSystem(view: SystemView, counts: ReadonlyMap<string, SystemCounts>): z.infer<typeof item> {
  const count = counts.get(view.name);
  return {
    id: view.id,
    name: view.name,
    title: view.title,
    unit: view.unit,
    labels: { ...view.labels },
    tier: view.tier,
    lifecycle: view.lifecycle,
    status: view.status,
    statusCode: view.statusCode,
    owners: view.owners,
    authorization: view.authorization === null ? null : shownAuthorization(view.authorization),
    missing: view.missing,
    differences: view.differences,
    ...(count === undefined ? {} : { decisions24h: count.decisions, findings: count.findings }),
  };
}

function specFields(spec: Readonly<Record<string, unknown>>, name: string) {
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  return {
    purposes: list(spec["purposes"]),
    prohibitedUses: list(spec["prohibitedUses"]),
    boundary: spec["boundary"] ?? null,
    audience: spec["audience"] ?? null,
    autonomy: spec["autonomy"] ?? null,
    policies: list(spec["policies"]),
    limits: spec["limits"] ?? null,
    spec: { ...spec },
    manifest: stringify({ apiVersion: "v1", kind: "AISystem", metadata: { name }, spec }),
  };
}

function shownDetail(view: SystemView, counts: ReadonlyMap<string, SystemCounts>): z.infer<typeof detail> {
  return {
    ...shownSystem(view, counts),
    ...specFields(view.spec, view.name),
    tierReasons: view.tierReasons.map((reason) => ({ rule: reason.rule, tier: reason.tier, text: reason.because, cite: reason.citations })),
    unanswered: view.unanswered,
    haltReason: view.haltReason,
    requests: view.requests.map(shownAuthorization),
    reassessmentDue: view.reassessmentDue,
    vacancies: view.vacancies,
    ownerVacantDue: view.ownerVacantDue,
    versionDigest: view.versionDigest,
    versionNumber: view.version,
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
  };
}
