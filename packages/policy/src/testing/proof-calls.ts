import { type DecisionRequest, type RegisterFacts, sensitivityRank } from "@mandate/model";
import { CedarRecord, type Value } from "../cedar/values.ts";
import { Random } from "../cedar/random-worlds.ts";
import { dataClasses } from "../classes.ts";
import { compilePolicy, evaluate } from "../decision-point.ts";
import { normaliseRegion } from "../jurisdictions.ts";
import { isObject } from "../proof/json.ts";
import { outcomeOf, readGuardrails, readRules, type SymbolicOutcome } from "../proof/outcome.ts";
import { Scene } from "../proof/scene.ts";
import type { Solver } from "../proof/session.ts";
import { openKinds } from "../proof/slots.ts";
import { emptySet, type SetTerm, type Term } from "../proof/terms.ts";
import { readOut, truthsIn } from "./read-out.ts";
import { buildRuleBook } from "../rule-book.ts";
import { purposeOf } from "../request-context.ts";
import { buildWorld } from "../world.ts";
import { randomFacts, randomRequest } from "./random-register.ts";

export interface CallDifferential {
  readonly compared: number;
  readonly outcomes: Readonly<Record<"allow" | "hold" | "deny", number>>;
  readonly mismatches: readonly string[];
}

/**
 * Random calls in random registers, each pinned in the scene that proofs are about: it must be one of the calls that a proof
 * covers, and the formula must say of it what the engine says. Both what a proof could overlook would show here.
 */
export async function runCallDifferential(solver: Solver, calls: number, seed: number): Promise<CallDifferential> {
  const outcomes = { allow: 0, hold: 0, deny: 0 };
  const mismatches: string[] = [];
  let compared = 0;
  for (let index = 0; index < calls; index += 1) {
    const random = new Random(seed + index);
    const facts = randomFacts(random);
    const request = randomRequest(random);
    const decided = compilePolicy(facts).decide(request).outcome;
    outcomes[decided] += 1;
    const said = await solverSays(solver, facts, request, index % 2 === 0);
    // what a scene leaves out is only what guardrails refuse
    if (said === null ? decided === "deny" : said === decided) compared += said === null ? 0 : 1;
    else mismatches.push(`seed ${seed + index}: solver ${said}, engine ${decided}\n${JSON.stringify(request)}`);
  }
  return { compared, outcomes, mismatches };
}

async function solverSays(solver: Solver, facts: RegisterFacts, request: DecisionRequest, isNamed: boolean): Promise<string | null> {
  const system = facts.systems[0]!;
  const world = buildWorld(facts);
  const resource = world.resource(request.resource.type, request.resource.id);
  const tool = request.resource.type === "tool" ? world.tool(request.resource.id) : undefined;
  const { permitEnvironment, forbidEnvironment } = evaluate(request, system, world, buildRuleBook(facts));
  const input = permitEnvironment.context.fields.get("inputProblem");
  const known = resource.attributes?.get("known");
  if (request.action === "deploy" ? resource.id !== system.name : known !== true || input !== undefined) return null;
  const rules = facts.policies.flatMap((policy) => readRules(policy.cedar, policy.name));
  const spelled = rules.map(({ conditions, rule }) => [conditions, [rule.policy.resource.equals].map((key) => (key === null ? null : { type: key.slice(0, key.indexOf('::"')), id: key.slice(key.indexOf('::"') + 3, -1) }))]);
  const names = JSON.stringify(spelled);
  const named = request.action !== "deploy" && (isNamed || names.includes(JSON.stringify(resource.id))) ? resource.id : null;
  const scene = new Scene({ action: request.action, named }, spelled, tool);
  const outcome = outcomeOf(scene, [...readGuardrails(), ...rules]);
  const pins = new Pins(scene, facts, request, named === null ? resource.id : null);
  pins.all();
  pins.cleared(permitEnvironment.context, forbidEnvironment.context);
  return solved(solver, scene, pins.facts, outcome);
}

async function solved(solver: Solver, scene: Scene, pins: readonly Term[], outcome: SymbolicOutcome): Promise<string> {
  const facts = scene.facts();
  await solver.reset();
  const answer = await solver.run([scene.terms.flush(), ...[...facts, ...pins].map((fact) => `(assert ${fact})`), readOut([outcome.allowed, outcome.held])].join("\n"));
  if (!answer.startsWith("sat")) return `no such call: ${answer.slice(0, 60)}`;
  const [allow, hold] = truthsIn(answer);
  return allow ? "allow" : hold ? "hold" : "deny";
}

/** Says of every slot of a scene what one call has in it. */
class Pins {
  readonly facts: Term[] = [];
  readonly #scene: Scene;
  readonly #register: RegisterFacts;
  readonly #request: DecisionRequest;
  /** A thing that no policy names has no text of its own. */
  readonly #unnamed: string | null;

