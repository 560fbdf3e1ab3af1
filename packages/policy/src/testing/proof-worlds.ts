import { compilePolicySet, scopeMatches } from "../cedar/policy-set.ts";
import { Random, randomPolicy, randomWorld } from "../cedar/random-worlds.ts";
import { CedarRecord, CedarSet, Datetime, Decimal, Duration, Entity, IpAddress, type Value } from "../cedar/values.ts";
import { Expressions, type SymbolicEnvironment } from "../proof/expression-terms.ts";
import { applied, readRules } from "../proof/outcome.ts";
import type { Solver } from "../proof/session.ts";
import { Algebra, type Fields, only, type Plain, type SymbolicEntity } from "../proof/symbolic.ts";
import { type Term, Terms } from "../proof/terms.ts";
import { Texts } from "../proof/texts.ts";
import { readOut, truthsIn } from "./read-out.ts";

export interface ProofDifferential {
  readonly compared: number;
  /** Policies of which the encoding leaves some part open, so that there is nothing to compare. */
  readonly open: number;
  readonly satisfied: number;
  readonly errors: number;
  readonly mismatches: readonly string[];
}

const policiesPerWorld = 8;
const worldsPerScript = 8;

/**
 * The formulas of random policies in random worlds, evaluated by the solver, beside the engine's answers: satisfied and
 * erring must be the same. Each value of the world is a variable that is only asserted to be it, so nothing is folded away.
 */
export async function runProofDifferential(solver: Solver, worlds: number, seed: number): Promise<ProofDifferential> {
  const result = { compared: 0, open: 0, satisfied: 0, errors: 0, mismatches: [] as string[] };
  for (let from = 0; from < worlds; from += worldsPerScript) {
    const batch = Array.from({ length: Math.min(worldsPerScript, worlds - from) }, (_, index) => seed + from + index);
    const terms = new Terms();
    const texts = new Texts(terms);
    const asked = batch.flatMap((one) => askWorld(one, terms, texts));
    const facts = texts.facts();
    await solver.reset();
    const script = [terms.flush(), ...facts.map((fact) => `(assert ${fact})`), readOut(asked.flatMap((one) => [one.satisfied, one.errs]))].join("\n");
    const answer = await solver.run(script);
    if (!answer.startsWith("sat")) throw new Error(`a world is no model of itself: ${answer.slice(0, 300)}`);
    const values = truthsIn(answer);
    for (const [index, one] of asked.entries()) {
      if (one.isOpen) {
        result.open += 1;
        continue;
      }
      result.compared += 1;
      if (one.expected.satisfied) result.satisfied += 1;
      if (one.expected.errs) result.errors += 1;
      const said = { satisfied: values[index * 2], errs: values[index * 2 + 1] };
      if (said.satisfied !== one.expected.satisfied || said.errs !== one.expected.errs) result.mismatches.push(`seed ${one.seed}: solver ${JSON.stringify(said)}, engine ${JSON.stringify(one.expected)}\n${one.text}`);
    }
  }
  return result;
}

interface Asked {
  readonly seed: number;
  readonly text: string;
  readonly satisfied: Term;
  readonly errs: Term;
  readonly isOpen: boolean;
  readonly expected: { readonly satisfied: boolean; readonly errs: boolean };
}

function askWorld(seed: number, terms: Terms, texts: Texts): readonly Asked[] {
  const random = new Random(seed);
  const { environment, entities } = randomWorld(random);
  const policies = Array.from({ length: policiesPerWorld }, () => randomPolicy(random));
  const world = new SymbolicWorld(terms, texts, entities);
  const { principal, action, resource, context } = environment;
  const symbolic: SymbolicEnvironment = {
    principal: world.entity(principal),
    action: world.entity(action),
    resource: world.entity(resource),
    context: world.plain(context),
    entity: (type, id) => world.entity(entities.find((one) => one.type === type && one.id === id) ?? new Entity(type, id, null)),
  };
  return policies.flatMap((text) => {
    const algebra = new Algebra(terms);
    const [read] = readRules(text, "random");
    const found = applied({ terms, texts, algebra, ...symbolic }, read!, new Expressions(algebra, texts, symbolic))[0];
    return [{ seed, text, satisfied: found?.satisfied ?? "false", errs: found?.errs ?? "false", isOpen: algebra.opened.size > 0, expected: expectedOf(text, environment) }];
  });
}

