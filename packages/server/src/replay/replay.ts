import { release } from "@mandate/gateway";
import { canonicalBytes } from "@mandate/ledger";
import type { Json } from "@mandate/ledger";
import type { RegisterFacts } from "@mandate/model";
import { compilePolicy } from "@mandate/policy";
import type { DecisionTrace, PolicyDecision, PolicyDecisionPoint } from "@mandate/policy";
import type { Database } from "../database/index.ts";
import { getDecision } from "../evidence/index.ts";
import type { LogKeys } from "../evidence/index.ts";
import { loadFacts } from "../facts/index.ts";
import { checksOf } from "./checks.ts";
import type { Check } from "./checks.ts";
import { readOne, readPeriod } from "./recorded.ts";
import type { Asked, DecidedBy, Period, Recorded, Unreplayable } from "./recorded.ts";

export interface ReplayDeps {
  readonly db: Database;
  readonly org: string;
  readonly keys: LogKeys;
  /** Digest of the engine that makes decisions again; absent: this process's. */
  readonly engine?: string | null;
}

/** What came out, as far as it is compared. */
export interface Outcome {
  readonly outcome: string;
  readonly code: string | null;
  readonly rule: string | null;
  readonly reason: string | null;
}

/** One answer that differs: from what was recorded (an alarm), or under proposed rules (a flip). */
export interface Difference {
  readonly id: string;
  readonly at: string;
  readonly system: string | null;
  readonly action: string;
  readonly resource: string;
  /** Tool called inside a model's answer; null for the decision itself. */
  readonly tool: string | null;
  readonly recorded: Outcome;
  readonly replayed: Outcome;
  /** Members that differ. */
  readonly members: readonly string[];
}

export interface ReplayResult {
  /** Decisions of the period. */
  readonly total: number;
  /** Those made again: "replayable n of m". */
  readonly replayable: number;
  readonly unreplayable: Readonly<Partial<Record<Unreplayable, number>>>;
  /** How many of them each release decided, by what their entries sealed; `not sealed` for those of a release that didn't say. */
  readonly releases: Readonly<Record<string, number>>;
  /** Questions asked again; a model's answer can hold several. */
  readonly questions: number;
  /** Questions whose answer came out bit for bit as recorded. */
  readonly same: number;
  readonly differences: number;
  /** Of all differences: those that would be let pass, or pass sooner, and those that would be stopped. */
  readonly looser: number;
  readonly stricter: number;
  /** The first of them. */
  readonly shown: readonly Difference[];
}

export interface PeriodReplayed extends ReplayResult {
  /** Id of the last decision, for whoever goes on from there; null when there was none. */
  readonly last: string | null;
}

/** Facts as they would be: other rules, another version, other terms. Pure; called once for each version of the facts. */
export type Propose = (facts: RegisterFacts) => RegisterFacts;

const batch = 500;
const maxShown = 1000;
/** Compiled versions kept: neighbours in time mostly share one. */
const maxCompiled = 8;

/** Compiled rules by the digest of their facts. */
class Versions {
  readonly #deps: ReplayDeps;
  readonly #propose: Propose | undefined;
  readonly #compiled = new Map<string, PolicyDecisionPoint | null>();
  /** A proposal that is the same for every version is compiled once. */
  readonly #proposed = new WeakMap<RegisterFacts, PolicyDecisionPoint>();

  constructor(deps: ReplayDeps, propose?: Propose) {
    this.#deps = deps;
    this.#propose = propose;
  }

