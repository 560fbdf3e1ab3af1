import {
  type ActionName,
  audiences,
  authorizationStates,
  authorizationTypes,
  autonomies,
  effects,
  lifecycles,
  operatingStatuses,
  tiers,
  type ToolFacts,
  visibilities,
} from "@mandate/model";
import { dataClasses } from "../classes.ts";
import type { SymbolicEnvironment } from "./expression-terms.ts";
import { type Json, idsIn, textsIn } from "./json.ts";
import { Regions } from "./regions.ts";
import { Slots } from "./slots.ts";
import { Algebra, type Field, fieldsOf, type Fields, type Plain, type SymbolicEntity } from "./symbolic.ts";
import { type SetTerm, type Term, Terms } from "./terms.ts";
import { Texts } from "./texts.ts";

/** One kind of call: its action, and one thing that the policies name or (null) any that they don't. */
export interface Target {
  readonly action: ActionName;
  readonly named: string | null;
}

export const resourceKinds = {
  "model.call": { type: "Mandate::Model", prefix: "model" },
  "tool.call": { type: "Mandate::Tool", prefix: "tool" },
  "data.export": { type: "Mandate::Destination", prefix: "destination" },
  deploy: { type: "Mandate::System", prefix: "system" },
} as const satisfies Record<ActionName, { type: string; prefix: string }>;

/** Names that policies give things of an action's kind: as entities, and as references in texts. */
export function namesIn(json: unknown, action: ActionName): ReadonlySet<string> {
  const { type, prefix } = resourceKinds[action];
  const names = new Set(idsIn(json, type));
  for (const text of textsIn(json)) if (text.startsWith(`${prefix}:`)) names.add(text.slice(prefix.length + 1));
  return names;
}

const sensitivityMax = 3n;

/**
 * Any call of one kind by any system, as variables with the relations that the engine's own derivation keeps between them
 * (`request-context.ts`, `world.ts`): whatever is in the register, and whatever will be.
 */
export class Scene {
  readonly target: Target;
  readonly terms = new Terms();
  readonly texts = new Texts(this.terms);
  readonly algebra = new Algebra(this.terms);
  readonly slots = new Slots(this.terms, this.texts);
  readonly regions: Regions;
  readonly principal: SymbolicEntity;
  readonly action: SymbolicEntity;
  readonly resource: SymbolicEntity;
  /** The system was granted the thing called. */
  readonly isGranted: Term;
  readonly #spelled: ReadonlySet<string>;
  readonly #tool: ToolFacts | undefined;
  readonly #boundary: ReadonlyMap<string, Term>;
  readonly #environments = new Map<string, SymbolicEnvironment>();
  readonly #entities = new Map<string, SymbolicEntity>();
  readonly #resourceRegion: Field | undefined;

