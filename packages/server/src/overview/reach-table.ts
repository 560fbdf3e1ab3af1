import { isProbe } from "@mandate/model";
import type { RegisterFacts } from "@mandate/model";
import { reachOf } from "./reach.ts";
import type { ReachNode } from "./reach.ts";

export interface ReachRow {
  readonly system: string;
  readonly owner: string | null;
  readonly node: ReachNode;
  /** What leads there: a tool that returns the dataset, a model of the vendor. Empty: the system itself. */
  readonly through: readonly string[];
  readonly outcome: "allow" | "hold" | "deny";
  readonly terms: string | null;
}

export interface ReachFilter {
  /** One system's reach. */
  readonly system?: string | undefined;
  /** Who reaches this: `dataset:customers`. */
  readonly of?: string | undefined;
  readonly kind?: string | undefined;
}

const strictest = { allow: 0, hold: 1, deny: 2 } as const;

/**
 * Who reaches what, from the facts that are enforced right now. A system that reaches a thing in several ways is one row
 * with the loosest of them: that is what it can do.
 * @returns rows by system, then by thing; `total` counts those beyond `limit` too
 */
export function reachTable(facts: RegisterFacts, filter: ReachFilter, limit: number, nowSeconds: number): { rows: ReachRow[]; total: number } {
  const found = new Map<string, ReachRow>();
  for (const system of facts.systems) {
    // What the product plants to be refused is nobody's system.
    if (isProbe(system.name) || (filter.system !== undefined && filter.system !== system.name)) continue;
    const { nodes, edges } = reachOf(facts, system, new Map(), nowSeconds);
    const self = `system:${system.name}`;
    for (const edge of edges) {
      const node = nodes.find((one) => one.id === edge.to);
      if (node === undefined || (filter.of !== undefined && node.id !== filter.of) || (filter.kind !== undefined && node.kind !== filter.kind)) continue;
      const key = `${system.name} ${node.id}`;
      const before = found.get(key);
      const through = edge.from === self ? [] : [edge.from];
      const isLooser = before === undefined || strictest[edge.outcome] < strictest[before.outcome];
      found.set(key, {
        system: system.name,
        owner: system.owners.technical,
        node,
        through: [...new Set([...(before?.through ?? []), ...through])],
        outcome: isLooser ? edge.outcome : before.outcome,
        terms: (isLooser ? edge.terms : before.terms) ?? null,
      });
    }
  }
  const rows = [...found.values()].toSorted((a, b) => a.system.localeCompare(b.system) || a.node.id.localeCompare(b.node.id));
  return { rows: rows.slice(0, limit), total: rows.length };
}