  async of(digest: string): Promise<PolicyDecisionPoint | null> {
    const known = this.#compiled.get(digest);
    if (known !== undefined) return known;
    const { db, org } = this.#deps;
    const facts = await db.read(org, (tx) => loadFacts(tx, org, digest));
    const made = facts === undefined ? null : this.#compile(facts);
    if (this.#compiled.size >= maxCompiled) this.#compiled.delete(this.#compiled.keys().next().value!);
    this.#compiled.set(digest, made);
    return made;
  }

  #compile(recorded: RegisterFacts): PolicyDecisionPoint {
    if (this.#propose === undefined) return compilePolicy(recorded);
    const facts = this.#propose(recorded);
    const known = this.#proposed.get(facts) ?? compilePolicy(facts);
    this.#proposed.set(facts, known);
    return known;
  }
}

/**
 * Makes every decision of a period again, from what its entry sealed, under the facts it names.
 * @param propose absent: as recorded, and any difference is an alarm; else a difference is a decision that would flip
 * @param signal once aborted, what was gone through so far is the result
 */
export async function replayPeriod(deps: ReplayDeps, period: Period, propose?: Propose, signal?: AbortSignal): Promise<PeriodReplayed> {
  const tally = new Tally(propose !== undefined, engineOf(deps));
  const versions = new Versions(deps, propose);
  for (let after = period.after ?? ""; ; ) {
    const rows = await deps.db.read(deps.org, (tx) => readPeriod(tx, deps.org, deps.keys, period, after, batch));
    for (const row of rows) {
      if (signal?.aborted === true) break;
      tally.add(row, await askedAgain(row, versions));
      after = row.id;
    }
    if (rows.length < batch || signal?.aborted === true) return { ...tally.result(), last: after === (period.after ?? "") ? null : after };
  }
}

/** @returns undefined when there is no such decision */
export async function replayDecision(deps: ReplayDeps, id: string): Promise<ReplayResult | undefined> {
  const row = await deps.db.read(deps.org, (tx) => readOne(tx, deps.org, deps.keys, id));
  if (row === undefined) return undefined;
  const tally = new Tally(false, engineOf(deps));
  tally.add(row, await askedAgain(row, new Versions(deps)));
  return tally.result();
}

/** A decision made again, and what each rule said of it. */
export interface Explained {
  readonly unreplayable: Unreplayable | null;
  /** As sealed; null: not. */
  readonly release: (DecidedBy & { readonly isOurs: boolean }) | null;
  /** What the call met before, between and after the rules, in its order. */
  readonly checks: readonly Check[];
  readonly questions: readonly { readonly tool: string | null; readonly replayed: Outcome; readonly same: boolean; readonly trace: DecisionTrace | null }[];
}

/** @returns undefined when there is no such decision */
export async function explainDecision(deps: ReplayDeps, id: string): Promise<Explained | undefined> {
  const { row, recorded } = await deps.db.read(deps.org, async (tx) => ({ row: await readOne(tx, deps.org, deps.keys, id), recorded: await getDecision(tx, deps.org, id) }));
  if (row === undefined || recorded === undefined) return undefined;
  const versions = new Versions(deps);
  const again = await askedAgain(row, versions);
  const tally = new Tally(false, engineOf(deps));
  tally.add(row, again);
  const by = row.release === null ? null : { ...row.release, isOurs: row.release.engine !== null && row.release.engine === engineOf(deps) };
  const why = (Object.keys(tally.result().unreplayable) as Unreplayable[])[0] ?? null;
  if (typeof again === "string" || why !== null) return { unreplayable: why, release: by, checks: checksOf(recorded, null, why !== "no_rule_asked"), questions: [] };
  const policy = (await versions.of(row.facts!))!;
  const first = again.find(({ asked }) => asked.tool === null && asked.request !== null);
  const system = first === undefined ? undefined : (await deps.db.read(deps.org, (tx) => loadFacts(tx, deps.org, row.facts!)))?.systems.find((one) => one.name === first.asked.request!.system);
  const question = first === undefined || system === undefined ? null : { request: first.asked.request!, system, decision: first.replayed, rules: policy.trace(first.asked.request!)?.rules ?? [] };
  return {
    unreplayable: null,
    release: by,
    checks: checksOf(recorded, question, true),
    questions: again.map(({ asked, replayed }) => ({ tool: asked.tool, replayed: outcomeOf({ ...replayed }), same: differing(asked, replayed, false).length === 0, trace: asked.request === null ? null : policy.trace(asked.request) })),
  };
}

async function askedAgain(row: Recorded, versions: Versions): Promise<readonly { asked: Asked; replayed: PolicyDecision }[] | Unreplayable> {
  if (row.unreplayable !== null) return row.unreplayable;
  const policy = await versions.of(row.facts!);
  if (policy === null) return "facts_missing";
  return row.asked.map((asked) => ({ asked, replayed: decideAgain(policy, asked) }));
}

function decideAgain(policy: PolicyDecisionPoint, { request, external }: Asked): PolicyDecision {
  if (external === null) return policy.decide(request!);
  const decision = policy.decideExternal(external);
  // Holds have approvers of a system; outside one there is nobody to ask, and the gateway says no.
  return decision.outcome === "hold" ? { ...decision, outcome: "deny", code: "policy" } : decision;
}

/** Text that is equal exactly when two values are (RFC 8785). */
function exact(value: unknown): string {
  return Buffer.from(canonicalBytes((value === undefined ? null : JSON.parse(JSON.stringify(value))) as Json)).toString("utf8");
}

class Tally {
  readonly #proposed: boolean;
  readonly #engine: string | null;
  readonly #releases: Record<string, number> = {};
  readonly #unreplayable: Partial<Record<Unreplayable, number>> = {};
  readonly #shown: Difference[] = [];
  #total = 0;
  #replayable = 0;
  #questions = 0;
  #same = 0;
  #differences = 0;
  #looser = 0;
  #stricter = 0;

