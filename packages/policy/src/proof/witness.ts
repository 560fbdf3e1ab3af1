import {
  type DecisionRequest,
  type DestinationFacts,
  type ModelFacts,
  type PolicyFacts,
  type RegisterFacts,
  sensitivities,
  type Sensitivity,
  type SystemFacts,
  type ToolFacts,
} from "@mandate/model";
import { isObject, type Json } from "./json.ts";
import { resourceKinds, type Scene } from "./scene.ts";
import type { Model } from "./session.ts";
import { elementKind, isMoney, openKinds } from "./slots.ts";

/** A register and a call in it, such as the solver chose. */
export interface Witness {
  readonly facts: RegisterFacts;
  readonly request: DecisionRequest;
}

/** Reads the solver's choice back as what it stands for. Whether it really is one, the engine says (`replay.ts`). */
export function witnessOf(scene: Scene, model: Model, tool: ToolFacts | undefined): Witness {
  return new Reading(scene, model, tool).witness();
}

class Reading {
  readonly #scene: Scene;
  readonly #model: Model;
  readonly #tool: ToolFacts | undefined;
  /** References are named after what they refer to. */
  readonly #references = new Map<bigint, string>();

  constructor(scene: Scene, model: Model, tool: ToolFacts | undefined) {
    this.#scene = scene;
    this.#model = model;
    this.#tool = tool;
  }

  witness(): Witness {
    const { action, named } = this.#scene.target;
    const { prefix } = resourceKinds[action];
    const system = this.#text("principal.name", "some-system");
    this.#refer("principal", `system:${system}`);
    const resource = action === "deploy" ? system : (named ?? this.#text("resource.name", `some-${prefix}`));
    if (action !== "deploy" && named === null) this.#refer("resource", `${prefix}:${resource}`);
    const dataset = action === "tool.call" && this.#model.truth("returns?") ? this.#text("returns.name", "some-dataset") : null;
    if (dataset !== null) this.#refer("returns", `dataset:${dataset}`);
    const target = `${prefix}:${resource}`;
    const facts: RegisterFacts = {
      systems: [this.#system(system, target)],
      models: action === "model.call" ? [this.#modelFacts(resource)] : [],
      tools: action === "tool.call" ? [this.#toolFacts(resource, dataset)] : [],
      mcpServers: [],
      datasets: dataset !== null && this.#model.truth("returns.known") ? [{ name: dataset, sensitivity: this.#sensitivity("returns.sensitivity"), classes: this.#texts("returns.classes", "class"), region: this.#maybe("returns.region", "region"), purposes: this.#texts("returns.purposes", "purpose") }] : [],
      destinations: action === "data.export" ? [this.#destinationFacts(resource)] : [],
      vendors: [],
      groups: [],
      policies: [],
      externals: [],
    };
    return { facts, request: this.#request(system, { type: prefix, id: resource }) };
  }

  #refer(path: string, reference: string): void {
    const code = this.#model.number(`${path}.ref`);
    if (this.#scene.texts.textOf(code) === undefined) this.#references.set(code, reference);
  }

  #named(code: bigint, hint: string): string {
    return this.#references.get(code) ?? this.#model.text(code, hint);
  }

  #text(path: string, hint: string): string {
    return this.#named(this.#model.number(path), hint);
  }

  #maybe(path: string, hint: string): string | null {
    return this.#model.truth(`${path}?`) ? this.#text(path, hint) : null;
  }

  #texts(path: string, hint: string): readonly string[] {
    return this.#model.members(path).map((code) => this.#named(code, hint));
  }

  #number(path: string): number {
    return Number(this.#model.number(path));
  }

  #maybeNumber(path: string): number | null {
    return this.#model.truth(`${path}?`) ? this.#number(path) : null;
  }

  #sensitivity(path: string): Sensitivity {
    return sensitivities[this.#number(path)] ?? "restricted";
  }

  #regions(path: string): readonly string[] {
    return this.#scene.regions.names.filter((name) => this.#model.truth(`${path}:${name}`));
  }

  // ---------- the register ----------