  constructor(scene: Scene, register: RegisterFacts, request: DecisionRequest, unnamed: string | null) {
    this.#scene = scene;
    this.#register = register;
    this.#request = request;
    this.#unnamed = unnamed;
  }

  #code(text: string): Term {
    if (this.#unnamed !== null && (text === this.#unnamed || text === `${this.#request.resource.type}:${this.#unnamed}`)) return text === this.#unnamed ? "(- 5)" : "(- 6)";
    return this.#scene.texts.code(text);
  }

  #is(path: string, value: Term): void {
    const slot = this.#scene.slots.all.get(path);
    if (slot === undefined) return;
    const { terms } = this.#scene;
    this.facts.push(slot.sort === "Int" ? terms.equal(slot.term, value) : value === "true" ? slot.term : terms.not(slot.term));
  }

  #text(path: string, value: string): void {
    this.#is(path, this.#code(value));
  }

  #maybe(path: string, value: string | null): void {
    this.#is(`${path}?`, `${value !== null}`);
    if (value !== null) this.#text(path, value);
  }

  #set(path: string, values: readonly string[]): void {
    const { slots, terms } = this.#scene;
    const set = slots.sets.get(path);
    if (set !== undefined) this.facts.push(terms.sameSet(set, values.reduce<SetTerm>((all, value) => terms.with(all, this.#code(value), "true"), emptySet)));
  }

  #number(path: string, value: number): void {
    this.#is(path, this.#scene.terms.int(value));
  }

  #maybeNumber(path: string, value: number | null | undefined): void {
    this.#is(`${path}?`, `${typeof value === "number"}`);
    if (typeof value === "number") this.#number(path, value);
  }

  #regions(path: string, values: readonly string[]): void {
    for (const name of this.#scene.regions.names) this.#is(`${path}:${name}`, `${values.map(normaliseRegion).includes(name)}`);
  }

  all(): void {
    const system = this.#register.systems[0]!;
    const { boundary, authorization, conditionDues = {} } = system;
    this.#text("principal.name", system.name);
    this.#text("principal.ref", `system:${system.name}`);
    for (const name of ["title", "tier", "lifecycle", "status", "audience", "autonomy", "versionDigest"] as const) this.#text(`principal.${name}`, system[name]);
    for (const name of ["purposes", "environments", "differences"] as const) this.#set(`principal.${name}`, system[name]);
    this.#set("principal.missing", system.missing.filter((item) => item !== "authorization"));
    this.#maybe("principal.businessOwner", system.owners.business);
    this.#maybe("principal.technicalOwner", system.owners.technical);
    this.#maybe("principal.unit", system.unit);
    this.#number("principal.sensitivity", sensitivityRank(boundary.sensitivity));
    this.#set("principal.classes", boundary.classes);
    this.#regions("boundary", boundary.regions);
    this.#text("principal.training", boundary.training);
    this.#set("principal.grants", Object.entries(system.grants).flatMap(([kind, names]) => names.map((name: string) => `${kind.slice(0, -1)}:${name}`)));
    this.#maybeNumber("principal.reassessmentDue", system.reassessmentDue);
    this.#maybeNumber("principal.ownerVacantDue", system.ownerVacantDue);
    this.#maybeNumber("principal.conditionSuspends", conditionDues.suspend);
    this.#maybeNumber("principal.conditionReassesses", conditionDues.reassess);
    this.#maybeNumber("principal.conditionRestricts", conditionDues.restrict);
    this.#is("authorization?", `${authorization !== null}`);
    if (authorization !== null) {
      for (const name of ["type", "state", "versionDigest"] as const) this.#text(`authorization.${name}`, authorization[name]);
      for (const name of ["starts", "ends"] as const) this.#number(`authorization.${name}`, authorization[name]);
    }
    this.#resource();
    this.#call();
  }

  /** By its name, or by what models call it. */
  get #tool() {
    const { id, type } = this.#request.resource;
    return type === "tool" ? this.#register.tools.find((one) => one.name === id || one.name.replaceAll(/[./]/g, "_") === id) : undefined;
  }

  #resource(): void {
    const { id, type } = this.#request.resource;
    const tool = this.#tool;
    this.#text("resource.name", tool?.name ?? id);
    this.#text("resource.ref", `${type}:${tool?.name ?? id}`);
    const model = this.#register.models.find((one) => one.name === id);
    const destination = this.#register.destinations.find((one) => one.name === id);
    const found = type === "tool" ? tool : type === "model" ? model : destination;
    if (found === undefined) return;
    this.#maybe("resource.region", found.region === null ? null : normaliseRegion(found.region));
    this.#is("resource.stopped", `${found.stopped ?? false}`);
    this.#maybe("resource.parent", "server" in found ? found.server : found.vendor);
    if ("maxSensitivity" in found) this.#number("resource.maxSensitivity", sensitivityRank(found.maxSensitivity));
    if ("visibility" in found) for (const name of ["training", "visibility"] as const) this.#text(`resource.${name}`, found[name]);
    if ("kind" in found) {
      this.#text("resource.kind", found.kind);
      for (const name of ["classes", "purposes"] as const) this.#set(`resource.${name}`, found[name]);
    }
    if (!("effect" in found)) return;
    for (const name of ["effect", "output"] as const) this.#text(`resource.${name}`, found[name]);
    for (const name of ["reversible", "changed", "hosted"] as const) this.#is(`resource.${name}`, `${found[name]}`);
    this.#is("returns?", `${found.returns !== null}`);
    const dataset = this.#register.datasets.find((one) => one.name === found.returns);
    if (found.returns === null) return;
    this.#text("returns.name", found.returns);
    this.#text("returns.ref", `dataset:${found.returns}`);
    this.#is("returns.known", `${dataset !== undefined}`);
    if (dataset === undefined) return;
    this.#number("returns.sensitivity", sensitivityRank(dataset.sensitivity));
    this.#maybe("returns.region", dataset.region);
    for (const name of ["classes", "purposes"] as const) this.#set(`returns.${name}`, dataset[name]);
  }

  #call(): void {
    const { action, data, labels, now, digest, session, input } = this.#request;
    const system = this.#register.systems[0]!;
    this.#number("now", now);
    this.#maybe("purpose", purposeOf(this.#request, system));
    this.#number("labels.sensitivity", sensitivityRank(labels.maxSensitivity));
    this.#is("labels.untrusted", `${labels.untrusted}`);
    this.#regions("labels.residency", labels.residency);
    this.#set("labels.classes", labels.classes);
    this.#is("labels.purposes?", `${labels.purposes !== null}`);
    if (labels.purposes !== null) this.#set("labels.purposes", labels.purposes);
    this.#set("data.classes", dataClasses([...data.classes, ...(action === "data.export" ? labels.classes : [])]));
    this.#maybe("data.region", data.region);
    this.#maybeNumber("data.sensitivity", data.sensitivity === null ? null : sensitivityRank(data.sensitivity));
    this.#maybe("digest", digest);
    this.#open("session", session);
    const schema = this.#tool?.input;
    if (isObject(schema)) this.#declared("input", schema, input ?? {});
    else this.#open("input", input ?? {});
  }

  #open(path: string, value: Readonly<Record<string, unknown>>): void {
    for (const name of this.#scene.slots.children.get(path) ?? []) {
      const one = value[name];
      const kind = typeof one === "string" ? "text" : typeof one === "number" ? "long" : isObject(one) ? "record" : null;
      this.#number(`${path}.${name}#kind`, kind === null ? 0 : openKinds.indexOf(kind) + 1);
      if (typeof one === "string") this.#text(`${path}.${name}#text`, one);
      if (typeof one === "number") this.#number(`${path}.${name}#long`, one);
      if (isObject(one)) this.#open(`${path}.${name}`, one);
    }
  }

  #declared(path: string, schema: Readonly<Record<string, unknown>>, value: Readonly<Record<string, unknown>>): void {
    for (const [name, property] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
      const one = value[name];
      const inside = `${path}.${name}`;
      this.#is(`${inside}?`, `${one !== undefined}`);
      if (typeof one === "string") this.#text(inside, one);
      if (!isObject(one) || !isObject(property)) continue;
      this.#is(`${inside}.value?`, `${typeof one.value === "string"}`);
      this.#maybe(`${inside}.currency`, typeof one.currency === "string" ? one.currency : null);
      if (typeof one.value === "string") this.#number(`${inside}.value`, Math.round(Number(one.value) * 10_000));
    }
  }

  /** What reviews and arguments come to is the engine's to work out; a scene takes any answer that is possible. */
  cleared(made: CedarRecord, masked: CedarRecord): void {
    const flag = (context: CedarRecord, ...path: readonly string[]): string => {
      let value: Value | undefined = context;
      for (const name of path) value = value instanceof CedarRecord ? value.fields.get(name) : undefined;
      return `${value === true}`;
    };
    this.#is("data.cleared", flag(made, "data", "cleared"));
    for (let version = 1; version <= this.#scene.versions; version += 1) this.#is(`data.clearedWhenMasked#${version}`, flag(masked, "data", "cleared"));
    this.#is("argumentsFromUser", flag(made, "argumentsFromUser"));
    this.#is("recipientIsCaller", flag(made, "recipientIsCaller"));
  }
}
