import type { RegisterFacts, SystemFacts } from "@mandate/model";
import type { Propose } from "./replay.ts";

/** Kinds of `SystemFacts.differences` and the grants they would become. */
const grantsOf = { model: "models", tool: "tools", dataset: "datasets", prompt: "prompts", destination: "destinations" } as const satisfies Record<string, keyof SystemFacts["grants"]>;

/**
 * The register as it stands, with one system in production in its present version: what its approvers are asked to agree
 * to. Rules, owners' limits and the boundary bind as they would; only the authorization is supposed.
 * @returns null when the register holds no such system
 */
export function underProduction(present: RegisterFacts, name: string): Propose | null {
  const found = present.systems.find((one) => one.name === name);
  if (found === undefined) return null;
  const grants: Record<keyof SystemFacts["grants"], readonly string[]> = { ...found.grants };
  for (const difference of found.differences) {
    const [kind = "", ...rest] = difference.split(":");
    const of = grantsOf[kind as keyof typeof grantsOf] as keyof SystemFacts["grants"] | undefined;
    if (of !== undefined) grants[of] = [...new Set([...grants[of], rest.join(":")])];
  }
  const { conditionDues: _dues, ...rest } = found;
  const supposed: SystemFacts = {
    ...rest,
    grants,
    differences: [],
    lifecycle: "production",
    status: "operating",
    statusCode: null,
    missing: [],
    awaiting: null,
    reassessmentDue: null,
    authorization: { id: found.authorization?.id ?? "proposed", number: (found.authorization?.number ?? 0) + 1, type: "production", state: "granted", versionDigest: found.versionDigest, starts: 0, ends: Number.MAX_SAFE_INTEGER },
  };
  const proposed: RegisterFacts = { ...present, systems: present.systems.map((one) => (one === found ? supposed : one)) };
  return () => proposed;
}