  #system(name: string, target: string): SystemFacts {
    const model = this.#model;
    const digest = this.#text("principal.versionDigest", "version");
    const grants = this.#texts("principal.grants", "grant");
    const granted = (prefix: string): readonly string[] => grants.flatMap((grant) => (grant.startsWith(`${prefix}:`) ? [grant.slice(prefix.length + 1)] : []));
    const due = (path: string): number | undefined => this.#maybeNumber(`principal.${path}`) ?? undefined;
    const dues = { suspend: due("conditionSuspends"), reassess: due("conditionReassesses"), restrict: due("conditionRestricts") };
    return {
      name,
      title: this.#text("principal.title", "Some system"),
      unit: this.#maybe("principal.unit", "some-unit"),
      tier: this.#text("principal.tier", "T3") as SystemFacts["tier"],
      lifecycle: this.#text("principal.lifecycle", "pilot") as SystemFacts["lifecycle"],
      status: this.#text("principal.status", "operating") as SystemFacts["status"],
      statusCode: null,
      missing: this.#texts("principal.missing", "part"),
      owners: { business: this.#maybe("principal.businessOwner", "business-owner"), technical: this.#maybe("principal.technicalOwner", "technical-owner") },
      purposes: this.#texts("principal.purposes", "purpose"),
      audience: this.#text("principal.audience", "internal") as SystemFacts["audience"],
      autonomy: this.#text("principal.autonomy", "acts") as SystemFacts["autonomy"],
      environments: this.#texts("principal.environments", "environment"),
      boundary: { sensitivity: this.#sensitivity("principal.sensitivity"), classes: this.#texts("principal.classes", "class"), regions: this.#regions("boundary"), training: this.#text("principal.training", "never") as "never" },
      grants: { models: granted("model"), tools: granted("tool"), datasets: granted("dataset"), prompts: granted("prompt"), destinations: granted("destination") },
      differences: this.#texts("principal.differences", "difference"),
      authorization: model.truth("authorization?")
        ? {
            id: "auth",
            number: 1,
            type: this.#text("authorization.type", "pilot") as "pilot",
            state: this.#text("authorization.state", "granted") as "granted",
            versionDigest: this.#text("authorization.versionDigest", "version"),
            starts: this.#number("authorization.starts"),
            ends: this.#number("authorization.ends"),
          }
        : null,
      versionDigest: digest,
      parameters: { stalenessSeconds: 5, streamMode: "full", unlistedField: "refuse", unlistedServedModelGraceDays: 0, logDetail: "full", gatewayKeysInProduction: false, retentionDays: 730 },
      limits: { callsPerDay: null, tokensPerDay: null, eurosPerDay: null, eurosPerMonth: null, peoplePerDay: null, callsPerMinute: null },
      session: { user: "token", issuers: [], claims: [], userChannel: "mixed" },
      policies: [],
      reassessmentDue: this.#maybeNumber("principal.reassessmentDue"),
      ownerVacantDue: this.#maybeNumber("principal.ownerVacantDue"),
      conditionDues: Object.fromEntries(Object.entries(dues).filter(([, value]) => value !== undefined)),
      clearedFlows: this.#clearedFlows(target),
    };
  }

  /** The legal review that the solver thinks there is: of exactly this flow. */
  #clearedFlows(target: string): SystemFacts["clearedFlows"] {
    const model = this.#model;
    const seen = this.#dataRegions();
    const flow = { target, region: this.#text("resource.region", "region"), from: seen.length > 0 ? seen : this.#regions("boundary"), purposes: [], until: this.#number("now") + 1 };
    if (model.truth("data.cleared")) return [{ ...flow, review: "review", classes: [] }];
    const versions = Array.from({ length: this.#scene.versions }, (_, index) => index + 1).filter((version) => model.truth(`data.clearedWhenMasked#${version}`));
    return versions.map((version) => ({ ...flow, review: `review-${version}`, classes: [...this.#texts(`data.remaining#${version}`, "class"), "reviewed-class"] }));
  }

  #dataRegions(): readonly string[] {
    const stated = this.#maybe("data.region", "region");
    return [...new Set([...this.#regions("labels.residency"), ...(stated === null ? [] : [stated])])];
  }

  #modelFacts(name: string): ModelFacts {
    return {
      name,
      vendor: this.#maybe("resource.parent", "some-vendor"),
      protocol: "openai",
      endpoint: "https://model.example/v1",
      upstream: name,
      served: [name],
      credential: null,
      region: this.#maybe("resource.region", "region"),
      training: this.#text("resource.training", "never") as "never",
      maxSensitivity: this.#sensitivity("resource.maxSensitivity"),
      visibility: this.#text("resource.visibility", "full") as "full",
      fallback: false,
      stopped: this.#model.truth("resource.stopped"),
    };
  }

  #destinationFacts(name: string): DestinationFacts {
    return {
      name,
      kind: this.#text("resource.kind", "external"),
      vendor: this.#maybe("resource.parent", "some-vendor"),
      region: this.#maybe("resource.region", "region"),
      classes: this.#texts("resource.classes", "class"),
      maxSensitivity: this.#sensitivity("resource.maxSensitivity"),
      purposes: this.#texts("resource.purposes", "purpose"),
      stopped: this.#model.truth("resource.stopped"),
    };
  }

  #toolFacts(name: string, returns: string | null): ToolFacts {
    const model = this.#model;
    return {
      name,
      names: [name],
      server: this.#maybe("resource.parent", "some-server"),
      effect: this.#text("resource.effect", "reads") as ToolFacts["effect"],
      reversible: model.truth("resource.reversible"),
      critical: [{ arg: this.#tool?.critical[0]?.arg ?? "id", type: "id" }],
      recipients: model.truth("recipientIsCaller") ? "caller" : "others",
      recipientsFrom: [],
      output: this.#text("resource.output", "untrusted") as "untrusted",
      input: this.#tool?.input ?? null,
      pinned: null,
      changed: model.truth("resource.changed"),
      hosted: model.truth("resource.hosted"),
      region: this.#maybe("resource.region", "region"),
      returns,
      stopped: model.truth("resource.stopped"),
    };
  }

  // ---------- the call ----------

  #request(system: string, resource: DecisionRequest["resource"]): DecisionRequest {
    const model = this.#model;
    const { action } = this.#scene.target;
    const schema = this.#tool?.input ?? null;
    return {
      system,
      action,
      resource,
      now: this.#number("now"),
      purpose: this.#maybe("purpose", "purpose"),
      labels: {
        maxSensitivity: this.#sensitivity("labels.sensitivity"),
        untrusted: model.truth("labels.untrusted"),
        residency: this.#regions("labels.residency"),
        classes: this.#texts("labels.classes", "class"),
        purposes: model.truth("labels.purposes?") ? this.#texts("labels.purposes", "purpose") : null,
      },
      session: this.#open("session"),
      input: action !== "tool.call" ? null : schema === null ? this.#open("input") : this.#declared(schema, "input"),
      argumentsFromUser: model.truth("argumentsFromUser"),
      data: { classes: this.#texts("data.classes", "class"), region: this.#maybe("data.region", "region"), sensitivity: model.truth("data.sensitivity?") ? this.#sensitivity("data.sensitivity") : null },
      digest: action === "deploy" ? this.#maybe("digest", "version") : null,
      approval: null,
    };
  }

  #open(path: string): Json {
    const found: Record<string, unknown> = {};
    for (const name of this.#scene.slots.children.get(path) ?? []) {
      const inside = `${path}.${name}`;
      switch (openKinds[this.#number(`${inside}#kind`) - 1]) {
        case undefined:
          break;
        case "bool":
          found[name] = this.#model.truth(`${inside}#bool`);
          break;
        case "long":
          found[name] = this.#number(`${inside}#long`);
          break;
        case "text":
          found[name] = this.#text(`${inside}#text`, "text");
          break;
        case "texts":
          found[name] = this.#texts(`${inside}#texts`, "text");
          break;
        case "longs":
          found[name] = this.#model.members(`${inside}#longs`).map(Number);
          break;
        case "record":
          found[name] = this.#open(inside);
          break;
        case "mixed":
          found[name] = [{}, [], true];
      }
    }
    return found;
  }

  #declared(schema: Json, path: string): Json {
    const properties = isObject(schema.properties) ? schema.properties : {};
    const found: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(properties)) {
      if (!isObject(property) || !this.#model.truth(`${path}.${name}?`)) continue;
      found[name] = this.#declaredValue(property, `${path}.${name}`);
    }
    return found;
  }

  #declaredValue(schema: Json, path: string): unknown {
    if (isMoney(schema)) {
      return {
        ...(this.#model.truth(`${path}.value?`) ? { value: decimalText(this.#model.number(`${path}.value`)) } : {}),
        ...(this.#model.truth(`${path}.currency?`) ? { currency: this.#text(`${path}.currency`, "XXX") } : {}),
      };
    }
    switch (schema.type) {
      case "string":
        return this.#text(path, "text");
      case "boolean":
        return this.#model.truth(path);
      case "integer":
        return this.#number(path);
      case "number":
        return Number(decimalText(this.#model.number(path)));
      case "array":
        switch (elementKind(schema.items)) {
          case "string":
            return this.#texts(path, "text");
          case "long":
            return this.#model.members(path).map(Number);
          case "decimal":
            return this.#model.members(path).map((units) => Number(decimalText(units)));
          default:
            return [];
        }
      case "object":
        return this.#declared(schema, path);
      default:
        return undefined;
    }
  }
}

function decimalText(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(5, "0");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

/** The register of a witness with these policies in force for its one system. */
export function under({ facts }: Witness, policies: readonly PolicyFacts[]): RegisterFacts {
  return { ...facts, policies, systems: facts.systems.map((system) => ({ ...system, policies: policies.map((policy) => policy.name) })) };
}
