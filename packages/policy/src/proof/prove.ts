import type { PolicyFacts, RegisterFacts, SystemFacts, ToolFacts } from "@mandate/model";
import { readCondition, type ReadCondition } from "./conditions.ts";
import { Expressions } from "./expression-terms.ts";
import { type Example, exampleOf, pathsOf } from "./example.ts";
import { type InvariantProof, type Provable, type Widening, wideningWords } from "./findings.ts";
import { builtInInvariants, isAbout, type StandingInvariant, targetOf } from "./invariants.ts";
import { outcomeOf, readGuardrails, type ReadRule, readRules, type SymbolicOutcome } from "./outcome.ts";
import { pinsOf, plainest } from "./preferences.ts";
import { isMet, replay } from "./replay.ts";
import { namesIn, Scene, type Target } from "./scene.ts";
import { type Answer, Session, type Solver } from "./session.ts";
import { scopeMatches } from "../cedar/policy-set.ts";
import { actionEntity } from "../world.ts";
import { CannotTell, type Term } from "./terms.ts";
import { witnessOf, type Witness } from "./witness.ts";

export interface ProofOptions {
  /** For one question to the solver. */
  readonly timeoutMs: number;
  /** For all of them; what is not asked by then can't be told. */
  readonly budgetMs: number;
  readonly now: () => number;
}

/** Policies in force for some systems: those they carry and those that bind everybody. */
interface Binding {
  /** Empty: a system that carries none, as one registered later may. */
  readonly systems: readonly SystemFacts[];
  readonly before: readonly PolicyFacts[];
  readonly after: readonly PolicyFacts[];
}

const actions = ["model.call", "tool.call", "data.export", "deploy"] as const;

/** Proves invariants of the policies in `after`, and says whether they let anything through that `before` did not. */
export class Prover {
  readonly #solver: Solver;
  readonly #options: ProofOptions;
  readonly #startedMs: number;

  constructor(solver: Solver, options: ProofOptions) {
    this.#solver = solver;
    this.#options = options;
    this.#startedMs = options.now();
  }

