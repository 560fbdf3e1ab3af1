import { isDeepStrictEqual } from "node:util";
import { AppError } from "@mandate/model";
import type { EntityKind, McpProcessFacts, RegisterFacts } from "@mandate/model";
import { fieldText, parseManifest } from "@mandate/model/manifest";
import type { ManifestObject, ManifestProblem } from "@mandate/model/manifest";
import { runPolicyTests, validatePolicies } from "@mandate/policy";
import { validateInvariants } from "@mandate/policy/proof";
import type { Widening } from "@mandate/policy/proof";
import type { FlagReason, TierReason } from "@mandate/frameworks";
import type { Tier } from "@mandate/model";
import type { CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { inviteMissing } from "../identity/index.ts";
import { keyOf, narrowed, obstacle, standingIn } from "../proofs/index.ts";
import type { ProofAnswer, ProofQuestion } from "../proofs/index.ts";
import { crossCheck } from "./cross-check.ts";
import { storePins } from "./pins.ts";
import type { OfferedTool } from "./pins.ts";
import { compilePolicySpec, policiesIn } from "./policies.ts";
import { loadRegister, lockRegister, Register, writeObject } from "./store.ts";
import type { StoredObject, WriteSource } from "./store.ts";

export interface Change {
  readonly kind: EntityKind;
  readonly name: string;
  readonly action: "create" | "change" | "unchanged" | "remove";
  /** Somebody has to decide before all of it is in force. */
  readonly needsApproval: boolean;
  /** Authorizations that this stops. */
  readonly voids: readonly string[];
  /** Of a system: the tier it has with this, and why. */
  readonly tier?: ChangedTier;
  /** Of a new system: others that do much the same. */
  readonly similar?: readonly SimilarTo[];
  /** Of a system: what re-opens its authorization, and what then still runs. */
  readonly reassessment?: ChangedAuthorization;
}

export interface SimilarTo {
  readonly name: string;
  /** What is alike, in words. */
  readonly because: readonly string[];
}

export interface ChangedAuthorization {
  readonly class: "A" | "B" | "C";
  readonly changes: readonly { readonly class: "A" | "B" | "C"; readonly subject: string; readonly what: string }[];
  readonly denied: readonly string[];
  readonly runs: readonly string[];
  /** Of the last seven days' calls. */
  readonly refusedCalls: number;
}

export interface ChangedTier {
  readonly is: Tier;
  readonly was: Tier | null;
  readonly reasons: readonly TierReason[];
  readonly flags: readonly FlagReason[];
  readonly unanswered: readonly string[];
}

export interface ApplyResult {
  readonly changes: readonly Change[];
  /** Whether policies as changed let through what was not let through before; null where no policy in force is changed. */
  readonly widening: Widening | null;
}

/** What the register asks of other slices; wired once, in `main.ts`. */
export interface RegisterPorts {
  /** Versions, tiers and authorizations follow a change, in its transaction. */
  readonly reconcile: (tx: Tx, ctx: CommandContext<Tx>, record: (evidence: MutationEvidence) => void) => Promise<readonly { readonly system: string; readonly tier: Tier; readonly was: Tier | null; readonly reasons: readonly TierReason[]; readonly flags: readonly FlagReason[]; readonly unanswered: readonly string[]; readonly pilotDays: number; readonly needsApproval: boolean; readonly voids: readonly string[]; readonly similar?: readonly SimilarTo[]; readonly reassessment?: ChangedAuthorization }[]>;
  readonly deriveFacts: (tx: Tx, nowMs: number, options?: { readonly asWritten?: boolean }) => Promise<RegisterFacts>;
  /** Invariants of policies, proven outside any transaction; absent: nothing is proven here. */
  readonly prove?: (question: ProofQuestion) => Promise<ProofAnswer>;
  /** Tools a server offers now, or undefined where it can't be reached. Called outside any transaction. */
  readonly pinMcpServer?: (server: { readonly name: string; readonly url: string | null; readonly process: McpProcessFacts | null; readonly credential: string | null }) => Promise<readonly OfferedTool[] | undefined>;
}

export interface ApplyOptions {
  readonly dryRun?: boolean | undefined;
  readonly reason?: string | undefined;
  /** Git commit the manifest comes from. */
  readonly commit?: string | undefined;
  readonly file?: string | undefined;
}

/**
 * Applies a manifest: all of it, or nothing.
 * Throws AppError 422 `manifest.invalid` with `problems[]` (file, line, column, field, message, remedy).
 */
export async function applyManifest(ctx: CommandContext<Tx>, ports: RegisterPorts, text: string, options: ApplyOptions = {}): Promise<ApplyResult> {
  const file = options.file ?? "manifest.yaml";
  const { objects, problems } = parseManifest(text, { file });
  if (problems.length > 0) throw invalid(problems);
  return applyObjects(ctx, ports, objects, { ...options, file, asksWidening: true });
}

/** Carries a dry run's answer out of a transaction that must not commit. */
class DryRun extends Error {
  readonly result: ApplyResult;
  constructor(result: ApplyResult) {
    super("dry run");
    this.result = result;
  }
}

interface ObjectsOptions extends ApplyOptions {
  readonly asksWidening?: boolean;
}

export async function applyObjects(ctx: CommandContext<Tx>, ports: RegisterPorts, objects: readonly ManifestObject[], options: ObjectsOptions): Promise<ApplyResult> {
  return proving(ports, (proven) => applyProven(ctx, ports, objects, options, proven));
}

async function applyProven(ctx: CommandContext<Tx>, ports: RegisterPorts, objects: readonly ManifestObject[], options: ObjectsOptions, proven: Proven | null): Promise<ApplyResult> {
  const offers = options.dryRun ? new Map<string, readonly OfferedTool[]>() : await offersOf(ctx, ports, objects);
  const file = options.file ?? "manifest.yaml";
  const source: WriteSource = { reason: options.reason ?? null, commit: options.commit ?? null };
  try {
    return await ctx.transact(async (tx, record) => {
      const now = new Date(ctx.now());
      await lockRegister(tx, ctx.org, now);
      const before = await loadRegister(tx, ctx.org);
      mustHold(crossCheck(objects, overlay(before, objects), file));
      const asksWidening = options.asksWidening === true && ports.prove !== undefined && objects.some((object) => changesPolicies(before, object));
      const was = asksWidening ? asTested(await ports.deriveFacts(tx, ctx.now(), { asWritten: true })) : null;
      const actions = new Map<string, Change["action"]>();
      for (const object of objects) {
        const known = before.get(object.kind, object.name);
        const action = !known ? "create" : sameObject(known, object) ? "unchanged" : "change";
        actions.set(`${object.kind}/${object.name}`, action);
        if (action === "unchanged") continue;
        const stored = await writeObject(tx, ctx, { kind: object.kind, name: object.name, ...object.metadata, spec: object.spec }, source);
        record({
          type: object.kind === "Policy" ? "policy" : "register.change",
          ...(object.kind === "AISystem" ? { system: object.name } : {}),
          payload: { action, kind: object.kind, name: object.name, version: stored.version, spec: object.spec, unit: object.metadata.unit, labels: object.metadata.labels, author: ctx.actor.id, reason: source.reason, commit: source.commit },
        });
        const offered = object.kind === "McpServer" ? offers.get(object.name) : undefined;
        if (offered) {
          const accepted = await storePins(tx, { org: ctx.org, server: object.name, tools: offered, by: ctx.actor.id, reason: "on apply", now });
          record({ type: "register.change", payload: { action: "pin", kind: "McpServer", name: object.name, tools: accepted.map(({ tool, hash }) => ({ tool, hash })) } });
        }
      }
      await inviteMissing(tx, { org: ctx.org, emails: ownersIn(objects), nowMs: ctx.now(), random: ctx.random });
      const outcomes = new Map((await ports.reconcile(tx, ctx, record)).map((outcome) => [outcome.system, outcome]));
      mustHold([...checkPilots(objects, outcomes, ctx.now(), file), ...(await checkPolicies(tx, ctx, ports, objects, file))]);
      const edited = objects.filter((object) => actions.get(`${object.kind}/${object.name}`) !== "unchanged");
      const checked = edited.some(({ kind }) => mayBreak.has(kind)) ? await checkInvariants(tx, ctx, ports, { objects: edited, file, proven, record, was }) : nothingBroken;
      mustHold(checked.problems);
      const changes = objects.map((object): Change => {
        const outcome = object.kind === "AISystem" ? outcomes.get(object.name) : undefined;
        return { kind: object.kind, name: object.name, action: actions.get(`${object.kind}/${object.name}`)!, needsApproval: outcome?.needsApproval ?? false, voids: outcome?.voids ?? [], ...(outcome?.similar === undefined ? {} : { similar: outcome.similar }), ...(outcome?.reassessment === undefined ? {} : { reassessment: outcome.reassessment }), ...(outcome === undefined ? {} : { tier: { is: outcome.tier, was: outcome.was, reasons: outcome.reasons, flags: outcome.flags, unanswered: outcome.unanswered } }) };
      });
      // A shared object's change reaches systems that this manifest doesn't hold: say so.
      for (const outcome of outcomes.values()) {
        if ((outcome.voids.length > 0 || outcome.reassessment !== undefined || outcome.was !== outcome.tier) && !actions.has(`AISystem/${outcome.system}`)) changes.push({ kind: "AISystem", name: outcome.system, action: "unchanged", needsApproval: outcome.needsApproval, voids: outcome.voids, ...(outcome.reassessment === undefined ? {} : { reassessment: outcome.reassessment }), tier: { is: outcome.tier, was: outcome.was, reasons: outcome.reasons, flags: outcome.flags, unanswered: outcome.unanswered } });
      }
      const result = { changes, widening: checked.widening };
      if (options.dryRun) throw new DryRun(result);
      return result;
    });
  } catch (error) {
    if (error instanceof DryRun) return error.result;
    throw error;
  }
}

const mayBreak: ReadonlySet<EntityKind> = new Set(["Policy", "AISystem", "Tool"]);

/** Of a policy that stands: another text. Of a system that stands: one of its policies less. A new policy can only narrow. */
function changesPolicies(before: Register, object: ManifestObject): boolean {
  const known = before.get(object.kind, object.name);
  if (known === undefined) return false;
  if (object.kind === "Policy") return !sameObject(known, object);
  if (object.kind !== "AISystem") return false;
  const { policies } = object.spec as StoredObject<"AISystem">["spec"];
  return (known as StoredObject<"AISystem">).spec.policies.some((one) => !policies.includes(one));
}

/** What the solver said, and to which question. */
interface Proven {
  readonly key: string;
  readonly answer: ProofAnswer;
}

/** Carries a question out of a transaction: the solver takes seconds, and the register's lock is everybody's. */
class NeedsProof extends Error {
  readonly question: ProofQuestion;
  constructor(question: ProofQuestion) {
    super("needs proof");
    this.question = question;
  }
}

const proofAttempts = 4;

/** Does the work again with the proof it asked for; once more when the register changed meanwhile. */
export async function proving<T>({ prove }: RegisterPorts, work: (proven: Proven | null) => Promise<T>): Promise<T> {
  let proven: Proven | null = null;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(proven);
    } catch (error) {
      if (!(error instanceof NeedsProof) || prove === undefined) throw error;
      if (attempt >= proofAttempts) throw new AppError({ code: "registry.busy", status: 409, message: "Policies changed while the invariants were proven.", remedies: [{ text: "Try again." }] });
      proven = { key: keyOf(narrowed(error.question)), answer: await prove(error.question) };
    }
  }
}