  /**
   * @param rules JSON of every rule and condition that will be asked about: the texts they spell out
   * @param tool what is registered under the name, for its declared arguments
   */
  constructor(target: Target, rules: unknown, tool: ToolFacts | undefined) {
    this.target = target;
    this.#tool = tool;
    this.#spelled = textsIn(rules);
    for (const text of this.#spelled) this.texts.code(text);
    this.regions = new Regions(this.slots, this.#spelled);
    this.#boundary = this.regions.chosen("boundary");
    this.principal = this.#system();
    const { type, prefix } = resourceKinds[target.action];
    this.action = { type: "Mandate::Action", id: this.texts.code(target.action), attributes: fieldsOf({}), ancestors: this.#ancestorsOf(target.action) };
    if (target.action === "deploy") {
      // a guardrail refuses a system that asks about another
      this.resource = this.principal;
      this.isGranted = "false";
    } else {
      const ref = target.named === null ? this.slots.text("resource.ref") : this.texts.code(`${prefix}:${target.named}`);
      const id = target.named === null ? this.slots.text("resource.name") : this.texts.code(target.named);
      const attributes = this.#resourceFields(ref);
      this.#resourceRegion = attributes.get("region");
      const parentType = target.action === "tool.call" ? "Mandate::McpServer" : "Mandate::Vendor";
      this.resource = { type, id, attributes, ancestors: [{ type: parentType, id: this.slots.text("resource.parent"), present: this.slots.bool("resource.parent?") }] };
      this.isGranted = this.terms.member(this.slots.set("principal.grants"), ref);
    }
    this.#relate();
  }

  /** How often the call was looked at with something masked; each time its own legal review may cover it. */
  get versions(): number {
    return this.#environments.size;
  }

  /** Facts that need every text spelled out so far; asked for at each question. */
  facts(): readonly Term[] {
    const { terms, texts } = this;
    const facts = [...texts.facts(), ...terms.setFacts()];
    // a reference begins with its kind: it is none of the other texts
    for (const [path, prefix] of this.#references) {
      const ref = this.slots.text(`${path}.ref`);
      const spelled = texts.spelled.filter((text) => text.startsWith(`${prefix}:`)).map((text) => terms.equal(ref, texts.code(text)));
      facts.push(terms.or(texts.isOther(ref), ...spelled));
    }
    if (this.target.action !== "deploy" && this.target.named === null) facts.push(this.texts.isOther(this.slots.text("resource.ref")), this.texts.isOther(this.slots.text("resource.name")));
    return facts;
  }

  // ---------- the system ----------

  #system(): SymbolicEntity {
    const { slots, terms } = this;
    const long = (path: string): Plain => ({ kind: "long", term: slots.long(path) });
    const owner = (path: string): Field => slots.maybe(path, { kind: "string", term: slots.text(path) });
    const authorization = fieldsOf({
      type: slots.textField("authorization.type", authorizationTypes),
      state: slots.textField("authorization.state", authorizationStates),
      versionDigest: slots.textField("authorization.versionDigest"),
      starts: slots.always(long("authorization.starts")),
      ends: slots.always(long("authorization.ends")),
    });
    const attributes = fieldsOf({
      ref: slots.textField("principal.ref"),
      title: slots.textField("principal.title"),
      tier: slots.textField("principal.tier", tiers),
      lifecycle: slots.textField("principal.lifecycle", lifecycles),
      status: slots.textField("principal.status", operatingStatuses),
      missing: slots.setField("principal.missing"),
      businessOwner: owner("principal.businessOwner"),
      technicalOwner: owner("principal.technicalOwner"),
      purposes: slots.setField("principal.purposes"),
      audience: slots.textField("principal.audience", audiences),
      autonomy: slots.textField("principal.autonomy", autonomies),
      environments: slots.setField("principal.environments"),
      sensitivity: slots.always({ kind: "long", term: slots.long("principal.sensitivity", 0n, sensitivityMax) }),
      classes: slots.setField("principal.classes"),
      regions: slots.always({ kind: "set", set: this.regions.asSet(this.regions.closed(this.#boundary)) }),
      training: slots.textField("principal.training", ["never", "allowed"]),
      grants: slots.setField("principal.grants"),
      differences: slots.setField("principal.differences"),
      versionDigest: slots.textField("principal.versionDigest"),
      ...Object.fromEntries(systemDues.map((name) => [name, slots.maybe(`principal.${name}`, long(`principal.${name}`))])),
      authorization: slots.maybe("authorization", { kind: "record", fields: authorization }),
    });
    terms.assert(terms.not(terms.member(slots.set("principal.missing"), this.texts.code("authorization"))));
    return { type: "Mandate::System", id: slots.text("principal.name"), attributes, ancestors: [{ type: "Mandate::Unit", id: slots.text("principal.unit"), present: slots.bool("principal.unit?") }] };
  }

  // ---------- what is called ----------

  #region(path: string): Field {
    return this.slots.maybe(path, { kind: "string", term: this.regions.scalar(path) });
  }

  #resourceFields(ref: Term): Fields {
    const { slots } = this;
    const flag = (name: string): Field => slots.always({ kind: "bool", term: slots.bool(`resource.${name}`) });
    // what the register doesn't know is refused by guardrails, so only what it knows can get through
    const shared = { ref: slots.always({ kind: "string", term: ref }), known: slots.always({ kind: "bool", term: "true" }), region: this.#region("resource.region"), stopped: flag("stopped") };
    const sensitivity = slots.always({ kind: "long", term: slots.long("resource.maxSensitivity", 0n, sensitivityMax) });
    switch (this.target.action) {
      case "model.call":
        return fieldsOf({ ...shared, training: slots.textField("resource.training", ["never", "allowed", "unknown"]), maxSensitivity: sensitivity, visibility: slots.textField("resource.visibility", visibilities) });
      case "data.export":
        return fieldsOf({ ...shared, kind: slots.textField("resource.kind"), classes: slots.setField("resource.classes"), maxSensitivity: sensitivity, purposes: slots.setField("resource.purposes") });
      default: {
        const dataset: SymbolicEntity = {
          type: "Mandate::Dataset",
          id: slots.text("returns.name"),
          ancestors: [],
          attributes: fieldsOf({
            ref: slots.textField("returns.ref"),
            known: slots.always({ kind: "bool", term: slots.bool("returns.known") }),
            sensitivity: slots.always({ kind: "long", term: slots.long("returns.sensitivity", 0n, sensitivityMax) }),
            classes: slots.setField("returns.classes"),
            region: this.#region("returns.region"),
            purposes: slots.setField("returns.purposes"),
          }),
        };
        return fieldsOf({
          ...shared,
          effect: slots.textField("resource.effect", effects),
          reversible: flag("reversible"),
          changed: flag("changed"),
          hosted: flag("hosted"),
          output: slots.textField("resource.output", ["trusted", "untrusted"]),
          returns: slots.maybe("returns", { kind: "entity", entity: dataset }),
        });
      }
    }
  }

  // ---------- the call ----------

  get #references(): readonly (readonly [string, string])[] {
    return this.target.action === "tool.call" ? [["principal", "system"], ["returns", "dataset"]] : [["principal", "system"]];
  }

  /** Relations that hold of every call, whatever it is. */
  #relate(): void {
    const { terms, slots, texts } = this;
    const isExport = this.target.action === "data.export";
    // a name and its reference say the same thing
    for (const [path, prefix] of this.#references) {
      for (const text of this.#spelled) {
        if (!text.startsWith(`${prefix}:`)) continue;
        terms.assert(terms.same(terms.equal(slots.text(`${path}.ref`), texts.code(text)), terms.equal(slots.text(`${path}.name`), texts.code(text.slice(prefix.length + 1)))));
      }
    }
    // without a purpose of its own, a call has the system's only one
    const purposes = slots.set("principal.purposes");
    const [one, other] = [slots.text("purpose.one"), slots.text("purpose.other")];
    const several = terms.and(terms.not(terms.equal(one, other)), terms.member(purposes, one), terms.member(purposes, other));
    terms.assert(terms.or(slots.bool("purpose?"), terms.isEmpty(purposes), several));
    // classes found in a call are classes, never the names of what detectors find
    const carried = slots.set("data.classes");
    const labelled = slots.set("labels.classes");
    for (const text of this.#spelled) {
      const classes = dataClasses([text]);
      const code = texts.code(text);
      if (!classes.includes(text)) terms.assert(terms.not(terms.member(carried, code)));
      // an export carries what its session has read; of texts that nobody spells out nothing is said, which covers every call
      if (isExport) for (const found of classes) terms.assert(terms.implies(terms.member(labelled, code), terms.member(carried, texts.code(found))));
    }
  }

  /** Permits see the call as it was made. */
  get asMade(): SymbolicEnvironment {
    return this.withMasked(new Map());
  }

  /** Forbids see what remains once these types are masked, each under its condition; or whatever some rule might mask. */
  withMasked(masked: ReadonlyMap<string, Term> | "any"): SymbolicEnvironment {
    const key = JSON.stringify(masked === "any" ? masked : [...masked]);
    let environment = this.#environments.get(key);
    if (environment === undefined) {
      const version = masked === "any" || masked.size > 0 ? this.#environments.size + 1 : 0;
      environment = { principal: this.principal, action: this.action, resource: this.resource, context: { kind: "record", fields: this.#context(masked, version) }, entity: (type, id) => this.#entity(type, id) };
      this.#environments.set(key, environment);
    }
    return environment;
  }

  #context(masked: ReadonlyMap<string, Term> | "any", version: number): Fields {
    const { slots } = this;
    const flag = (path: string): Field => slots.always({ kind: "bool", term: slots.bool(path) });
    const text = (path: string): Field => slots.maybe(path, { kind: "string", term: slots.text(path) });
    const labels = fieldsOf({
      sensitivity: slots.always({ kind: "long", term: slots.long("labels.sensitivity", 0n, sensitivityMax) }),
      untrusted: flag("labels.untrusted"),
      residency: slots.always({ kind: "set", set: this.regions.asSet(this.regions.chosen("labels.residency")) }),
      classes: slots.setField("labels.classes"),
      purposes: slots.maybe("labels.purposes", { kind: "set", set: { array: slots.set("labels.purposes"), of: "string" } }),
    });
    // an argument that can't be read exactly is refused by a guardrail, so `inputProblem` is never there
    const tool: Readonly<Record<string, Field>> = this.target.action === "tool.call" ? { input: slots.always({ kind: "record", fields: this.#input() }), argumentsFromUser: flag("argumentsFromUser"), recipientIsCaller: flag("recipientIsCaller") } : {};
    const digest: Readonly<Record<string, Field>> = this.target.action === "deploy" ? { digest: text("digest") } : {};
    return fieldsOf({
      now: slots.always({ kind: "long", term: slots.long("now") }),
      purpose: text("purpose"),
      labels: slots.always({ kind: "record", fields: labels }),
      session: slots.always({ kind: "record", fields: this.#session }),
      data: slots.always({ kind: "record", fields: this.#data(masked, version) }),
      ...digest,
      ...tool,
    });
  }

  #sessionFields: Fields | undefined;
  get #session(): Fields {
    this.#sessionFields ??= this.slots.open("session");
    return this.#sessionFields;
  }

  #inputFields: Fields | undefined;
  #input(): Fields {
    const schema: Json | null = this.#tool?.input ?? null;
    this.#inputFields ??= schema === null ? this.slots.open("input") : this.slots.declared(schema, "input");
    return this.#inputFields;
  }

  /** What is left of the classes, and whether anything was masked. */
  #remaining(masked: ReadonlyMap<string, Term> | "any", version: number): { readonly classes: SetTerm; readonly isMasked: Term } {
    const { slots, terms, texts } = this;
    const made = slots.set("data.classes");
    if (masked === "any") {
      const classes = slots.set(`data.remaining#${version}`);
      terms.assert(terms.subset(classes, made));
      terms.assert(terms.or(slots.bool("data.masked"), terms.sameSet(classes, made)));
      return { classes, isMasked: slots.bool("data.masked") };
    }
    let classes: SetTerm = made;
    for (const [dataClass, gone] of goneClasses(masked, terms)) {
      const code = texts.code(dataClass);
      classes = terms.with(classes, code, terms.and(terms.member(classes, code), terms.not(gone)));
    }
    if (classes !== made) terms.assert(terms.sameSet(slots.set(`data.remaining#${version}`), classes));
    return { classes, isMasked: terms.or(...masked.values()) };
  }

  #data(masked: ReadonlyMap<string, Term> | "any", version: number): Fields {
    const { slots, terms, texts, regions } = this;
    const isExport = this.target.action === "data.export";
    const made = slots.set("data.classes");
    const { classes, isMasked } = this.#remaining(masked, version);
    const seen = slots.long("labels.sensitivity", 0n, sensitivityMax);
    const unstated = isExport ? slots.long("principal.sensitivity", 0n, sensitivityMax) : seen;
    const own = terms.choose("Int", slots.bool("data.sensitivity?"), slots.long("data.sensitivity", 0n, sensitivityMax), unstated);
    const highest = terms.choose("Int", terms.less(seen, own), own, seen);
    const lowered = terms.choose("Int", terms.less("0", highest), terms.arithmetic("-", highest, "1"), "0");
    const sensitivity = terms.choose("Int", isMasked, lowered, highest);
    const stated = regions.scalar("data.region");
    const from = new Map([...regions.chosen("labels.residency")].map(([name, here]) => [name, terms.or(here, terms.and(slots.bool("data.region?"), terms.equal(stated, texts.code(name))))]));
    const isKnown = terms.not(regions.none(from));
    const inside = regions.closed(this.#boundary);
    const regionInside = terms.and(...regions.names.map((name) => terms.implies(from.get(name)!, inside.get(name)!)));
    return fieldsOf({
      classes: slots.always({ kind: "set", set: { array: classes, of: "string" } }),
      sensitivity: slots.always({ kind: "long", term: sensitivity }),
      area: slots.always({ kind: "set", set: regions.asSet(regions.area(from, this.#boundary, isExport)) }),
      regionInside: slots.always({ kind: "bool", term: regionInside }),
      regionKnown: slots.always({ kind: "bool", term: isKnown }),
      cleared: slots.always({ kind: "bool", term: this.#cleared(isKnown, { made, classes, version }) }),
    });
  }

  readonly #reviewed: { readonly classes: SetTerm; readonly cleared: Term }[] = [];

  /** A legal review may cover any flow whose ends are known; one that covers some classes covers fewer of them. */
  #cleared(isKnown: Term, { made, classes, version }: { readonly made: SetTerm; readonly classes: SetTerm; readonly version: number }): Term {
    const { slots, terms, regions } = this;
    const known = this.#reviewed.find((one) => one.classes === classes);
    if (known !== undefined) return known.cleared;
    const cleared = slots.bool(classes === made ? "data.cleared" : `data.clearedWhenMasked#${version}`);
    terms.assert(terms.implies(cleared, terms.and(this.#resourceRegion?.present ?? "false", terms.or(isKnown, regions.exactlyOne(this.#boundary)))));
    for (const other of this.#reviewed) {
      terms.assert(terms.implies(terms.and(other.cleared, terms.subset(classes, other.classes)), cleared));
      terms.assert(terms.implies(terms.and(cleared, terms.subset(other.classes, classes)), other.cleared));
    }
    this.#reviewed.push({ classes, cleared });
    return cleared;
  }

  // ---------- entities that policies name ----------

  #ancestorsOf(action: string): SymbolicEntity["ancestors"] {
    return action === "deploy" || action === "use" ? [] : [{ type: "Mandate::Action", id: this.texts.code("use"), present: "true" }];
  }

  #entity(type: string, id: string): SymbolicEntity {
    if (type === this.resource.type && id === this.target.named) return this.resource;
    const key = `${type}::${id}`;
    let entity = this.#entities.get(key);
    if (entity === undefined) {
      const isAction = type === "Mandate::Action";
      entity = { type, id: this.texts.code(id), attributes: isAction ? fieldsOf({}) : this.slots.open(`entity ${key}`), ancestors: isAction ? this.#ancestorsOf(id) : [] };
      this.#entities.set(key, entity);
    }
    return entity;
  }
}

export const systemDues = ["reassessmentDue", "ownerVacantDue", "conditionSuspends", "conditionReassesses", "conditionRestricts"] as const;

/** Classes that masking these types removes, each under the condition that one of them is masked. */
function goneClasses(masked: ReadonlyMap<string, Term>, terms: Terms): ReadonlyMap<string, Term> {
  const gone = new Map<string, Term>();
  for (const [type, condition] of masked) for (const dataClass of dataClasses([type])) gone.set(dataClass, terms.or(gone.get(dataClass) ?? "false", condition));
  return gone;
}