  get #isSpent(): boolean {
    return this.#options.now() - this.#startedMs > this.#options.budgetMs;
  }

  /** Those that come with the product, over the guardrails alone: whatever policies there are, and will be. */
  builtIn(): Promise<readonly InvariantProof[]> {
    return this.#each(builtInInvariants, async (invariant, condition) => this.#universal(invariant, condition, undefined));
  }

  /** @param facts the register with the policies in force; every binding in it is asked about, and that of a system registered later */
  invariants(invariants: readonly StandingInvariant[], facts: RegisterFacts): Promise<readonly InvariantProof[]> {
    const bindings = bindingsOf(facts, facts);
    return this.#each(invariants, async (invariant, condition) => {
      const tool = toolOf(facts, targetOf(invariant.on)?.named ?? null);
      const whatever = await this.#universal(invariant, condition, tool);
      if (whatever.state === "proven") return whatever;
      let doubt: string | null = null;
      for (const binding of bindings) {
        if (invariant.of === "carriers" && !binding.after.some((policy) => policy.name === invariant.policy)) continue;
        const found = await this.#under(invariant, condition, binding, facts);
        if (found.state === "refuted") return found;
        if (found.state === "cant_tell") doubt ??= found.reason;
      }
      return doubt === null ? { state: "proven", reason: null, example: null } : { state: "cant_tell", reason: doubt, example: null };
    });
  }

  async #each(invariants: readonly StandingInvariant[], prove: (invariant: StandingInvariant, condition: ReadCondition) => Promise<Provable>): Promise<readonly InvariantProof[]> {
    const proofs: InvariantProof[] = [];
    for (const invariant of invariants) {
      const { id, policy, on, because, mustProve = false } = invariant;
      const about = { id, policy, on, asks: invariant.deniedWhen === undefined ? ("held" as const) : ("denied" as const), condition: invariant.deniedWhen ?? invariant.heldWhen ?? "", because: because ?? null, mustProve };
      proofs.push({ ...about, ...(await this.#orDoubt(async () => prove(invariant, readCondition(invariant.deniedWhen ?? invariant.heldWhen ?? "")))) });
    }
    return proofs;
  }

  async #orDoubt(prove: () => Promise<Provable>): Promise<Provable> {
    if (this.#isSpent) return { state: "cant_tell", reason: "the time for proofs was used up before it was asked", example: null };
    try {
      return await prove();
    } catch (error) {
      if (error instanceof CannotTell) return { state: "cant_tell", reason: error.message, example: null };
      throw error;
    }
  }

  /** Over the guardrails alone, with custom rules doing whatever they can. */
  async #universal(invariant: StandingInvariant, condition: ReadCondition, tool: ToolFacts | undefined): Promise<Provable> {
    const own = targetOf(invariant.on);
    if (own === null) throw new CannotTell("`on` names no action and no thing");
    const named = own.named === null ? [null, ...namesIn(condition.json, own.action)] : [own.named];
    for (const name of named) {
      const scene = new Scene({ action: own.action, named: name }, condition.json, tool);
      const outcome = outcomeOf(scene, readGuardrails(), true);
      const answer = await this.#session(scene).ask(breach(scene, outcome, invariant, condition));
      if (answer.kind !== "impossible") return { state: "cant_tell", reason: "the guardrails alone don't imply it", example: null };
    }
    return { state: "proven", reason: null, example: null };
  }

  async #under(invariant: StandingInvariant, condition: ReadCondition, binding: Binding, facts: RegisterFacts): Promise<Provable> {
    const rules = rulesOf(binding.after);
    const json = [condition.json, rules.map(jsonOf)];
    let doubt: string | null = null;
    const own = targetOf(invariant.on);
    const targets = own?.named == null ? targetsOf(json, actions).filter((one) => isAbout(invariant, one)) : [own];
    for (const target of targets) {
      if (this.#isSpent) return { state: "cant_tell", reason: "the time for proofs was used up", example: null };
      const tool = toolOf(facts, target.named);
      const scene = new Scene(target, json, tool);
      const outcome = outcomeOf(scene, [...readGuardrails(), ...rules]);
      const question = breach(scene, outcome, invariant, condition);
      const answer = await this.#session(scene).ask(question, this.#wishes(scene, binding, facts));
      const shown = this.#shown(scene, answer, tool, (witness) => {
        const replayed = replay(witness, binding.after);
        if (replayed === null || !isMet(witness, binding.after, condition)) return null;
        const breaks = invariant.deniedWhen === undefined ? replayed.decision.outcome === "allow" : replayed.approved.outcome === "allow";
        return breaks ? exampleOf(witness, { paths: condition.paths, policies: binding.after, before: null, after: replayed }) : null;
      });
      if (shown.state === "refuted") return { ...shown, reason: null };
      doubt ??= shown.reason;
    }
    return doubt === null ? { state: "proven", reason: null, example: null } : { state: "cant_tell", reason: doubt, example: null };
  }

  /** Does `after` let anything through that `before` did not, hold for fewer people, or show more of the data? */
  async widening(before: RegisterFacts, after: RegisterFacts): Promise<Widening> {
    let doubt: string | null = null;
    const changed = bindingsOf(before, after).filter((binding) => !sameRules(binding));
    for (const binding of changed) {
      const found = await this.#orDoubt(() => this.#widens(binding, after));
      if (found.state === "refuted") return { state: "yes", reason: null, example: found.example };
      if (found.state === "cant_tell") doubt ??= found.reason;
    }
    return { state: doubt === null ? "no" : "cant_tell", reason: doubt, example: null };
  }

  async #widens(binding: Binding, facts: RegisterFacts): Promise<Provable> {
    const [before, after] = [rulesOf(binding.before), rulesOf(binding.after)];
    const gone = before.filter((rule) => !after.some((other) => sameRule(rule, other)));
    const come = after.filter((rule) => !before.some((other) => sameRule(rule, other)));
    // forbids beside all that was there can only narrow: no solver is needed to say so
    if (gone.length === 0 && come.every(({ rule }) => rule.policy.effect === "forbid")) return { state: "proven", reason: null, example: null };
    const edited = [...gone, ...come];
    const json = [...before, ...after].map(jsonOf);
    const targets = targetsOf(json, actions).filter((target) => edited.some((rule) => reaches(rule, target)));
    let doubt: string | null = null;
    for (const target of targets) {
      if (this.#isSpent) return { state: "cant_tell", reason: "the time for proofs was used up", example: null };
      const tool = toolOf(facts, target.named);
      const scene = new Scene(target, json, tool);
      const guardrails = readGuardrails();
      const paths = edited.filter((rule) => reaches(rule, target)).flatMap(({ conditions }) => conditions.flatMap(({ body }) => pathsOf(body)));
      const [was, becomes] = [outcomeOf(scene, [...guardrails, ...before]), outcomeOf(scene, [...guardrails, ...after])];
      const answer = await this.#session(scene).ask(looser(scene, was, becomes), this.#wishes(scene, binding, facts));
      const shown = this.#shown(scene, answer, tool, (witness) => {
        const [old, now] = [replay(witness, binding.before), replay(witness, binding.after)];
        const words = old === null || now === null ? null : wideningWords(old, now);
        return words === null ? null : exampleOf(witness, { paths, policies: binding.after, before: old, after: now!, words });
      });
      if (shown.state === "refuted") return shown;
      doubt ??= shown.reason;
    }
    return doubt === null ? { state: "proven", reason: null, example: null } : { state: "cant_tell", reason: doubt, example: null };
  }

  #session(scene: Scene): Session {
    return new Session(scene, this.#solver, this.#options.timeoutMs);
  }

  #wishes(scene: Scene, binding: Binding, facts: RegisterFacts): readonly Term[] {
    const nowSeconds = Math.floor(this.#options.now() / 1000);
    return [...pinsOf(scene, binding.systems[0], facts), ...plainest(scene, nowSeconds)];
  }

  /** INVARIANT: what the solver found is shown only after the engine said the same of it. */
  #shown(scene: Scene, answer: Answer, tool: ToolFacts | undefined, check: (witness: Witness) => Example | null): Provable {
    if (answer.kind === "impossible") return { state: "proven", reason: null, example: null };
    if (answer.kind === "unknown") return { state: "cant_tell", reason: answer.why, example: null };
    const example = plainestExample(witnessOf(scene, answer.model, tool), check);
    if (example !== null) return { state: "refuted", reason: null, example };
    const opened = [...scene.algebra.opened];
    const why = opened.length === 0 ? "the engine doesn't confirm what the solver found" : `a rule ${opened.slice(0, 3).join(", and ")}, which the solver can't follow`;
    return { state: "cant_tell", reason: why, example: null };
  }
}