interface InvariantCheck {
  readonly objects: readonly ManifestObject[];
  readonly file: string;
  readonly proven: Proven | null;
  readonly record: (evidence: MutationEvidence) => void;
  /** Facts before the change, where it is asked whether that widens access. */
  readonly was?: RegisterFacts | null;
}

interface InvariantsChecked {
  readonly problems: readonly ManifestProblem[];
  readonly widening: Widening | null;
}
const nothingBroken: InvariantsChecked = { problems: [], widening: null };

/** Every standing invariant under the policies as this leaves them. @throws NeedsProof when that was not asked yet */
export async function checkInvariants(tx: Tx, ctx: CommandContext<Tx>, ports: RegisterPorts, { objects, file, proven, record, was = null }: InvariantCheck): Promise<InvariantsChecked> {
  if (ports.prove === undefined) return nothingBroken;
  const invariants = standingIn(policiesIn(await loadRegister(tx, ctx.org)));
  if (invariants.length === 0 && was === null) return nothingBroken;
  const question: ProofQuestion = { before: was, after: asTested(await ports.deriveFacts(tx, ctx.now(), { asWritten: true })), invariants, builtIn: false };
  if (proven?.key !== keyOf(narrowed(question))) throw new NeedsProof(question);
  const problems = proven.answer.invariants.flatMap((proof): ManifestProblem[] => {
    const found = obstacle(proof);
    if (found === null) return [];
    const own = objects.find((object) => object.kind === "Policy" && object.name === proof.policy);
    const index = (own?.spec as StoredObject<"Policy">["spec"] | undefined)?.invariants?.findIndex((one) => one.id === proof.id) ?? -1;
    const path = own === undefined || index < 0 ? ["spec"] : ["spec", "invariants", index];
    const place = (own ?? objects.find((object) => object.kind === "Policy") ?? objects[0])?.placeOf(path) ?? { line: 1, column: 1 };
    return [{ file, ...place, field: fieldText(path), ...found }];
  });
  const { widening } = proven.answer;
  if (problems.length === 0) record({ type: "policy", payload: { action: "prove", invariants: proven.answer.invariants.map(({ id, policy, state, reason }) => ({ id, policy, state, reason })), ...(widening === null ? {} : { widening: { state: widening.state, reason: widening.reason } }) } });
  return { problems, widening };
}

