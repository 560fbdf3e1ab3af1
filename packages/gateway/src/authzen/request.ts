import { isMembers, type Members, FieldProblem } from "../surfaces/fields.ts";

/** One question in AuthZEN 1.0's words (§5), checked for type. Unknown members are ignored, as §6 asks. */
export interface Evaluation {
  readonly subject: Thing;
  readonly action: { readonly name: string; readonly properties: Members };
  readonly resource: Thing;
  readonly context: Members;
}

export interface Thing {
  readonly type: string;
  readonly id: string;
  readonly properties: Members;
}

export const maxEvaluations = 100;

export type Semantic = "execute_all" | "deny_on_first_deny" | "permit_on_first_permit";

export interface Batch {
  readonly evaluations: readonly Evaluation[];
  readonly semantic: Semantic;
  /** False: the body was a single question in the batch's path, answered singly (§7.1). */
  readonly many: boolean;
}

export function readBatch(body: Members): Batch {
  if (body.evaluations === undefined)
    return { evaluations: [readEvaluation(body)], semantic: "execute_all", many: false };
  if (!Array.isArray(body.evaluations)) throw new FieldProblem("evaluations", "an array");
  if (body.evaluations.length === 0)
    return { evaluations: [readEvaluation(body)], semantic: "execute_all", many: false };
  if (body.evaluations.length > maxEvaluations)
    throw new FieldProblem("evaluations", `an array of at most ${maxEvaluations}`);
  const options = optionalMembers(body, "options");
  const semantic = options.evaluations_semantic ?? "execute_all";
  if (semantic !== "execute_all" && semantic !== "deny_on_first_deny" && semantic !== "permit_on_first_permit")
    throw new FieldProblem("options.evaluations_semantic", "execute_all, deny_on_first_deny or permit_on_first_permit");
  const evaluations = body.evaluations.map((one: unknown, index) => {
    if (!isMembers(one)) throw new FieldProblem(`evaluations[${index}]`, "an object");
    return readEvaluation({
      subject: one.subject ?? body.subject,
      action: one.action ?? body.action,
      resource: one.resource ?? body.resource,
      context: one.context ?? body.context,
    });
  });
  return { evaluations, semantic, many: true };
}

export function readEvaluation(body: Members): Evaluation {
  const action = requiredMembers(body, "action");
  return {
    subject: readThing(body, "subject"),
    action: { name: requiredName(action, "name", "action.name"), properties: optionalMembers(action, "properties") },
    resource: readThing(body, "resource"),
    context: optionalMembers(body, "context"),
  };
}

function readThing(body: Members, name: string): Thing {
  const thing = requiredMembers(body, name);
  return {
    type: requiredName(thing, "type", `${name}.type`),
    id: requiredName(thing, "id", `${name}.id`),
    properties: optionalMembers(thing, "properties"),
  };
}

function requiredName(from: Members, name: string, param: string): string {
  const value = from[name];
  if (typeof value !== "string" || value === "" || value.length > 512)
    throw new FieldProblem(param, "a string of 1 to 512 characters");
  return value;
}

function requiredMembers(from: Members, name: string): Members {
  const value = from[name];
  if (!isMembers(value)) throw new FieldProblem(name, "an object");
  return value;
}

function optionalMembers(from: Members, name: string): Members {
  const value = from[name];
  if (value === undefined || value === null) return {};
  if (!isMembers(value)) throw new FieldProblem(name, "an object");
  return value;
}
