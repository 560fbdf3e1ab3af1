import { AppError, definitionOf } from "@mandate/model";
import type { RegisterFacts } from "@mandate/model";
import { renderManifest } from "@mandate/model/manifest";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { actorOf, editors, instant, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { goneSignal, replayResult, shownReplay } from "../replay/index.ts";
import type { ReplayDeps } from "../replay/index.ts";
import { showProof, shownProof, shownWidening, showWidening, standingIn } from "../proofs/index.ts";
import type { Proofs } from "../proofs/index.ts";
import { boundBy, judge, withProposal } from "./proposal.ts";
import type { Judged, PolicySpec, Proposal } from "./proposal.ts";
import { readWritten, unwritten } from "./written.ts";
import type { PlacedProblem, Written } from "./written.ts";
import { simulate } from "./simulate.ts";
import { endWatch, listFlips, listWatches, longestWatchDays, startWatch } from "./watches.ts";

/** As `POST /api/v1/evidence/replay`: both say of other people's calls what became of them. */
const readers = ["auditor", "business-owner", "technical-owner", "security-reviewer", "legal-reviewer", "governance-lead", "authorizing-official", "administrator"] as const;
const weekMs = 7 * 86_400_000;

const params = z.object({ name: pathName });
const spec = definitionOf("Policy").spec;
const systems = z.array(pathName).max(200).default([]).describe("would carry it besides those that do");
const manifest = z.string().max(400_000).describe("instead of `spec`: the policy's manifest as text, so that problems name their line");
const proposed = z.strictObject({ spec: spec.optional().describe("default: as registered"), manifest: manifest.optional(), systems });
const verdict = z.enum(["allow", "hold", "deny"]);
const judged = z.object({
  cedar: z.string(),
  problems: z.array(z.object({ rule: z.string().nullable(), message: z.string(), remedy: z.string(), line: z.int().nullable(), column: z.int().nullable() })),
  tests: z.array(z.object({ line: z.int().nullable(), name: z.string(), passed: z.boolean(), expected: verdict, outcome: verdict, rule: z.string().nullable(), reason: z.string() })),
  /** Systems that carry it or would. */
  systems: z.array(z.string()),
});
const proven = judged.extend({
  /** Every standing invariant with this version in force; empty when not asked for, or while there are problems. */
  invariants: z.array(shownProof),
  /** Of the version in force, what this one leaves out or says otherwise. */
  invariantsLost: z.array(z.string()),
  /** Whether it lets anything through that is not let through now; null as above. */
  widening: shownWidening.nullable(),
});
const simulated = judged.extend({ since: z.string(), until: z.string(), result: replayResult.extend({ looser: z.number(), stricter: z.number() }).nullable() });
const watch = z.object({
  id: z.string(),
  policy: z.string(),
  spec: z.looseObject({}),
  systems: z.array(z.string()).readonly(),
  reason: z.string(),
  startedBy: z.string(),
  startedAt: z.string(),
  endsAt: z.string(),
  endedAt: z.string().nullable(),
  endedBy: z.string().nullable(),
  decisions: z.number(),
  unreplayable: z.number(),
  same: z.number(),
  differences: z.number(),
});
const outcome = z.object({ outcome: z.string(), code: z.string().nullable(), rule: z.string().nullable(), reason: z.string().nullable() });
const flip = z.object({ id: z.string(), at: z.string(), system: z.string().nullable(), action: z.string(), resource: z.string(), tool: z.string().nullable(), recorded: outcome, replayed: outcome });

/** A proposal and what was found in it, each thing with its line where text was sent. */
interface Asked {
  readonly proposal: Proposal;
  readonly judged: { readonly cedar: string; readonly problems: readonly PlacedProblem[]; readonly tests: readonly (Judged["tests"][number] & { readonly line: number | null })[] };
}

export interface PolicyRouteDeps extends ReplayDeps {
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly drain: () => Promise<unknown>;
  /** The register's facts as written, what isn't approved yet included. */
  readonly facts: (tx: Tx) => Promise<RegisterFacts>;
  readonly proofs: Proofs;
  /** All policies as registered. */
  readonly policiesOf: (tx: Tx) => Promise<readonly { readonly name: string; readonly spec: PolicySpec }[]>;
  readonly specOf: (tx: Tx, name: string) => Promise<PolicySpec | undefined>;
  /** Versions as the register kept them, newest first; a removal has no spec. */
  readonly versionsOf: (name: string) => Promise<readonly { readonly version: number; readonly spec: Readonly<Record<string, unknown>> | null }[]>;
}

/** Policies before they are enforced: checked, tried on recorded traffic, watched beside the one in force. */
export function policyRoutes(app: App, deps: PolicyRouteDeps): void {
  const { db, org, now, contexts } = deps;

  async function proposalOf(name: string, asked: z.infer<typeof proposed>): Promise<Asked> {
    if (asked.spec !== undefined && asked.manifest !== undefined) throw new AppError({ code: "policies.twice", status: 400, message: "Both `spec` and `manifest` were sent.", remedies: [{ text: "Send one of them." }] });
    return db.read(org, async (tx) => {
      const facts = await deps.facts(tx);
      const written: Omit<Written, "spec"> & { readonly spec?: PolicySpec | undefined } = asked.manifest === undefined ? unwritten : readWritten(name, asked.manifest);
      if (written.problems.length > 0) return { proposal: { name, spec: { rules: [] }, systems: boundBy(facts, name) }, judged: { cedar: "", problems: written.problems, tests: [] } };
      const wanted = written.spec ?? asked.spec ?? (await deps.specOf(tx, name));
      if (wanted === undefined) throw new AppError({ code: "policies.unknown", status: 404, message: "There is no policy with this name, and none was sent.", remedies: [{ text: "Send `spec`, or list the policies.", command: "npx mandate get policies" }] });
      const unknown = asked.systems.find((system) => !facts.systems.some((one) => one.name === system));
      if (unknown !== undefined) throw new AppError({ code: "policies.system", status: 400, message: `There is no system ${unknown}.`, remedies: [{ text: "List them.", command: "npx mandate get systems" }] });
      const proposal = { name, spec: wanted as PolicySpec, systems: [...new Set([...boundBy(facts, name), ...asked.systems])].toSorted() };
      const { cedar, problems, tests } = judge(facts, proposal, Math.floor(now() / 1000));
      return { proposal, judged: { cedar, problems: problems.map(written.place), tests: tests.map((test, index) => ({ ...test, line: written.lineOfTest(index) })) } };
    });
  }

  app.post("/api/v1/policies/:name/check", { config: { access: "signed-in" }, schema: { operationId: "checkPolicy", summary: "Compile a policy, check it against the register, run its tests, prove what must stay true and say whether it widens access; nothing is saved", params, body: proposed.extend({ prove: z.boolean().default(true).describe("false: only what is quick") }), response: { 200: proven } } }, async ({ params: { name }, body }) => {
    const { proposal, judged: found } = await proposalOf(name, body);
    const about = { ...shown(found), systems: [...proposal.systems] };
    if (!body.prove || found.problems.length > 0) return { ...about, invariants: [], invariantsLost: [], widening: null };
    const { facts, policies } = await db.read(org, async (tx) => ({ facts: await deps.facts(tx), policies: await deps.policiesOf(tx) }));
    const before = { ...facts, tools: facts.tools.map((tool) => ({ ...tool, changed: false })) };
    const invariants = standingIn([...policies.filter((one) => one.name !== name), { name, spec: proposal.spec }]);
    const kept = new Set((proposal.spec.invariants ?? []).map((one) => JSON.stringify(one)));
    const lost = (policies.find((one) => one.name === name)?.spec.invariants ?? []).filter((one) => !kept.has(JSON.stringify(one)));
    const answer = await deps.proofs.prove({ before, after: withProposal(proposal, found.cedar)(before), invariants, builtIn: false });
    return { ...about, invariants: answer.invariants.map(showProof), invariantsLost: lost.map((one) => one.id), widening: answer.widening && showWidening(answer.widening) };
  });

  app.post(
    "/api/v1/policies/:name/simulate",
    { config: { access: readers }, schema: { operationId: "simulatePolicy", summary: "Recorded traffic decided again with this version in force: which decisions would flip", params, body: proposed.extend({ system: pathName.optional(), since: instant.optional().describe("default: seven days ago"), until: instant.optional() }), response: { 200: simulated } } },
    async (request, reply) => {
      const { name } = request.params;
      const { system, since = new Date(now() - weekMs).toISOString(), until = new Date(now()).toISOString() } = request.body;
      const { proposal, judged: found } = await proposalOf(name, request.body);
      const about = { ...shown(found), systems: [...proposal.systems], since, until };
      if (found.problems.length > 0) return { ...about, result: null };
      if (proposal.systems.length === 0) throw nobodyCarries(name);
      // A long period takes longer than an idle connection may stay open.
      request.raw.socket.setTimeout(0);
      await deps.drain().catch(() => undefined);
      const result = await simulate(deps, proposal, found.cedar, { ...(system === undefined ? {} : { system }), since, until }, goneSignal(reply.raw));
      const cut = reply.raw.destroyed ? { cut: true } : {};
      await contexts.quiet(actorOf(request)).transact(async (_tx, record) => record({ type: "evidence.read", ...(system === undefined ? {} : { system }), payload: { event: "policy.simulated", policy: name, since, until, total: result.total, replayable: result.replayable, differences: result.differences, ...cut } }));
      return { ...about, result: { ...shownReplay(result), looser: result.looser, stricter: result.stricter } };
    },
  );

  app.get(
    "/api/v1/policies/:name/manifest",
    { config: { access: "signed-in" }, schema: { operationId: "policyManifest", summary: "A version of a policy as the manifest that would make it", params, querystring: z.object({ version: z.coerce.number().int().min(1).optional().describe("default: the newest") }), response: { 200: z.object({ version: z.int(), manifest: z.string() }) } } },
    async ({ params: { name }, query }) => {
      const found = (await deps.versionsOf(name)).find((one) => one.spec !== null && (query.version === undefined || one.version === query.version));
      if (found?.spec == null) throw new AppError({ code: "policies.version_unknown", status: 404, message: "There is no such version of a policy with this name.", remedies: [{ text: "List its versions.", command: `npx mandate policy history ${name}` }] });
      return { version: found.version, manifest: renderManifest({ kind: "Policy", name, spec: found.spec }) };
    },
  );

  app.get("/api/v1/policies/:name/watches", { config: { access: "signed-in" }, schema: { operationId: "listPolicyWatches", params, response: { 200: z.object({ items: z.array(watch) }) } } }, async ({ params: { name } }) => ({
    items: (await db.read(org, (tx) => listWatches(tx, org, name))).map((one) => ({ ...one, spec: { ...one.spec } })),
  }));

  app.post(
    "/api/v1/policies/:name/watches",
    {
      config: { access: editors },
      schema: {
        operationId: "watchPolicy",
        summary: "Compare a version with what is enforced for at most 14 days, without effect on any call",
        params,
        body: proposed.extend({ days: z.int().min(1).max(longestWatchDays), reason: z.string().trim().min(1).max(1000) }),
        response: { 201: watch },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { proposal, judged: found } = await proposalOf(name, request.body);
      const failed = found.tests.filter((test) => !test.passed);
      if (found.problems.length > 0 || failed.length > 0)
        throw new AppError({ code: "policies.unsound", status: 422, message: found.problems[0]?.message ?? `Test ${failed[0]!.name} expected ${failed[0]!.expected} and got ${failed[0]!.decision.outcome}.`, remedies: [{ text: "Mend the rules or the test, then ask again.", command: "npx mandate policy test -f FILE" }] });
      if (proposal.systems.length === 0) throw nobodyCarries(name);
      const started = await startWatch(contexts.quiet(actorOf(request)), proposal, found.cedar, request.body.days, request.body.reason);
      return reply.code(201).send({ ...started, spec: { ...started.spec } });
    },
  );

  app.get("/api/v1/policies/:name/watches/:id/flips", { config: { access: readers }, schema: { operationId: "listPolicyFlips", params: params.extend({ id: pathName }), response: { 200: z.object({ items: z.array(flip) }) } } }, async ({ params: { id } }) => ({ items: await db.read(org, (tx) => listFlips(tx, org, id)) }));

  app.post("/api/v1/policies/:name/watches/:id/end", { config: { access: editors }, schema: { operationId: "endPolicyWatch", params: params.extend({ id: pathName }), body: z.strictObject({}).optional(), response: { 200: watch } } }, async (request) => {
    const ended = await endWatch(contexts.quiet(actorOf(request)), request.params.name, request.params.id);
    return { ...ended, spec: { ...ended.spec } };
  });
}

function shown({ cedar, problems, tests }: Asked["judged"]): Omit<z.infer<typeof judged>, "systems"> {
  return {
    cedar,
    problems: [...problems],
    tests: tests.map(({ line, name, passed, expected, decision }) => ({ line, name, passed, expected, outcome: decision.outcome, rule: decision.rule, reason: decision.reason })),
  };
}

function nobodyCarries(name: string): AppError {
  return new AppError({ code: "policies.unbound", status: 422, message: `No system carries ${name}, so no call would meet it.`, remedies: [{ text: "Name systems that would, or add it under a system's spec.policies." }] });
}