/** The engine's word on a witness, and on what is left of it when data that doesn't matter is taken out. */
function plainestExample(witness: Witness, check: (witness: Witness) => Example | null): Example | null {
  let shown = check(witness);
  if (shown === null) return null;
  let plainer = witness;
  for (const dataClass of witness.request.data.classes.slice(0, 12)) {
    const { request } = plainer;
    const classes = request.data.classes.filter((one) => one !== dataClass);
    const without = { ...plainer, request: { ...request, data: { ...request.data, classes }, labels: { ...request.labels, classes: request.labels.classes.filter((one) => one !== dataClass) } } };
    const still = check(without);
    if (still === null) continue;
    shown = still;
    plainer = without;
  }
  return shown;
}

function breach(scene: Scene, outcome: SymbolicOutcome, invariant: StandingInvariant, condition: ReadCondition): Term {
  const { holds, errs } = new Expressions(scene.algebra, scene.texts, outcome.environment).truth(condition.json);
  return scene.terms.and(invariant.deniedWhen === undefined ? outcome.allowed : outcome.passes, scene.terms.or(holds, errs));
}

function looser({ terms }: Scene, before: SymbolicOutcome, after: SymbolicOutcome): Term {
  const fewer = [...new Set([...before.approvals.keys(), ...after.approvals.keys()])].map((group) => terms.less(after.approvals.get(group) ?? "0", before.approvals.get(group) ?? "0"));
  const shown = [
    ...[...before.redacted].map(([type, was]) => terms.and(was, terms.not(after.redacted.get(type) ?? "false"))),
    ...[...before.tokenized].map(([type, was]) => terms.and(was, terms.not(terms.or(after.tokenized.get(type) ?? "false", after.redacted.get(type) ?? "false")))),
    ...before.caps.map(({ field, max, applies }) => terms.and(applies, terms.not(terms.or(...after.caps.flatMap((cap) => (cap.field === field && cap.max <= max ? [cap.applies] : [])))))),
  ];
  return terms.or(
    terms.and(after.allowed, terms.not(before.allowed)),
    terms.and(after.held, after.passes, before.denied),
    terms.and(after.held, after.passes, before.held, terms.or(...fewer)),
    terms.and(after.passes, before.passes, terms.or(...shown)),
  );
}

