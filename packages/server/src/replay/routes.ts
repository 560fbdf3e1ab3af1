import type { ServerResponse } from "node:http";
import { AppError, verdicts } from "@mandate/model";
import type { RegisterFacts } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import { actorOf, instant, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { checkNames, checkStates } from "./checks.ts";
import { explainDecision, replayDecision, replayPeriod } from "./replay.ts";
import type { ReplayDeps, ReplayResult } from "./replay.ts";
import { grantChange, underGrants } from "./under-grants.ts";
import { underProduction } from "./under-production.ts";

const outcome = z.object({ outcome: z.string(), code: z.string().nullable(), rule: z.string().nullable(), reason: z.string().nullable() });
const difference = z.object({ id: z.string(), at: z.string(), system: z.string().nullable(), action: z.string(), resource: z.string(), tool: z.string().nullable(), recorded: outcome, replayed: outcome, members: z.array(z.string()).readonly() });
export const replayResult = z.object({ total: z.number(), replayable: z.number(), unreplayable: z.record(z.string(), z.number()), releases: z.record(z.string(), z.number()), questions: z.number(), same: z.number(), differences: z.number(), shown: z.array(difference).readonly() });
const verdict = z.enum(["refuses", "holds", "fault", "lifted", "answered", "grants", "met", "silent"]);
const rule = z.object({ id: z.string(), verdict, decides: z.boolean(), guardrail: z.boolean(), policy: z.string().nullable().describe("the custom policy it stands in"), code: z.string(), passes: z.array(z.object({ attributes: z.array(z.string()).readonly(), needs: z.string(), is: z.string().nullable() })).readonly().describe("where it refuses or holds: what would make the call pass it"), liftedBy: z.string().nullable(), because: z.string(), text: z.string() });
const explanation = z.object({
  id: z.string(),
  /** Why it can't be made again; then there are no questions. */
  unreplayable: z.enum(["no_rule_asked", "erased", "older_record", "facts_missing", "other_release"]).nullable(),
  /** Which release decided, as its entry sealed it; null where it sealed none. `isOurs`: the engine that answers here. */
  release: z.object({ version: z.string(), engine: z.string().nullable(), isOurs: z.boolean() }).nullable(),
  checks: z.array(z.object({ check: z.enum(checkNames), state: z.enum(checkStates), saw: z.string().describe("what it looked at; no content") })).readonly().describe("everything the call met, in its order"),
  questions: z.array(z.object({ tool: z.string().nullable(), replayed: outcome, same: z.boolean(), rules: z.array(rule).readonly(), withoutRefusals: z.enum(verdicts).nullable() })),
});
const sample = z.object({ at: z.string(), replayed: z.number(), same: z.number(), unreplayable: z.number() });

export interface ReplayRouteDeps extends ReplayDeps {
  readonly contexts: Contexts;
  readonly drain: () => Promise<unknown>;
  /** What is enforced now. */
  readonly facts: () => RegisterFacts;
  readonly now: () => number;
}

const weekMs = 7 * 86_400_000;
/** They read of other people's calls what became of them. */
const readers = ["auditor", "business-owner", "technical-owner", "security-reviewer", "legal-reviewer", "governance-lead", "authorizing-official", "administrator"] as const;
const reference = z.string().regex(/^[a-z-]{1,40}:\S{1,256}$/, "is written kind:name");

/** Decisions made again from what they sealed. */
export function replayRoutes(app: App, deps: ReplayRouteDeps): void {
  const { db, org, contexts } = deps;

  app.post("/api/v1/decisions/:id/replay", { config: { access: "signed-in" }, schema: { operationId: "replayDecision", summary: "Make a decision again from its sealed context, under the facts it names", params: z.object({ id: pathName }), response: { 200: replayResult } } }, async (request) => {
    await deps.drain().catch(() => undefined);
    const result = await replayDecision(deps, request.params.id);
    if (result === undefined) throw noDecision();
    return shownReplay(result);
  });

  app.get("/api/v1/decisions/:id/explanation", { config: { access: "signed-in" }, schema: { operationId: "explainDecision", summary: "Every check a call met in its order, and what each rule said of it, made again from its sealed context", params: z.object({ id: pathName }), response: { 200: explanation } } }, async (request) => {
    await deps.drain().catch(() => undefined);
    const found = await explainDecision(deps, request.params.id);
    if (found === undefined) throw noDecision();
    return { id: request.params.id, unreplayable: found.unreplayable, release: found.release, checks: found.checks, questions: found.questions.map(({ tool, replayed, same, trace }) => ({ tool, replayed, same, rules: trace?.rules ?? [], withoutRefusals: trace?.withoutRefusals ?? null })) };
  });

  app.post(
    "/api/v1/evidence/replay",
    {
      config: { access: readers },
      schema: {
        operationId: "replayPeriod",
        summary: "Make every decision of a period again and compare each with its record, or with what a production authorization of the system's present version would say",
        body: z.strictObject({ system: z.string().max(128).optional(), since: instant.optional(), until: instant.optional(), under: z.enum(["record", "production"]).default("record") }),
        response: { 200: replayResult },
      },
    },
    async (request, reply) => {
      // A long period takes longer than an idle connection may stay open.
      request.raw.socket.setTimeout(0);
      await deps.drain().catch(() => undefined);
      const { system, since, until, under } = request.body;
      const propose = under === "record" ? undefined : system === undefined ? null : underProduction(deps.facts(), system);
      if (propose === null) throw new AppError({ code: "replay.system", status: 400, message: "Whose production would be tried isn't said, or isn't in the register.", remedies: [{ text: "Name a system.", command: "npx mandate get systems" }] });
      const period = { ...(system === undefined ? {} : { system }), ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
      const result = await replayPeriod(deps, period, propose, goneSignal(reply.raw));
      const cut = reply.raw.destroyed ? { cut: true } : {};
      // What was opened was read by the machine alone; that somebody had it done is an entry all the same.
      await contexts.quiet(actorOf(request)).transact(async (_tx, record) => record({ type: "evidence.read", ...(system === undefined ? {} : { system }), payload: { event: "replayed", period, under, total: result.total, replayable: result.replayable, same: result.same, differences: result.differences, ...cut } }));
      return shownReplay(result);
    },
  );

  app.post(
    "/api/v1/systems/:name/reach/trial",
    {
      config: { access: readers },
      schema: {
        operationId: "tryReach",
        summary: "A system's recorded calls decided again with one thing granted, or cut: which would come out otherwise; nothing is changed",
        params: z.object({ name: pathName }),
        body: z.strictObject({ grant: reference.optional(), cut: reference.optional(), since: instant.optional().describe("default: seven days ago"), until: instant.optional() }),
        response: { 200: replayResult.extend({ since: z.string(), until: z.string(), looser: z.number(), stricter: z.number() }) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { grant, cut, since = new Date(deps.now() - weekMs).toISOString(), until = new Date(deps.now()).toISOString() } = request.body;
      if ((grant === undefined) === (cut === undefined)) throw new AppError({ code: "reach.one_edge", status: 400, message: "One edge is tried at a time.", remedies: [{ text: "Send either `grant` or `cut`, as kind:name." }] });
      if (!deps.facts().systems.some((one) => one.name === name)) throw new AppError({ code: "registry.not_found", status: 404, message: "There is no AISystem with this name.", remedies: [{ text: "List what there is.", command: "npx mandate get systems" }] });
      const change = grantChange(name, cut === undefined ? "grant" : "cut", cut ?? grant ?? "");
      if (change === null) throw new AppError({ code: "reach.not_granted_itself", status: 400, message: "Only a model, tool, dataset, prompt or destination is granted to a system by itself.", remedies: [{ text: "Name what leads there: the model of a vendor, the tool of a server." }] });
      // A long period takes longer than an idle connection may stay open.
      request.raw.socket.setTimeout(0);
      await deps.drain().catch(() => undefined);
      const result = await replayPeriod(deps, { system: name, since, until }, underGrants(change), goneSignal(reply.raw));
      const isCut = reply.raw.destroyed ? { cut: true } : {};
      await contexts.quiet(actorOf(request)).transact(async (_tx, record) => record({ type: "evidence.read", system: name, payload: { event: "reach.tried", change: change.verb, of: `${change.of}:${change.name}`, since, until, total: result.total, replayable: result.replayable, differences: result.differences, ...isCut } }));
      return { ...shownReplay(result), since, until, looser: result.looser, stricter: result.stricter };
    },
  );

  app.get("/api/v1/evidence/replays", { config: { access: "signed-in" }, schema: { operationId: "listReplaySamples", summary: "The scheduled samples, newest first", response: { 200: z.object({ items: z.array(sample) }) } } }, async () => ({
    items: await db.read(org, async (tx) => {
      const { rows } = await sql<{ at: Date; replayed: number; same: number; unreplayable: number }>`select at, replayed, same, unreplayable from replay_sample where org = ${org} order by at desc limit 500`.execute(tx);
      return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
    }),
  }));
}

const noDecision = (): AppError => new AppError({ code: "decisions.not_found", status: 404, message: "There is no decision with this id.", remedies: [{ text: "List the latest.", command: "npx mandate decisions tail" }] });

/** Aborted once whoever asked has gone: nobody's core is kept busy for an answer that nobody reads. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  return gone.signal;
}

/** As the schema has it. */
export function shownReplay(result: ReplayResult): z.infer<typeof replayResult> {
  const { total, replayable, releases, questions, same, differences, shown } = result;
  return { total, replayable, releases: { ...releases }, questions, same, differences, shown, unreplayable: Object.fromEntries(Object.entries(result.unreplayable).map(([why, count]) => [why, count ?? 0])) };
}