export function invalid(problems: readonly ManifestProblem[]): AppError {
  const first = problems[0]!;
  const more = problems.length > 1 ? ` ${problems.length - 1} more.` : "";
  return new AppError({
    code: "manifest.invalid",
    status: 422,
    message: `Nothing was changed. ${first.file}:${first.line}:${first.column} ${first.field === "" ? "" : `${first.field}: `}${first.message} ${first.remedy}${more}`,
    details: { problems },
    remedies: [{ text: first.remedy }],
  });
}

function mustHold(problems: readonly ManifestProblem[]): void {
  if (problems.length > 0) throw invalid(problems);
}

/** Network first, outside the transaction: a slow server must not hold the register's lock. */
async function offersOf(ctx: CommandContext<Tx>, ports: RegisterPorts, objects: readonly ManifestObject[]): Promise<Map<string, readonly OfferedTool[]>> {
  const offers = new Map<string, readonly OfferedTool[]>();
  const servers = objects.filter((object) => object.kind === "McpServer");
  if (!ports.pinMcpServer || servers.length === 0) return offers;
  const before = await ctx.read((tx) => loadRegister(tx, ctx.org));
  await Promise.all(
    servers.map(async (object) => {
      const spec = object.spec as StoredObject<"McpServer">["spec"];
      const known = before.get("McpServer", object.name);
      if (known && sameObject(known, object)) return;
      const process = spec.command === undefined ? null : { command: spec.command, args: spec.args ?? [], env: spec.env ?? {} };
      const offered = await ports.pinMcpServer!({ name: object.name, url: spec.url ?? null, process, credential: spec.credential?.slice("secret:".length) ?? null });
      if (offered) offers.set(object.name, offered);
    }),
  );
  return offers;
}

