import { tiers } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import { listSystems } from "../authorization/index.ts";
import type { SystemView } from "../authorization/index.ts";
import { systemActor } from "../context/index.ts";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { logSummaries, tallyByHour, tallyByResource, trustState } from "../evidence/index.ts";
import { countWaiting, listApprovals } from "../approvals/index.ts";
import { countFindingsOpen, listFindings } from "../findings/index.ts";
import { pathName } from "../http/index.ts";
import { openCases } from "../reassessment/index.ts";
import type { App } from "../http/index.ts";
import type { Publisher } from "../publisher/index.ts";
import { notFound } from "./not-found.ts";
import { openIncidents } from "../incidents/index.ts";
import { asked as askedFor, dayOf, ending, inWords, nameSystems } from "./needs.ts";
import { reachOf } from "./reach.ts";

const tally = z.object({ allow: z.number(), hold: z.number(), deny: z.number() });
const number = z.number();
const overview = z.object({
  counts: z.object({ operating: number, pilot: number, expired: number, waiting: number, proposed: number, suspended: number, retired: number, total: number, findings: number, overdue: number }),
  expiring: z.array(z.object({ name: z.string(), title: z.string(), tier: z.string(), lifecycle: z.string(), type: z.string(), ends: z.string().nullable(), status: z.string(), statusCode: z.string().nullable() })),
  byTier: z.array(z.object({ tier: z.string(), proposed: number, pilot: number, production: number, expired: number, retired: number, noOwner: number })),
  needs: z.array(z.object({ kind: z.string(), outcome: z.string(), title: z.string(), detail: z.string(), href: z.string() })),
  traffic: z.object({ known: z.null() }),
  evidence: z.object({ entries: number, checkpoints: number, root: z.string().nullable(), checkedAt: z.string().nullable(), trust: z.string(), unanchored: number, problems: z.array(z.unknown()).readonly() }),
});
const params = z.object({ name: pathName });
const dayMs = 86_400_000;

export interface OverviewDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly publisher: Publisher;
  /** Result of the last whole re-hash of the store, or null. */
  readonly checked: () => { readonly at: number; readonly ok: boolean; readonly problems: readonly unknown[] } | null;
}

/** What the console's first page and a system's page count; everything is computed from rows anyone may list. */
export function overviewRoutes(app: App, deps: OverviewDeps): void {
  const { db, org, now, contexts, publisher } = deps;
  const reading = contexts.quiet(systemActor("reader"));

  app.get("/api/v1/overview", { config: { access: "signed-in" }, schema: { operationId: "getOverview", response: { 200: overview } } }, async () => {
    const { items: systems } = await listSystems(reading, { limit: 1000 });
    const { waiting, waits, findings, cases, incidents, open, entries, checkpoints, root, state } = await db.read(org, async (tx) => {
      const logs = await logSummaries(tx, org);
      const { rows } = await sql<{ count: string }>`select count(*) from evidence_checkpoint where org = ${org}`.execute(tx);
      return {
        waiting: await listApprovals(tx, org, now(), { limit: 8, state: "pending" }),
        waits: await countWaiting(tx, org, now()),
        open: await countFindingsOpen(tx, org, now()),
        findings: await listFindings(tx, org, now(), { limit: 8, state: "open" }),
        cases: await openCases(tx, org, 8),
        incidents: await openIncidents(tx, org, now(), 4),
        entries: logs.reduce((sum, one) => sum + one.size, 0),
        checkpoints: Number(rows[0]!.count),
        root: logs.at(-1)?.root ?? null,
        state: await trustState(tx, org),
      };
    });
    const expired = (one: SystemView): boolean => one.statusCode === "authorization_expired";
    const count = (test: (one: SystemView) => boolean): number => systems.filter(test).length;
    const last = deps.checked();
    const titles = new Map(systems.map((one) => [one.name, one.title]));
    const named = nameSystems(titles);
    // About a system itself, not about a call of it: the system's own name says it better than `system:NAME`.
    const asks = (one: (typeof waiting)[number]): boolean => one.resource === `system:${one.system}`;
    const asked = new Set(waiting.filter(asks).map((one) => one.system));
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
      needs: [
        ...incidents.map((one) => ({ kind: "incident", outcome: "deny", title: `Incident: ${one.title}`, detail: one.nextDue === null ? `Open since ${dayOf(one.openedAt)}.` : `Next due ${dayOf(one.nextDue)}.`, href: `/incidents?id=${one.id}` })),
        ...waiting.map((one) => ({ kind: one.action, outcome: "hold", title: asks(one) ? `${titles.get(one.system ?? "") ?? one.system} waits for a decision` : askedFor(one.action, titles.get(one.system ?? "") ?? one.system, one.resource), detail: named(String(one.statement["reason"] ?? "")), href: `/approve/${one.id}` })),
        ...systems.filter((one) => ending(one, now())).slice(0, 8).map((one) => ({ kind: "ending", outcome: expired(one) ? "deny" : "hold", title: `Renew or retire ${one.title}`, detail: expired(one) ? `Ended ${dayOf(one.authorization!.ends!)}. Calls are refused since.` : `Ends ${dayOf(one.authorization!.ends!)}.`, href: `/systems/${one.name}` })),
        ...systems.filter((one) => one.lifecycle !== "retired" && one.missing.length > 0 && !(asked.has(one.name) && one.missing.every((part) => part === "authorization"))).slice(0, 8).map((one) => ({ kind: "missing", outcome: "deny", title: `${one.title} lacks ${inWords(one.missing)}`, detail: "Calls are refused until it is there.", href: `/systems/${one.name}` })),
        ...cases.map((one) => ({ kind: "reassessment", outcome: one.class === "C" ? "deny" : "hold", title: named(one.title), detail: one.dueAt === null ? "Somebody looks and says why it is fine." : `Due ${dayOf(one.dueAt.toISOString())}.`, href: `/reassessments/${one.id}` })),
        ...findings.map((one) => ({ kind: "finding", outcome: "unknown", title: named(one.title), detail: named(one.detail), href: one.system === null ? "/findings" : `/findings?system=${encodeURIComponent(one.system)}` })),
      ].slice(0, 16),
      // Nothing discovers traffic outside the gateway yet, so the share is not known, and says so.
      traffic: { known: null },
      evidence: { entries, checkpoints, root, checkedAt: last === null ? null : new Date(last.at).toISOString(), trust: state.trust, unanchored: state.unanchored, problems: last?.problems ?? [] },
    };
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
  app.get("/api/v1/systems/:name/reach", { config: { access: "signed-in" }, schema: { operationId: "getReach", params, response: { 200: z.object({ nodes: z.array(node), edges: z.array(edge) }) } } }, async ({ params }) => {
    const { facts } = publisher.current;
    const system = facts.systems.find((one) => one.name === params.name);
    if (system === undefined) throw notFound();
    const rows = await db.read(org, (tx) => tallyByResource(tx, org, { system: params.name, since: new Date(now() - dayMs).toISOString() }));
    return reachOf(facts, system, new Map(rows.map(({ resource, allow, hold, deny }) => [resource, { allow, hold, deny }])));
  });
}