  constructor(proposed: boolean, engine: string | null) {
    this.#proposed = proposed;
    this.#engine = engine;
  }

  add(row: Recorded, again: readonly { asked: Asked; replayed: PolicyDecision }[] | Unreplayable): void {
    this.#total += 1;
    if (row.facts !== null) {
      const name = releaseName(row.release);
      this.#releases[name] = (this.#releases[name] ?? 0) + 1;
    }
    const why = typeof again === "string" ? again : this.#otherRelease(row, again);
    if (why !== null) {
      this.#unreplayable[why] = (this.#unreplayable[why] ?? 0) + 1;
      return;
    }
    this.#replayable += 1;
    for (const { asked, replayed } of again as readonly { asked: Asked; replayed: PolicyDecision }[]) {
      this.#questions += 1;
      const members = differing(asked, replayed, this.#proposed);
      if (members.length === 0) {
        this.#same += 1;
        continue;
      }
      this.#differences += 1;
      const change = weight(replayed.outcome) - weight(asked.decision["outcome"]);
      if (change < 0) this.#looser += 1;
      if (change > 0) this.#stricter += 1;
      if (this.#shown.length >= maxShown) continue;
      const { id, at, system, action, resource } = row;
      this.#shown.push({ id, at, system, action, resource, tool: asked.tool, recorded: outcomeOf(asked.decision), replayed: outcomeOf({ ...replayed }), members });
    }
  }

  /**
   * An engine that isn't ours may have answered otherwise by right, so its difference accuses nobody. INVARIANT: of a decision that
   * this very engine made, by what was sealed with it, every difference is an alarm. One that sealed no engine is told
   * by its policy version, which another release's guardrails change.
   */
  #otherRelease({ release: by }: Recorded, again: readonly { asked: Asked; replayed: PolicyDecision }[]): Unreplayable | null {
    if (this.#proposed) return null;
    if (by !== null && by.engine !== null && this.#engine !== null)
      return by.engine !== this.#engine && again.some(({ asked, replayed }) => differing(asked, replayed, false).length > 0) ? "other_release" : null;
    const first = again[0];
    return first !== undefined && typeof first.asked.decision["policyVersion"] === "string" && first.asked.decision["policyVersion"] !== first.replayed.policyVersion ? "other_release" : null;
  }

  result(): ReplayResult {
    return { total: this.#total, replayable: this.#replayable, unreplayable: this.#unreplayable, releases: this.#releases, questions: this.#questions, same: this.#same, differences: this.#differences, looser: this.#looser, stricter: this.#stricter, shown: this.#shown };
  }
}

const engineOf = ({ engine }: ReplayDeps): string | null => (engine === undefined ? release().engine : engine);

/** `0.1.0 (engine 3f2a91c0)` */
function releaseName(by: DecidedBy | null): string {
  return by === null ? "not sealed" : by.engine === null ? by.version : `${by.version} (engine ${by.engine.slice(0, 12)})`;
}

/** Members in which the answer differs from its record. A proposal changes what is allowed; other words, or another version, are no flip. */
function differing(asked: Asked, replayed: PolicyDecision, isProposed: boolean): string[] {
  const now: Readonly<Record<string, unknown>> = { ...replayed };
  const compared = isProposed ? ["outcome", "code"] : Object.keys(asked.tool === null ? { ...asked.decision, ...now } : asked.decision);
  return compared.filter((member) => exact(asked.decision[member]) !== exact(now[member])).sort();
}

const weights = { allow: 0, hold: 1, deny: 2 } as const;
const weight = (outcome: unknown): number => weights[outcome as keyof typeof weights] ?? weights.deny;

function outcomeOf(decision: Readonly<Record<string, unknown>>): Outcome {
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return { outcome: text(decision["outcome"]) ?? "", code: text(decision["code"]), rule: text(decision["rule"]), reason: text(decision["reason"]) };
}
