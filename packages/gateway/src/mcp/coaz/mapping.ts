import type { ExternalRequest } from "@mandate/policy";
import { isMembers, type Members } from "../../surfaces/fields.ts";
import { absent, CelProblem, evaluateCel, type Variables } from "./cel-evaluate.ts";
import { type Cel, parseCel, UnreadableCel } from "./cel-parse.ts";

// OpenID AuthZEN, COAZ framework and COAZ-MCP binding (drafts of 2026): what a tool's server declares about how a call of it
// is to be authorized, in the definition that was pinned.

/** A mapping that is malformed, or gives no question for this call: nothing is asked, and nothing runs. */
export class MappingProblem extends Error {}

/** A template whose leaves are literals or expressions. */
type Template = { readonly expression: Cel } | { readonly literal: unknown } | { readonly list: readonly Template[] } | { readonly members: ReadonlyMap<string, Template> };

export interface DeclaredMapping {
  readonly shared: ReadonlyMap<string, Template>;
  /** One for `evaluation`; null: the shared members are the question. */
  readonly entries: readonly ReadonlyMap<string, Template>[] | null;
}

const maxNodes = 500;
const maxDepth = 12;
const maxEvaluations = 20;
const maxNameChars = 512;

/** The mapping in a definition's input schema; undefined: it declares none. @throws MappingProblem */
export function declaredMapping(inputSchema: unknown): DeclaredMapping | undefined {
  if (!isMembers(inputSchema) || !Object.hasOwn(inputSchema, "x-authzen-mapping")) return undefined;
  const mapping = inputSchema["x-authzen-mapping"];
  const [envelope, more] = isMembers(mapping) ? Object.keys(mapping) : [];
  if (!isMembers(mapping) || more !== undefined || (envelope !== "evaluation" && envelope !== "evaluations")) throw new MappingProblem("it has not exactly one of `evaluation` and `evaluations`");
  let nodes = 0;
  const read = (value: unknown, depth: number): Template => {
    if ((nodes += 1) > maxNodes || depth > maxDepth) throw new MappingProblem("it is too large");
    if (typeof value === "string") return value.startsWith("$$") ? { literal: value.slice(1) } : value.startsWith("$") ? { expression: parsed(value.slice(1)) } : { literal: value };
    if (Array.isArray(value)) return { list: (value as unknown[]).map((item) => read(item, depth + 1)) };
    return isMembers(value) ? { members: members(value, depth) } : { literal: value };
  };
  const members = (value: unknown, depth: number): ReadonlyMap<string, Template> => {
    if (!isMembers(value)) throw new MappingProblem("a question is no object");
    return new Map(Object.entries(value).map(([name, one]) => [name, read(one, depth + 1)]));
  };
  const body = mapping[envelope];
  if (envelope === "evaluation") return { shared: members(body, 0), entries: null };
  const { evaluations, ...shared } = isMembers(body) ? body : {};
  if (!Array.isArray(evaluations) || evaluations.length === 0 || evaluations.length > maxEvaluations) throw new MappingProblem(`\`evaluations\` is no list of 1 to ${maxEvaluations}`);
  const entries = (evaluations as unknown[]).map((entry) => members(entry, 1));
  // Who asks is said once: an entry of its own would smuggle in somebody else.
  if (entries.some((entry) => entry.has("subject"))) throw new MappingProblem("an entry of `evaluations` names a subject");
  return { shared: members(shared, 0), entries };
}

function parsed(text: string): Cel {
  try {
    return parseCel(text);
  } catch (error) {
    if (error instanceof UnreadableCel) throw new MappingProblem(error.message);
    throw error;
  }
}

/**
 * The questions that a call must be allowed by, in the mapping's order.
 * INVARIANT: the subject is the caller whom the gateway verified. A mapping may repeat that id, and can't name another.
 * @param params the call's own, before anything was masked
 * @param token claims that were verified, `sub` among them
 * @throws MappingProblem
 */
export function mappedQuestions({ shared, entries }: DeclaredMapping, params: Members, token: Members & { readonly sub: string }): readonly ExternalRequest[] {
  const variables = { params, token };
  return (entries ?? [new Map()]).map((entry) => {
    const question = resolved(new Map([...shared, ...entry]), variables);
    const subject = question.subject === undefined ? {} : object(question.subject, "subject");
    if (subject.id !== undefined && subject.id !== token.sub) throw new MappingProblem("`subject.id` is not the caller's own");
    const action = object(question.action, "action");
    const resource = object(question.resource, "resource");
    return {
      subject: { type: subject.type === undefined ? "identity" : named(subject.type, "subject.type"), id: token.sub, ...props(subject) },
      action: named(action.name, "action.name"),
      ...(action.properties === undefined ? {} : { actionProps: object(action.properties, "action.properties") }),
      resource: { type: named(resource.type, "resource.type"), id: named(resource.id, "resource.id"), ...props(resource) },
      context: question.context === undefined ? {} : object(question.context, "context"),
    };
  });
}

function resolved(members: ReadonlyMap<string, Template>, variables: Variables): Members {
  const made: Record<string, unknown> = {};
  for (const [name, template] of members) {
    const value = valueOf(template, variables);
    if (value !== absent) Object.defineProperty(made, name, { value, enumerable: true });
  }
  return made;
}

function valueOf(template: Template, variables: Variables): unknown {
  if ("literal" in template) return template.literal;
  if ("members" in template) return resolved(template.members, variables);
  if ("list" in template) return template.list.map((item) => valueOf(item, variables)).filter((value) => value !== absent);
  try {
    return evaluateCel(template.expression, variables);
  } catch (error) {
    if (error instanceof CelProblem || error instanceof UnreadableCel) throw new MappingProblem(error.message);
    throw error;
  }
}

function object(value: unknown, name: string): Members {
  if (!isMembers(value)) throw new MappingProblem(`\`${name}\` is no object`);
  return value;
}

/** AuthZEN's names are text; an id that is a number in the arguments is its digits. */
function named(value: unknown, name: string): string {
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== "string" || text === "" || text.length > maxNameChars) throw new MappingProblem(`\`${name}\` is no text of 1 to ${maxNameChars} characters`);
  return text;
}

function props(thing: Members): { props?: Members } {
  return thing.properties === undefined ? {} : { props: object(thing.properties, "properties") };
}