function overlay(before: Register, objects: readonly ManifestObject[]): Register {
  const stored = objects.map((object): StoredObject => ({ kind: object.kind, name: object.name, id: "", ...object.metadata, spec: object.spec as StoredObject["spec"], version: 0, createdAt: new Date(0), updatedAt: new Date(0) }));
  return new Register([...before.values(), ...stored]);
}

function sameObject(known: StoredObject, object: ManifestObject): boolean {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  return isDeepStrictEqual(plain(known.spec), plain(object.spec)) && known.unit === object.metadata.unit && isDeepStrictEqual({ ...known.labels }, { ...object.metadata.labels });
}

function ownersIn(objects: readonly ManifestObject[]): string[] {
  return objects.filter((object) => object.kind === "AISystem").flatMap((object) => {
    const { owners } = object.spec as StoredObject<"AISystem">["spec"];
    return [owners.business, owners.technical].filter((email) => email !== undefined);
  });
}

function checkPilots(objects: readonly ManifestObject[], outcomes: ReadonlyMap<string, { readonly tier: Tier; readonly pilotDays: number }>, nowMs: number, file: string): ManifestProblem[] {
  return objects.filter((object) => object.kind === "AISystem").flatMap((object) => {
    const ends = (object.spec as StoredObject<"AISystem">["spec"]).pilot?.ends;
    const outcome = outcomes.get(object.name);
    if (ends === undefined || outcome === undefined || outcome.tier === "X") return [];
    const { tier, pilotDays } = outcome;
    if (Date.parse(ends) <= nowMs + pilotDays * 86_400_000) return [];
    const path = ["spec", "pilot", "ends"];
    return [{ file, ...object.placeOf(path), field: fieldText(path), message: `A pilot at ${tier} ends within ${pilotDays} days.`, remedy: `Write an end before ${new Date(nowMs + pilotDays * 86_400_000).toISOString().slice(0, 10)}, or leave it out.` }];
  });
}

