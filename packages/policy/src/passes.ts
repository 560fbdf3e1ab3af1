import { policyToJson, policyToText } from "@cedar-policy/cedar-wasm/nodejs";
import { asBoolean, compileExpression, type Environment } from "./cedar/expression.ts";
import { CedarRecord, CedarSet, type Entity, type Value } from "./cedar/values.ts";
import type { Rule } from "./rule.ts";
import { type AttributePath, attributePaths } from "./rules/attribute-paths.ts";

/** One condition that a rule waits for. */
export interface Passing {
  /** What it reads, such as `context.input.amount`. */
  readonly attributes: readonly string[];
  /** What has to hold, as the rule says it, in Cedar. */
  readonly needs: string;
  /** What it was, where that is no content: nothing of a call's arguments, and nothing said of a person, is repeated. */
  readonly is: string | null;
}

/** Only these are facts of the register, labels or classes. Arguments and claims are the caller's content. */
const shown = [/^principal\./, /^resource\./, /^context\.(?:purpose|now|digest|argumentsFromUser|recipientIsCaller)$/, /^context\.(?:labels|data)\./];

/**
 * What would make a call pass a rule that refuses or holds it: the fewest conditions found by which the rule no longer
 * applies. Empty where nothing about the call could: the rule is about the thing itself. For people, never on the path.
 */
export function whatPasses(rule: Rule, environment: Environment): readonly Passing[] {
  const answer = policyToJson(rule.policy.text);
  if (answer.type === "failure") return [];
  const ways = answer.json.conditions.map(({ kind, body }) => unmet(body, kind === "unless", environment)).filter((way) => way.length > 0);
  const fewest = ways.reduce<readonly Unmet[]>((best, way) => (best.length === 0 || way.length < best.length ? way : best), []);
  return fewest.map(({ body, wanted }) => {
    const paths = attributePaths(body).filter((path) => path.length > 1);
    return { attributes: paths.map((path) => path.join(".")), needs: wanted ? textOf(body) : `!(${textOf(body)})`, is: wasOf(paths, environment) };
  });
}

interface Unmet {
  readonly body: unknown;
  readonly wanted: boolean;
}

/** The parts that keep `body` from being what is wanted. */
function unmet(body: unknown, wanted: boolean, environment: Environment): readonly Unmet[] {
  if (isWanted(body, wanted, environment)) return [];
  const [operator, inner] = Object.entries(body as Readonly<Record<string, unknown>>)[0] ?? ["", undefined];
  if (operator === "!") return unmet((inner as { arg: unknown }).arg, !wanted, environment);
  if (operator !== "&&" && operator !== "||") return [{ body, wanted }];
  const { left, right } = inner as { left: unknown; right: unknown };
  const [one, other] = [unmet(left, wanted, environment), unmet(right, wanted, environment)];
  if ((operator === "&&") === wanted) return withoutPresence([...one, ...other]);
  // Either side is enough: the one with fewer conditions, and of two alike the second, since guards stand first.
  if (one.length === 0 || other.length === 0) return one.length === 0 ? other : one;
  return one.length < other.length ? one : other;
}

/** That an attribute is there is implied by what has to hold of it. */
function withoutPresence(found: readonly Unmet[]): readonly Unmet[] {
  const read = new Set(found.filter(({ body }) => !isPresence(body)).flatMap(({ body }) => attributePaths(body).map((path) => path.join("."))));
  const isSaid = (path: string): boolean => [...read].some((other) => other === path || other.startsWith(`${path}.`));
  return found.filter(({ body }) => !isPresence(body) || !attributePaths(body).every((path) => isSaid(path.join("."))));
}

const isPresence = (body: unknown): boolean => typeof body === "object" && body !== null && "has" in body;

function isWanted(body: unknown, wanted: boolean, environment: Environment): boolean {
  try {
    return asBoolean(compileExpression(body)(environment)) === wanted;
  } catch {
    return false;
  }
}

function textOf(body: unknown): string {
  const any = { op: "All" } as const;
  const answer = policyToText({ effect: "permit", principal: any, action: any, resource: any, conditions: [{ kind: "when", body: body as never }] });
  if (answer.type === "failure") return "";
  return answer.text.slice(answer.text.indexOf("{") + 1, answer.text.lastIndexOf("}")).replaceAll(/\s+/g, " ").trim().replace(/^\((.*)\)$/, "$1");
}

function wasOf(paths: readonly AttributePath[], environment: Environment): string | null {
  const said = paths.flatMap((path) => {
    const name = path.join(".");
    if (!shown.some((pattern) => pattern.test(name))) return [];
    const text = valueText(valueAt(path, environment));
    return text === null ? [] : [paths.length === 1 ? text : `${name} ${text}`];
  });
  return said.length === 0 ? null : said.join(", ");
}

function valueAt([root, ...names]: AttributePath, environment: Environment): Value | undefined {
  let at: Value | undefined = root === "principal" || root === "resource" || root === "context" ? environment[root] : undefined;
  for (const name of names) at = at instanceof CedarRecord ? at.fields.get(name) : isEntity(at) ? at.attributes?.get(name) : undefined;
  return at;
}

function isEntity(value: Value | undefined): value is Entity {
  return typeof value === "object" && "attributes" in value;
}

function valueText(value: Value | undefined): string | null {
  if (value === undefined) return "absent";
  if (value instanceof CedarSet) return value.items.length === 0 ? "none" : value.items.map((item) => valueText(item) ?? "?").join(", ");
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" || typeof value === "bigint" ? String(value) : null;
}
