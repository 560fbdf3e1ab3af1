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
  /** A question that can't be read stands as what is wrong with it: the others are still answered (§7.3). */
  readonly evaluations: readonly (Evaluation | FieldProblem)[];
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
    try {
      if (!isMembers(one)) throw new FieldProblem(`evaluations[${index}]`, "an object");
      return readEvaluation({
        subject: one.subject ?? body.subject,
        action: one.action ?? body.action,
        resource: one.resource ?? body.resource,
        context: one.context ?? body.context,
      });
    } catch (error) {
      if (error instanceof FieldProblem) return error;
      throw error;
    }
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

export const searches = ["subject", "resource", "action"] as const;
export type SearchFor = (typeof searches)[number];

/** What is searched for is named by type alone (§8): its id, if somebody sends one, is ignored. */
export interface Search {
  readonly subject: Omit<Thing, "id"> & { readonly id: string | null };
  readonly action: { readonly name: string; readonly properties: Members } | null;
  readonly resource: Omit<Thing, "id"> & { readonly id: string | null };
  readonly context: Members;
  readonly page: { readonly token: string | null; readonly limit: number | null };
}

export function readSearch(body: Members, wanted: SearchFor): Search {
  const action = wanted === "action" ? null : requiredMembers(body, "action");
  const part = (name: "subject" | "resource"): Search["subject"] => {
    if (wanted !== name) return readThing(body, name);
    const thing = requiredMembers(body, name);
    return { type: requiredName(thing, "type", `${name}.type`), id: null, properties: optionalMembers(thing, "properties") };
  };
  return {
    subject: part("subject"),
    action:
      action === null
        ? null
        : { name: requiredName(action, "name", "action.name"), properties: optionalMembers(action, "properties") },
    resource: part("resource"),
    context: optionalMembers(body, "context"),
    page: readPage(optionalMembers(body, "page")),
  };
}

function readPage({ token, limit }: Members): Search["page"] {
  if (token !== undefined && token !== null && (typeof token !== "string" || token.length > 2000))
    throw new FieldProblem("page.token", "the next_token of the page before");
  if (limit !== undefined && limit !== null && (!Number.isSafeInteger(limit) || (limit as number) < 0))
    throw new FieldProblem("page.limit", "a whole number that is not negative");
  return { token: typeof token === "string" && token !== "" ? token : null, limit: typeof limit === "number" ? limit : null };
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