// ---------- which policies bind whom ----------

function bindingsOf(before: RegisterFacts, after: RegisterFacts): readonly Binding[] {
  const groups = new Map<string, { systems: SystemFacts[]; before: readonly PolicyFacts[]; after: readonly PolicyFacts[] }>();
  const add = (was: SystemFacts | null, is: SystemFacts | null): void => {
    const [own, becomes] = [bindingOf(before, was), bindingOf(after, is)];
    const key = JSON.stringify([own, becomes].map((policies) => policies.map(({ name, cedar }) => [name, cedar])));
    const group = groups.get(key) ?? { systems: [], before: own, after: becomes };
    if (is !== null) group.systems.push(is);
    groups.set(key, group);
  };
  for (const system of after.systems) add(before.systems.find((one) => one.name === system.name) ?? null, system);
  add(null, null);
  return [...groups.values()];
}

function bindingOf(facts: RegisterFacts, system: SystemFacts | null): readonly PolicyFacts[] {
  const attached = new Set(facts.systems.flatMap((one) => one.policies));
  return facts.policies.filter(({ name }) => !attached.has(name) || system?.policies.includes(name)).toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function rulesOf(policies: readonly PolicyFacts[]): readonly ReadRule[] {
  return policies.flatMap(({ name, cedar }) => {
    try {
      return readRules(cedar, name);
    } catch (error) {
      throw new CannotTell(`policy ${name} can't be compiled: ${error instanceof Error ? error.message : "unknown"}`);
    }
  });
}

const sameRule = (one: ReadRule, other: ReadRule): boolean => one.rule.policy.text === other.rule.policy.text;

function sameRules({ before, after }: Binding): boolean {
  const texts = (policies: readonly PolicyFacts[]): string => JSON.stringify(policies.map((policy) => policy.cedar).toSorted());
  return texts(before) === texts(after);
}

function jsonOf({ rule, conditions }: ReadRule): unknown {
  const scopes = [rule.policy.principal, rule.policy.action, rule.policy.resource].flatMap(({ equals, within }) => [...(equals === null ? [] : [equals]), ...(within ?? [])]);
  return [conditions, scopes.map((key) => ({ type: key.slice(0, key.indexOf('::"')), id: key.slice(key.indexOf('::"') + 3, -1) }))];
}

function targetsOf(json: unknown, of: readonly Target["action"][]): readonly Target[] {
  return of.flatMap((action) => [...namesIn(json, action), null].map((named) => ({ action, named: action === "deploy" ? null : named }))).filter((target, index, all) => all.findIndex((one) => one.action === target.action && one.named === target.named) === index);
}

function reaches({ rule: { policy } }: ReadRule, { action, named }: Target): boolean {
  if (!scopeMatches(policy.action, actionEntity(action))) return false;
  const { equals } = policy.resource;
  return equals === null || (named !== null && equals.endsWith(`::"${named}"`));
}

function toolOf(facts: RegisterFacts, named: string | null): ToolFacts | undefined {
  return facts.tools.find((tool) => tool.name === named);
}

