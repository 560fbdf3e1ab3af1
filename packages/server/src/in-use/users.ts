import { definitionOf, kindOfReference, parseReference, serverOfWildcard } from "@mandate/model";
import type { EntityKind } from "@mandate/model";
import { toolsOfServer } from "../authorization/index.ts";
import type { Register, StoredObject, ToolPin } from "../registry/index.ts";

/** A system that an object of the register belongs to, as its record is now. */
export interface User {
  readonly system: string;
  /** `kind:name` of what leads there: a tool that returns the dataset. Empty: the system names it itself. */
  readonly through: readonly string[];
}

export interface InUse {
  /** By `kind:name`. */
  readonly users: ReadonlyMap<string, readonly User[]>;
  /** Objects that name this one, systems left out, by `kind:name`. */
  readonly namedBy: ReadonlyMap<string, readonly string[]>;
}

/** People and secrets aren't used by what a system may do; a system isn't part of another. */
const leftOut: ReadonlySet<string> = new Set(["secret", "group", "legal-entity", "system"]);

/** Who uses what: each system's references, followed to the end, wildcards resolved. Pure. */
export function inUse(register: Register, pins: readonly ToolPin[]): InUse {
  const users = new Map<string, Map<string, Set<string>>>();
  const namedBy = new Map<string, Set<string>>();
  const offered = new Map(register.all("McpServer").map(({ name }) => [name, toolsOfServer(name, register, pins).map((tool) => `tool:${tool.name}`)]));
  const serverOf = new Map([...offered].flatMap(([server, tools]) => tools.map((tool) => [tool, `mcp-server:${server}`] as const)));
  const named = new Map<string, readonly string[]>();

  /** What an object names, as references. */
  const namesOf = (object: StoredObject): readonly string[] =>
    definitionOf(object.kind).refs(object.spec).flatMap(({ kind, name, text }) => {
      const server = kind === "tool" ? serverOfWildcard(name) : undefined;
      return server === undefined ? [text] : [`mcp-server:${server}`, ...(offered.get(server) ?? [])];
    });
  const next = (text: string): readonly string[] => {
    const known = named.get(text);
    if (known !== undefined) return known;
    const object = objectOf(register, text);
    const server = serverOf.get(text);
    // An unlabelled tool has no record of its own: its server stands for it.
    const found = [...new Set([...(object === undefined ? [] : namesOf(object)), ...(server === undefined ? [] : [server])])].filter(isPart);
    named.set(text, found);
    return found;
  };

  for (const object of register.values()) {
    const reference = definitionOf(object.kind).reference;
    if (reference === null || leftOut.has(reference)) continue;
    const self = `${reference}:${object.name}`;
    for (const other of next(self)) namedBy.set(other, (namedBy.get(other) ?? new Set()).add(self));
  }
  for (const system of register.all("AISystem")) {
    const seen = new Set<string>();
    const visit = (text: string, from: string | null): void => {
      const of = users.get(text) ?? new Map<string, Set<string>>();
      users.set(text, of);
      const through = of.get(system.name) ?? new Set<string>();
      of.set(system.name, through);
      if (from !== null) through.add(from);
      if (seen.has(text)) return;
      seen.add(text);
      for (const inner of next(text)) visit(inner, text);
    };
    const direct = new Set(namesOf(system).filter(isPart));
    for (const text of direct) visit(text, null);
    // Named by the system itself, what else leads there is beside the point.
    for (const text of direct) users.get(text)?.get(system.name)?.clear();
  }
  return {
    users: new Map([...users].map(([text, of]) => [text, [...of].map(([system, through]) => ({ system, through: [...through].toSorted() })).toSorted((a, b) => a.system.localeCompare(b.system))])),
    namedBy: new Map([...namedBy].map(([text, of]) => [text, [...of].toSorted()])),
  };
}

function isPart(text: string): boolean {
  const parsed = parseReference(text);
  return parsed !== undefined && !leftOut.has(parsed.kind);
}

function objectOf(register: Register, text: string): StoredObject | undefined {
  const parsed = parseReference(text);
  const kind: EntityKind | undefined = parsed && kindOfReference(parsed.kind);
  return parsed && kind && register.get(kind, parsed.name);
}

/** Resources of calls that are calls of this: a dataset's are those of the tools that return it. Null: no call shows it. */
export function waysOf(text: string, register: Register, pins: readonly ToolPin[], namedBy: InUse["namedBy"]): readonly string[] | null {
  const [kind = "", name = ""] = text.split(/:(.*)/s);
  const callable = (of: string): boolean => /^(?:model|tool|destination):/.test(of);
  switch (kind) {
    case "model":
    case "tool":
    case "destination":
      return [text];
    case "dataset": {
      // Read by other means, nothing here sees it: that is not known, and not never.
      const returning = (namedBy.get(text) ?? []).filter(callable);
      return returning.length === 0 ? null : returning;
    }
    case "mcp-server":
      return [...new Set([...toolsOfServer(name, register, pins).map((tool) => `tool:${tool.name}`), ...(namedBy.get(text) ?? []).filter(callable)])].toSorted();
    case "vendor": {
      const direct = namedBy.get(text) ?? [];
      const servers = direct.filter((one) => one.startsWith("mcp-server:")).flatMap((one) => waysOf(one, register, pins, namedBy) ?? []);
      return [...new Set([...direct.filter(callable), ...servers])].toSorted();
    }
    default:
      return null;
  }
}
