import { tiers } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import { listSystems } from "../authorization/index.ts";
import type { SystemView } from "../authorization/index.ts";
import type { Database } from "../database/index.ts";
import { logSummaries, tallyByHour, tallyByResource, trustState } from "../evidence/index.ts";
import { countWaiting } from "../approvals/index.ts";
import { gatewaySchema } from "../gateways/index.ts";
import type { GatewayItem } from "../gateways/index.ts";
import { countFindingsOpen } from "../findings/index.ts";
import { actorOf, page, pageQuery, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import type { Publisher } from "../publisher/index.ts";
import { loadUsers } from "../in-use/index.ts";
import { notFound } from "./not-found.ts";
import { needsOf } from "./needs-you.ts";
import { reachMap } from "./reach-map.ts";
import { reachTable } from "./reach-table.ts";
import { reachOf } from "./reach.ts";

const tally = z.object({ allow: z.number(), hold: z.number(), deny: z.number() });
const number = z.number();
const need = z.object({ kind: z.string(), outcome: z.string(), title: z.string(), detail: z.string(), href: z.string(), yours: z.boolean() });
const overview = z.object({
  counts: z.object({ operating: number, pilot: number, expired: number, waiting: number, proposed: number, suspended: number, retired: number, total: number, findings: number, overdue: number }),
  expiring: z.array(z.object({ name: z.string(), title: z.string(), tier: z.string(), lifecycle: z.string(), type: z.string(), ends: z.string().nullable(), status: z.string(), statusCode: z.string().nullable() })),
  byTier: z.array(z.object({ tier: z.string(), proposed: number, pilot: number, production: number, expired: number, retired: number, noOwner: number })),
  needs: z.array(need).readonly(),
  traffic: z.object({ known: z.null() }),
  gateways: z.array(gatewaySchema.pick({ name: true, lastSeen: true, confirmed: true, added: true })).readonly(),
  evidence: z.object({ entries: number, checkpoints: number, root: z.string().nullable(), checkedAt: z.string().nullable(), trust: z.string(), unanchored: number, problems: z.array(z.unknown()).readonly() }),
});
const params = z.object({ name: pathName });
/** Other systems in one map; more are asked for by thing. */
const maxMapped = 200;
/** More is asked for by thing or system. */
const maxReached = 5_000;
const dayMs = 86_400_000;

export interface OverviewDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly publisher: Publisher;
  readonly gateways: () => Promise<readonly GatewayItem[]>;
  /** Result of the last whole re-hash of the store, or null. */
  readonly checked: () => { readonly checkedAt: string | null; readonly problems: readonly unknown[] };
}