/** Tools as if pinned: a server that can't be reached now says nothing about a rule. */
function asTested(facts: RegisterFacts): RegisterFacts {
  return { ...facts, tools: facts.tools.map((tool) => ({ ...tool, changed: false })) };
}

/** Compiles the file's policies, checks them against the register as this manifest leaves it, and runs their tests. */
async function checkPolicies(tx: Tx, ctx: CommandContext<Tx>, ports: RegisterPorts, objects: readonly ManifestObject[], file: string): Promise<ManifestProblem[]> {
  const policies = objects.filter((object) => object.kind === "Policy");
  const bound = objects.filter((object) => object.kind === "AISystem" && (object.spec as StoredObject<"AISystem">["spec"]).policies.length > 0);
  if (policies.length === 0 && bound.length === 0) return [];
  const problems: ManifestProblem[] = [];
  const at = (object: ManifestObject, path: (string | number)[], { message, remedy }: { message: string; remedy: string }): ManifestProblem => ({ file, ...object.placeOf(path), field: fieldText(path), message, remedy });
  const atRule = (object: ManifestObject, rule: string | null, problem: { message: string; remedy: string }): ManifestProblem => {
    const { rules } = object.spec as StoredObject<"Policy">["spec"];
    const index = rules?.findIndex((one) => one.id === rule) ?? -1;
    return at(object, ["spec", ...(rules ? ["rules", ...(index < 0 ? [] : [index])] : ["cedar"])], problem);
  };
  for (const object of policies)
    for (const problem of compilePolicySpec(object.name, object.spec).problems) problems.push(atRule(object, problem.rule, problem));
  if (problems.length > 0) return problems;
  const facts = asTested(await ports.deriveFacts(tx, ctx.now(), { asWritten: true }));
  // An argument or claim that doesn't exist is unmet in every call: said here, not by refusals in production.
  for (const object of policies) {
    const { invariants = [] } = object.spec as StoredObject<"Policy">["spec"];
    for (const problem of validateInvariants(facts, object.name, invariants)) problems.push(at(object, ["spec", "invariants", Math.max(0, invariants.findIndex((one) => one.id === problem.rule))], { ...problem, message: `Invariant \`${problem.rule}\`: ${problem.message}` }));
  }
  for (const object of policies) for (const problem of validatePolicies(facts, object.name)) problems.push(atRule(object, problem.rule, { ...problem, message: problem.rule === null ? problem.message : `Rule \`${problem.rule}\`: ${problem.message}` }));
  for (const object of bound) {
    for (const [index, reference] of (object.spec as StoredObject<"AISystem">["spec"]).policies.entries()) {
      const name = reference.replace(/^policy:/, "");
      if (policies.some((policy) => policy.name === name)) continue;
      for (const problem of validatePolicies(facts, name)) problems.push(at(object, ["spec", "policies", index], { ...problem, message: `Policy \`${name}\`${problem.rule === null ? "" : `, rule \`${problem.rule}\``}: ${problem.message}` }));
    }
  }
  if (problems.length > 0) return problems;
  for (const object of policies) {
    const { tests } = object.spec as StoredObject<"Policy">["spec"];
    if (!tests || tests.length === 0) continue;
    for (const [index, result] of runPolicyTests(facts, object.name, tests, Math.floor(ctx.now() / 1000)).entries())
      if (!result.passed) problems.push(at(object, ["spec", "tests", index], { message: `Test \`${result.name}\` expected ${result.expected} and got ${result.decision.outcome}: ${result.decision.reason}`, remedy: "Correct the rule or the test." }));
  }
  return problems;
}
