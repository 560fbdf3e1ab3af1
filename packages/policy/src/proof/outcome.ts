import { policyToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { combineObligations } from "../combine.ts";
import { compilePolicySet, type Scope } from "../cedar/policy-set.ts";
import { guardrails } from "../guardrails/guardrails.ts";
import { type Rule, ruleOf } from "../rule.ts";
import { Expressions, type SymbolicEnvironment, type Truth } from "./expression-terms.ts";
import type { Scene } from "./scene.ts";
import type { SymbolicEntity } from "./symbolic.ts";
import { CannotTell, type Term } from "./terms.ts";

/** A rule with the conditions it was compiled from. */
export interface ReadRule {
  readonly rule: Rule;
  readonly conditions: readonly { readonly kind: string; readonly body: unknown }[];
}

const maxRead = 2000;
const read = new Map<string, ReadRule["conditions"]>();

function conditionsOf(text: string): ReadRule["conditions"] {
  let conditions = read.get(text);
  if (conditions === undefined) {
    const answer = policyToJson(text);
    if (answer.type === "failure") throw new CannotTell("a policy can't be read");
    conditions = answer.json.conditions;
    if (read.size >= maxRead) read.clear();
    read.set(text, conditions);
  }
  return conditions;
}

/** @throws UnsupportedPolicy where the engine itself would refuse the policy */
export function readRules(cedar: string, policy: string): readonly ReadRule[] {
  return compilePolicySet(cedar).map((compiled) => ({ rule: ruleOf(compiled, `${policy}/${compiled.id}`, false), conditions: conditionsOf(compiled.text) }));
}

export const readGuardrails = (): readonly ReadRule[] => guardrails.map((compiled) => ({ rule: ruleOf(compiled, compiled.id, true), conditions: conditionsOf(compiled.text) }));

/** What the rules say to a call, as formulas; combined as `decision-point.ts` combines them. */
export interface SymbolicOutcome {
  readonly denied: Term;
  readonly held: Term;
  readonly allowed: Term;
  /** Allowed, or allowed once everybody asked has said yes. */
  readonly passes: Term;
  /** Approvals asked of each group. */
  readonly approvals: ReadonlyMap<string, Term>;
  readonly redacted: ReadonlyMap<string, Term>;
  readonly tokenized: ReadonlyMap<string, Term>;
  readonly caps: readonly { readonly field: string; readonly max: number; readonly applies: Term }[];
  /** What forbids saw: the call after masking. */
  readonly environment: SymbolicEnvironment;
}

export interface Applied {
  readonly rule: Rule;
  readonly satisfied: Term;
  readonly errs: Term;
}

/** @param openEnded whatever custom rules there are beside these: what doesn't pass then passes under none */
export function outcomeOf(scene: Scene, rules: readonly ReadRule[], openEnded = false): SymbolicOutcome {
  const { terms } = scene;
  const apply = (of: readonly ReadRule[], environment: SymbolicEnvironment): readonly Applied[] => {
    const expressions = new Expressions(scene.algebra, scene.texts, environment);
    return of.flatMap((one) => applied(scene, one, expressions));
  };
  const permits = apply(rules.filter(({ rule }) => rule.policy.effect === "permit"), scene.asMade);
  const redacted = masksOf(scene, permits, "redact");
  const isExport = scene.target.action === "data.export";
  // custom permits can mask, and masking is the one way in which they open something
  const environment = scene.withMasked(!isExport ? new Map() : openEnded ? "any" : redacted);
  const forbids = apply(rules.filter(({ rule }) => rule.policy.effect === "forbid"), environment);
  const errs = terms.or(...permits.map((one) => one.errs), ...forbids.map((one) => one.errs));
  const refused = terms.or(...forbids.flatMap(({ rule, satisfied }) => (rule.hold === null ? [satisfied] : [])));
  const holding = forbids.filter(({ rule }) => rule.hold !== null);
  const isHeld = terms.or(...holding.map(({ satisfied }) => satisfied));
  const permitted = openEnded ? "true" : terms.or(scene.isGranted, ...permits.map(({ satisfied }) => satisfied));
  const stopped = terms.or(refused, errs);
  const passes = terms.and(terms.not(stopped), permitted, terms.not(conflict(scene, permits)));
  const held = terms.and(terms.not(stopped), isHeld);
  const allowed = terms.and(passes, terms.not(isHeld));
  return { denied: terms.not(terms.or(held, allowed)), held, allowed, passes, approvals: approvalsOf(scene, holding), redacted, tokenized: masksOf(scene, permits, "tokenize"), caps: capsOf(permits), environment };
}

/** What a rule is about: a scene, or in tests a single world. */
export type Subject = Pick<Scene, "terms" | "algebra" | "texts" | "principal" | "action" | "resource">;

export function applied(scene: Subject, { rule, conditions }: ReadRule, expressions: Expressions): readonly Applied[] {
  const { terms } = scene;
  const { principal, action, resource } = rule.policy;
  const inScope = terms.and(scopeTerm(scene, principal, scene.principal), scopeTerm(scene, action, scene.action), scopeTerm(scene, resource, scene.resource));
  if (inScope === "false") return [];
  let [holds, errs]: [Term, Term] = ["true", "false"];
  for (const { kind, body } of conditions) {
    if (holds === "false") break;
    const clause: Truth = expressions.truth(body);
    errs = terms.or(errs, terms.and(holds, clause.errs));
    holds = terms.and(holds, kind === "when" ? clause.holds : terms.not(clause.holds));
  }
  return [{ rule, satisfied: terms.and(inScope, holds, terms.not(errs)), errs: terms.and(inScope, errs) }];
}

function scopeTerm(scene: Subject, scope: Scope, entity: SymbolicEntity): Term {
  const { terms, algebra, texts } = scene;
  const named = (key: string): SymbolicEntity => {
    const split = key.indexOf('::"');
    return { type: key.slice(0, split), id: texts.code(key.slice(split + 3, -1)), attributes: null, ancestors: [] };
  };
  if (scope.equals !== null) {
    const other = named(scope.equals);
    return other.type === entity.type ? terms.equal(entity.id, other.id) : "false";
  }
  if (scope.type !== null && scope.type !== entity.type) return "false";
  return scope.within === null ? "true" : terms.or(...scope.within.map((key) => algebra.isIn(entity, named(key))));
}

function masksOf({ terms }: Scene, permits: readonly Applied[], kind: "redact" | "tokenize"): ReadonlyMap<string, Term> {
  const masks = new Map<string, Term>();
  for (const { rule, satisfied } of permits)
    for (const obligation of rule.obligations) if (obligation.kind === kind) for (const type of obligation.types) masks.set(type, terms.or(masks.get(type) ?? "false", satisfied));
  return masks;
}

function capsOf(permits: readonly Applied[]): SymbolicOutcome["caps"] {
  return permits.flatMap(({ rule, satisfied }) => rule.obligations.flatMap((one) => (one.kind === "cap" ? [{ field: one.field, max: one.max, applies: satisfied }] : [])));
}

function approvalsOf({ terms }: Scene, holding: readonly Applied[]): ReadonlyMap<string, Term> {
  const counts = new Map<string, Term>();
  for (const { rule, satisfied } of holding) {
    for (const { group, count } of rule.hold!.approvers) {
      const known = counts.get(group) ?? "0";
      counts.set(group, terms.choose("Int", terms.and(satisfied, terms.less(known, terms.int(count))), terms.int(count), known));
    }
  }
  return counts;
}

/** Obligations that can't all be done; whether they can is a matter of each pair. */
function conflict({ terms }: Scene, permits: readonly Applied[]): Term {
  const obliging = permits.filter(({ rule }) => rule.obligations.length > 0);
  return terms.or(
    ...obliging.flatMap((one, index) =>
      obliging.slice(index).flatMap((other) => (combineObligations([one.rule, other.rule]) === "conflict" ? [terms.and(one.satisfied, other.satisfied)] : [])),
    ),
  );
}
