import type { Snapshot } from "@mandate/gateway";
import { isProbe } from "@mandate/model";
import type { SystemFacts } from "@mandate/model";

/**
 * A snapshot with the systems that a gateway serves and no others. INVARIANT (SPEC 5, G8): provider secrets, sealing keys
 * and credentials of systems it doesn't serve never leave the control plane for it. A list without a change is the same
 * array from one snapshot to the next, so that nobody works on it again.
 */
export function narrowing(serves: readonly string[]): (snapshot: Snapshot) => Snapshot {
  const names = new Set(serves);
  // Probes are at every gateway, and hold nothing: what is planted must be refused at this one too.
  const served = { has: (name: string): boolean => names.has(name) || isProbe(name) };
  const systems = steady<SystemFacts>();
  const credentials = steady<Snapshot["credentials"][number]>();
  const secrets = steady<Snapshot["secrets"][number]>();
  const sealingKeys = steady<Snapshot["sealingKeys"][number]>();
  return (snapshot) => {
    const { facts } = snapshot;
    const own = systems(facts.systems.filter((system) => served.has(system.name)));
    const needed = secretsOf(snapshot, own);
    return {
      ...snapshot,
      facts: { ...facts, systems: own },
      credentials: credentials(snapshot.credentials.filter((one) => (one.system === null ? isProbe(one.id) : served.has(one.system)))),
      secrets: secrets(snapshot.secrets.filter((secret) => needed.has(secret.name))),
      sealingKeys: sealingKeys(snapshot.sealingKeys.filter((key) => key.system === null || served.has(key.system))),
    };
  };
}

/** Names of secrets that calls of these systems may need: of models and MCP servers they were granted. */
function secretsOf({ facts }: Snapshot, systems: readonly SystemFacts[]): ReadonlySet<string> {
  const models = new Set(systems.flatMap((system) => system.grants.models));
  const tools = new Set(systems.flatMap((system) => system.grants.tools));
  const servers = new Set(facts.tools.filter((tool) => tools.has(tool.name)).map((tool) => tool.server));
  const named = [...facts.models.filter((model) => models.has(model.name)), ...facts.mcpServers.filter((server) => servers.has(server.name))];
  return new Set(named.flatMap((one) => one.credential ?? []));
}

/** The list of before, where the new one holds the same. */
function steady<T>(): (list: readonly T[]) => readonly T[] {
  let before: readonly T[] = [];
  return (list) => {
    if (list.length !== before.length || list.some((item, at) => item !== before[at])) before = list;
    return before;
  };
}
