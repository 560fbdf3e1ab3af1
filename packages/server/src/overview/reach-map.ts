import type { RegisterFacts, SystemFacts } from "@mandate/model";
import { reachOf } from "./reach.ts";
import type { ReachNode } from "./reach.ts";

/** One step of a path, and what lets it be taken. */
export interface MapEdge {
  readonly from: string;
  readonly to: string;
  readonly outcome: "allow" | "hold" | "deny";
  /** The authorization or policy that says so. */
  readonly by: string;
}

export interface ReachMap {
  readonly from: string;
  readonly nodes: readonly ReachNode[];
  readonly edges: readonly MapEdge[];
  /** Other systems that share something with it; more than are shown where the bound cut them. */
  readonly systems: number;
}

/** Systems of each thing, by `kind:name`, as the register has them. */
export type UsersOf = ReadonlyMap<string, readonly { readonly system: string; readonly through: readonly string[] }[]>;

/** What, shared, lets one system's fault be another's. A model or vendor that many use carries nothing from one to the other. */
const carriers: ReadonlySet<string> = new Set(["prompt", "agent", "tool", "mcp-server", "dataset", "secret"]);

/**
 * Through whom a system is joined to others: the prompts, agents, tools, MCP servers, datasets and upstream credentials
 * that it shares with them. INVARIANT (G9): an edge says what is enforced now; what the register names and nobody
 * authorized is drawn as denied.
 */
export function reachMap(facts: RegisterFacts, users: UsersOf, system: SystemFacts, limit: number, nowSeconds: number): ReachMap {
  const all = withSecrets(facts, users);
  const shared = [...all].filter(([thing, of]) => carriers.has(kindOf(thing)) && of.length > 1 && of.some((one) => one.system === system.name)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const others = [...new Set(shared.flatMap(([, of]) => of.map((one) => one.system)))].filter((name) => name !== system.name).toSorted();
  const shown = new Set([system.name, ...others.slice(0, limit)]);
  const nodes = new Map<string, ReachNode>();
  const edges = new Map<string, MapEdge>();
  const steps = new Map<string, (thing: string) => Omit<MapEdge, "from" | "to">>();
  const stepOf = (name: string): ((thing: string) => Omit<MapEdge, "from" | "to">) => {
    const known = steps.get(name) ?? enforced(facts, name, nowSeconds);
    steps.set(name, known);
    return known;
  };
  const put = (id: string): void => {
    if (!nodes.has(id)) nodes.set(id, { id, kind: kindOf(id), name: id.slice(id.indexOf(":") + 1), inside: true });
  };
  put(`system:${system.name}`);
  for (const [thing, of] of shared) {
    for (const one of of) {
      if (!shown.has(one.system)) continue;
      const self = `system:${one.system}`;
      put(thing);
      put(self);
      const ends = one.system === system.name ? { from: self, to: thing } : { from: thing, to: self };
      edges.set(`${ends.from}>${ends.to}`, { ...ends, ...stepOf(one.system)(one.through[0] ?? thing) });
    }
  }
  return { from: `system:${system.name}`, nodes: [...nodes.values()], edges: [...edges.values()], systems: others.length };
}

const kindOf = (id: string): string => id.slice(0, id.indexOf(":"));

/** An upstream credential is shared by the systems of every model and server that is called with it. */
function withSecrets(facts: RegisterFacts, users: UsersOf): UsersOf {
  const found = new Map<string, Map<string, Set<string>>>();
  const holders = [...facts.models.map((one) => ["model", one] as const), ...facts.mcpServers.map((one) => ["mcp-server", one] as const)];
  for (const [kind, { name, credential }] of holders) {
    if (credential === null) continue;
    const of = found.get(`secret:${credential}`) ?? new Map<string, Set<string>>();
    found.set(`secret:${credential}`, of);
    for (const { system } of users.get(`${kind}:${name}`) ?? []) of.set(system, (of.get(system) ?? new Set()).add(`${kind}:${name}`));
  }
  return new Map([...users, ...[...found].map(([secret, of]) => [secret, [...of].map(([system, through]) => ({ system, through: [...through].toSorted() }))] as const)]);
}

/** Why nothing of a system's passes, as people say it. */
const refusedWords: Readonly<Record<string, string>> = {
  system_suspended: "the system is suspended",
  system_retired: "the system is retired",
  prohibited: "its use is prohibited",
  not_registered: "it is not registered",
  not_authorized: "it has no live authorization",
  authorization_expired: "its authorization has ended",
  reassessment_required: "it changed and waits for its reassessment",
};

/** What a system may do with a thing, and by which authorization or policy. */
function enforced(facts: RegisterFacts, name: string, nowSeconds: number): (thing: string) => Omit<MapEdge, "from" | "to"> {
  const system = facts.systems.find((one) => one.name === name);
  if (system === undefined) return () => ({ outcome: "deny", by: "not in force" });
  const { authorization } = system;
  const granted = authorization === null ? "no authorization" : `${authorization.type} authorization ${authorization.number}`;
  const own = new Map(reachOf(facts, system, new Map(), nowSeconds).edges.map((edge) => [edge.to, edge]));
  // A server is reached by calling one of its tools.
  const ofServer = (server: string) => facts.tools.filter((tool) => tool.server === server).flatMap((tool) => own.get(`tool:${tool.name}`) ?? []);
  return (thing) => {
    if (system.status === "refused") return { outcome: "deny", by: refusedWords[system.statusCode ?? ""] ?? granted };
    if (system.differences.includes(thing)) return { outcome: "deny", by: "in the record, but not in what was authorized" };
    const ways = thing.startsWith("mcp-server:") ? ofServer(thing.slice("mcp-server:".length)) : [own.get(thing)].filter((one) => one !== undefined);
    const edge = ways.find((one) => one.outcome === "allow") ?? ways.find((one) => one.outcome === "hold") ?? ways[0];
    if (edge === undefined) return { outcome: "allow", by: granted };
    if (edge.outcome !== "hold") return { outcome: edge.outcome, by: edge.outcome === "allow" ? granted : (edge.terms ?? granted) };
    return { outcome: "hold", by: system.policies.length === 0 ? granted : `${granted}, policy ${system.policies.join(", ")}` };
  };
}
