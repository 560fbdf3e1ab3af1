import type { RegisterFacts, SystemFacts } from "@mandate/model";
import type { Propose } from "./replay.ts";

/** Kinds that a system is granted, and where its facts hold them. */
const lists = { model: "models", tool: "tools", dataset: "datasets", prompt: "prompts", destination: "destinations" } as const satisfies Record<string, keyof SystemFacts["grants"]>;

/** One edge of a system's reach, more or less. */
export interface GrantChange {
  readonly system: string;
  readonly verb: "grant" | "cut";
  readonly of: keyof typeof lists;
  /** `payouts.send`, or `SERVER/*` for every tool of an MCP server. */
  readonly name: string;
}

/** @returns null for what isn't granted by itself: a vendor is reached through its models */
export function grantChange(system: string, verb: GrantChange["verb"], reference: string): GrantChange | null {
  const at = reference.indexOf(":");
  const [of, name] = [reference.slice(0, at), reference.slice(at + 1)];
  return at > 0 && name !== "" && Object.hasOwn(lists, of) ? { system, verb, of: of as GrantChange["of"], name } : null;
}

/** The facts of each decision's own time with the one edge granted, or cut: everything else binds as it did. */
export function underGrants({ system, verb, of, name }: GrantChange): Propose {
  const made = new WeakMap<RegisterFacts, RegisterFacts>();
  const server = of === "tool" && name.endsWith("/*") ? name.slice(0, -2) : null;
  const meant = (one: string): boolean => one === name || (server !== null && one.startsWith(`${server}/`));
  return (facts) => {
    const known = made.get(facts);
    if (known !== undefined) return known;
    const more = verb === "cut" ? [] : server === null ? [name] : facts.tools.filter((tool) => tool.server === server).map((tool) => tool.name);
    const changed = (one: SystemFacts): SystemFacts => ({
      ...one,
      grants: { ...one.grants, [lists[of]]: [...new Set([...one.grants[lists[of]].filter((granted) => !meant(granted)), ...more])] },
      differences: one.differences.filter((difference) => !(difference.startsWith(`${of}:`) && meant(difference.slice(of.length + 1)))),
    });
    const proposed: RegisterFacts = { ...facts, systems: facts.systems.map((one) => (one.name === system ? changed(one) : one)) };
    made.set(facts, proposed);
    return proposed;
  };
}
