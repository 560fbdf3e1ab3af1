import type { DecisionRequest, Remedy, SystemFacts, ToolFacts } from "@mandate/model";
import { type Entity, CedarSet, CedarRecord, type Value } from "./cedar/values.ts";
import type { Rule } from "./rule.ts";

/** What a decision says to people: look-ups with slots for names from the register, never for content. */
export interface Subject {
  readonly request: DecisionRequest;
  readonly system: SystemFacts;
  readonly resource: Entity;
  readonly tool: ToolFacts | undefined;
  readonly context: CedarRecord;
}

/** Names that a caller sent are repeated only if they look like names: a model can write anything as a tool's name. */
const namePattern = /^[\w.:/@-]{1,128}$/;

export function paramOf(slot: string | null, subject: Subject): string | null {
  const { request, system, resource, context } = subject;
  switch (slot) {
    case "missing":
      return system.missing[0] ?? (system.authorization === null ? "authorization" : null);
    case "difference":
      return system.differences[0] ?? "authorization";
    case "owners":
      if (system.owners.business === null) return "owners.business";
      return system.owners.technical === null ? "owners.technical" : "owners";
    case "resource":
      return safeName(`${request.resource.type}:${resource.id}`);
    case "dataset": {
      const returns = resource.attributes?.get("returns");
      return typeof returns === "object" && "id" in returns ? `dataset:${returns.id}` : "dataset";
    }
    case "class":
      return `class:${offendingClass(subject)}`;
    case "system":
      return `system:${system.name}`;
    case "input": {
      const problem = context.fields.get("inputProblem");
      return typeof problem === "string" ? problem : "input";
    }
    default:
      return slot;
  }
}

function offendingClass({ system, resource, context }: Subject): string {
  const data = context.fields.get("data");
  const classes = data instanceof CedarRecord ? members(data.fields.get("classes")) : [];
  const accepted = members(resource.attributes?.get("classes"));
  const offending =
    classes.find((name) => name === "secret") ??
    classes.find((name) => !system.boundary.classes.includes(name)) ??
    classes.find((name) => !accepted.includes(name));
  return safeName(offending ?? null) ?? "unknown";
}

function members(value: Value | undefined): readonly string[] {
  return value instanceof CedarSet ? value.items.filter((item) => typeof item === "string") : [];
}

function safeName(name: string | null): string | null {
  return name !== null && namePattern.test(name) ? name : null;
}

/** "Support Concierge would have called the tool refunds.issue. Refunds above €80 need a person." */
export function refusalReason(rule: Pick<Rule, "because" | "slot">, subject: Subject): string {
  return `${attempt(subject)} ${becauseOf(rule, subject)}`;
}

/** What a rule says of the call, its slots filled. */
export function becauseOf(rule: Pick<Rule, "because" | "slot">, subject: Subject): string {
  return sentence(fill(rule.because, subject, paramOf(rule.slot, subject)));
}

export function allowReason(subject: Subject, approved: boolean): string {
  const what = `${subject.system.title} may ${verb(subject, "infinitive")}.`;
  return approved ? `${what} A person approved this exact call.` : what;
}

export function remediesFor(rule: Pick<Rule, "remedies"> & { readonly id: string | null }, subject: Subject): readonly Remedy[] {
  const { awaiting, name } = subject.system;
  // Asking again leads nowhere while somebody holds the question: say who does.
  if (rule.id === "live-authorization" && awaiting != null) {
    const text = `Its ${awaiting.type} was asked for and waits for ${awaiting.deciders.join(" and ") || "an approver"} to decide.`;
    return [{ text, url: awaiting.approval === null ? `/systems/${name}` : `/approve/${awaiting.approval}` }];
  }
  const target = paramOf("resource", subject) ?? "KIND:NAME";
  return rule.remedies.map((remedy) =>
    remedy.command === undefined
      ? remedy
      : { ...remedy, command: remedy.command.replaceAll("{name}", () => subject.system.name).replaceAll("{target}", () => target) },
  );
}

function attempt(subject: Subject): string {
  return sentence(`${subject.system.title} would have ${verb(subject, "participle")}.`);
}

function verb(subject: Subject, form: "infinitive" | "participle"): string {
  const past = form === "participle";
  const resource = nameOf(subject);
  switch (subject.request.action) {
    case "model.call":
    case "tool.call":
      return `${past ? "called" : "call"} ${resource}`;
    case "data.export":
      return `${past ? "sent" : "send"} data to ${resource}`;
    case "deploy":
      return past ? "been deployed" : "be deployed";
  }
}

function nameOf({ request, resource }: Subject): string {
  const { type } = request.resource;
  if (type === "system") return "itself";
  const known = resource.attributes?.get("known") === true;
  return known ? `the ${type} ${resource.id}` : `a ${type} that is not in the register`;
}

function fill(text: string, subject: Subject, param: string | null): string {
  return text.replaceAll(/\{(system|resource|param)\}/g, (slot) => {
    if (slot === "{system}") return subject.system.title;
    if (slot === "{resource}") return nameOf(subject);
    return param ?? "something its register entry needs";
  });
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