function expectedOf(text: string, environment: ReturnType<typeof randomWorld>["environment"]): Asked["expected"] {
  const [policy] = compilePolicySet(text);
  const { principal, action, resource, holds } = policy!;
  const inScope = scopeMatches(principal, environment.principal) && scopeMatches(action, environment.action) && scopeMatches(resource, environment.resource);
  try {
    return { satisfied: inScope && holds(environment), errs: false };
  } catch {
    return { satisfied: false, errs: true };
  }
}

/** A world's values as variables that can only be what they are. */
class SymbolicWorld {
  readonly #terms: Terms;
  readonly #texts: Texts;
  readonly #store: ReadonlyMap<string, Entity>;
  readonly #entities = new Map<string, SymbolicEntity>();

  constructor(terms: Terms, texts: Texts, entities: readonly Entity[]) {
    this.#terms = terms;
    this.#texts = texts;
    this.#store = new Map(entities.map((entity) => [entity.key, entity]));
  }

  #number(value: Term): Term {
    const variable = this.#terms.declare("Int");
    this.#terms.assert(this.#terms.equal(variable, value));
    return variable;
  }

  entity(reference: Entity): SymbolicEntity {
    const known = this.#entities.get(reference.key);
    if (known !== undefined) return known;
    const stored = this.#store.get(reference.key) ?? reference;
    const ancestors = [...stored.ancestors].filter((key) => key !== stored.key).map((key) => {
      const split = key.indexOf('::"');
      return { type: key.slice(0, split), id: this.#number(this.#texts.code(key.slice(split + 3, -1))), present: "true" };
    });
    const entity: SymbolicEntity = { type: stored.type, id: this.#number(this.#texts.code(stored.id)), attributes: stored.attributes === null ? null : this.#fields(stored.attributes), ancestors };
    this.#entities.set(reference.key, entity);
    return entity;
  }

  #fields(values: ReadonlyMap<string, Value>): Fields {
    const made = new Map<string, Plain>();
    return {
      names: [...values.keys()],
      get: (name) => {
        const value = values.get(name);
        if (value === undefined) return undefined;
        const plain = made.get(name) ?? this.plain(value);
        made.set(name, plain);
        return { present: "true", value: only(plain) };
      },
    };
  }

  plain(value: Value): Plain {
    if (typeof value === "boolean") {
      const term = this.#terms.declare("Bool");
      this.#terms.assert(value ? term : this.#terms.not(term));
      return { kind: "bool", term };
    }
    if (typeof value === "string") return { kind: "string", term: this.#number(this.#texts.code(value)) };
    if (typeof value === "number" || typeof value === "bigint") return { kind: "long", term: this.#number(this.#terms.int(value)) };
    if (value instanceof Entity) return { kind: "entity", entity: this.entity(value) };
    if (value instanceof CedarSet) return { kind: "set", set: { members: value.items.map((item) => ({ guard: "true", value: only(this.plain(item)) })) } };
    if (value instanceof CedarRecord) return { kind: "record", fields: this.#fields(value.fields) };
    if (value instanceof Decimal) return { kind: "decimal", term: this.#number(this.#terms.int(value.units)) };
    if (value instanceof Datetime) return { kind: "datetime", term: this.#number(this.#terms.int(value.ms)) };
    if (value instanceof Duration) return { kind: "duration", term: this.#number(this.#terms.int(value.ms)) };
    return { kind: "ip", value: value instanceof IpAddress ? value : null };
  }
}