/** What the console's first page and a system's page count; everything is computed from rows anyone may list. */
export function overviewRoutes(app: App, deps: OverviewDeps): void {
  const { db, org, now, publisher } = deps;

  app.get("/api/v1/overview", { config: { access: "signed-in" }, schema: { operationId: "getOverview", response: { 200: overview } } }, async (request) => {
    const actor = actorOf(request);
    const { systems, needs, waits, open, entries, checkpoints, root, state } = await db.read(org, async (tx) => {
      const systems = await listSystems(tx, org, now());
      const logs = await logSummaries(tx, org);
      const { rows } = await sql<{ count: string }>`select count(*) from evidence_checkpoint where org = ${org}`.execute(tx);
      return {
        systems,
        needs: await needsOf(tx, org, now(), actor, systems),
        waits: await countWaiting(tx, org, now()),
        open: await countFindingsOpen(tx, org, now()),
        entries: logs.reduce((sum, one) => sum + one.size, 0),
        checkpoints: Number(rows[0]!.count),
        root: logs.at(-1)?.root ?? null,
        state: await trustState(tx, org),
      };
    });
    const expired = (one: SystemView): boolean => one.statusCode === "authorization_expired";
    const count = (test: (one: SystemView) => boolean): number => systems.filter(test).length;
    const last = deps.checked();
    return {
      counts: {
        operating: count((one) => one.status !== "refused"),
        pilot: count((one) => one.lifecycle === "pilot" && !expired(one)),
        expired: count(expired),
        waiting: waits,
        proposed: count((one) => one.lifecycle === "proposed"),
        suspended: count((one) => one.lifecycle === "suspended"),
        retired: count((one) => one.lifecycle === "retired"),
        total: systems.length,
        findings: open.open,
        overdue: open.overdue,
      },
      expiring: systems
        .filter((one) => (one.lifecycle === "pilot" || one.lifecycle === "production") && one.authorization?.ends != null)
        .toSorted((a, b) => (a.authorization!.ends! < b.authorization!.ends! ? -1 : 1))
        .slice(0, 20)
        .map((one) => ({ name: one.name, title: one.title, tier: one.tier, lifecycle: one.lifecycle, type: one.authorization!.type, ends: one.authorization!.ends, status: one.status, statusCode: one.statusCode })),
      byTier: tiers.map((tier) => {
        const of = systems.filter((one) => one.tier === tier);
        const stage = (lifecycle: string): number => of.filter((one) => one.lifecycle === lifecycle && !expired(one)).length;
        return { tier, proposed: stage("proposed"), pilot: stage("pilot"), production: stage("production"), expired: of.filter(expired).length, retired: stage("retired"), noOwner: of.filter((one) => one.missing.some((part) => part.startsWith("owners."))).length };
      }),
      needs,
      // Nothing discovers traffic outside the gateway yet, so the share is not known, and says so.
      traffic: { known: null },
      gateways: (await deps.gateways()).map(({ name, lastSeen, confirmed, added }) => ({ name, lastSeen, confirmed, added })),
      evidence: { entries, checkpoints, root, checkedAt: last.checkedAt, trust: state.trust, unanchored: state.unanchored, problems: last.problems },
    };
  });

  app.get("/api/v1/needs", { config: { access: "signed-in" }, schema: { operationId: "listNeeds", summary: "What waits for whoever asks: answers they may give, findings, vacancies, conditions, ends. `all=true` adds what is others' turn", querystring: z.object({ ...pageQuery, all: z.enum(["true", "false"]).default("false") }), response: { 200: page(need) } } }, async (request) => {
    const items = await db.read(org, async (tx) => needsOf(tx, org, now(), actorOf(request), await listSystems(tx, org, now())));
    return { items: items.filter((one) => one.yours || request.query.all === "true"), nextCursor: null };
  });

  app.get(
    "/api/v1/systems/:name/activity",
    { config: { access: "signed-in" }, schema: { operationId: "getActivity", params, response: { 200: z.object({ hours: z.array(tally.extend({ at: z.string() })), totals: tally }) } } },
    async ({ params }) => {
      const newest = Math.floor(now() / 3_600_000) * 3_600_000;
      const since = newest - 23 * 3_600_000;
      const rows = await db.read(org, (tx) => tallyByHour(tx, org, { system: params.name, since: new Date(since).toISOString() }));
      const byHour = new Map(rows.map((row) => [Date.parse(row.at), row]));
      const hours = Array.from({ length: 24 }, (_, index) => {
        const at = since + index * 3_600_000;
        const row = byHour.get(at);
        return { at: new Date(at).toISOString(), allow: row?.allow ?? 0, hold: row?.hold ?? 0, deny: row?.deny ?? 0 };
      });
      const totals = hours.reduce((sum, one) => ({ allow: sum.allow + one.allow, hold: sum.hold + one.hold, deny: sum.deny + one.deny }), { allow: 0, hold: 0, deny: 0 });
      return { hours, totals };
    },
  );

  const node = z.object({ id: z.string(), kind: z.string(), name: z.string(), note: z.string().optional(), sensitivity: z.string().nullish(), region: z.string().nullish(), inside: z.boolean() });
  const edge = z.object({ from: z.string(), to: z.string(), outcome: z.enum(["allow", "hold", "deny"]), rule: z.string().optional(), terms: z.string().optional(), count24h: tally.optional() });
  const reached = z.object({ system: z.string(), owner: z.string().nullable(), node, through: z.array(z.string()).readonly(), outcome: z.enum(["allow", "hold", "deny"]), terms: z.string().nullable() });
  app.get(
    "/api/v1/reach",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "listReach",
        summary: "Who reaches what, from what is enforced now",
        querystring: z.strictObject({ system: z.string().max(128).optional(), of: z.string().max(200).optional().describe("one thing, like `dataset:customers`: who reaches it"), kind: z.enum(["model", "tool", "dataset", "destination", "vendor", "prompt"]).optional() }),
        response: { 200: z.object({ items: z.array(reached), total: z.number() }) },
      },
    },
    async ({ query }) => {
      const { rows, total } = reachTable(publisher.current.facts, query, maxReached, Math.floor(now() / 1000));
      return { items: rows, total };
    },
  );
  const mapped = z.object({ from: z.string(), nodes: z.array(node).readonly(), edges: z.array(edge.pick({ from: true, to: true, outcome: true }).extend({ by: z.string().describe("the authorization or policy that lets it be taken, or what stops it") })).readonly(), systems: z.number().describe("others it shares something with") });
  app.get("/api/v1/systems/:name/reach/map", { config: { access: "signed-in" }, schema: { operationId: "getReachMap", summary: "Through whom a system is joined to others: prompts, agents, tools, MCP servers, datasets and upstream credentials that it shares", params, response: { 200: mapped } } }, async ({ params }) => {
    const { facts } = publisher.current;
    const system = facts.systems.find((one) => one.name === params.name);
    if (system === undefined) throw notFound();
    return reachMap(facts, await db.read(org, (tx) => loadUsers(tx, org)), system, maxMapped, Math.floor(now() / 1000));
  });
  app.get("/api/v1/systems/:name/reach", { config: { access: "signed-in" }, schema: { operationId: "getReach", params, response: { 200: z.object({ nodes: z.array(node), edges: z.array(edge) }) } } }, async ({ params }) => {
    const { facts } = publisher.current;
    const system = facts.systems.find((one) => one.name === params.name);
    if (system === undefined) throw notFound();
    const rows = await db.read(org, (tx) => tallyByResource(tx, org, { system: params.name, since: new Date(now() - dayMs).toISOString() }));
    return reachOf(facts, system, new Map(rows.map(({ resource, allow, hold, deny }) => [resource, { allow, hold, deny }])), Math.floor(now() / 1000));
  });
}
