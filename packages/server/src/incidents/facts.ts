import type { RegisterFacts } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { StopKind } from "./kill.ts";

/** Marks what the kill switch stopped. A stopped vendor stops its models, its destinations, and the tools on its servers. */
export async function withStops(tx: Tx, facts: RegisterFacts): Promise<RegisterFacts> {
  const { rows } = await sql<{ scope: StopKind; name: string }>`select scope, name from stops where org = mandate_org() and ended_at is null and scope in ('model', 'tool', 'vendor')`.execute(tx);
  if (rows.length === 0) return facts;
  const stopped = (scope: StopKind, name: string | null): boolean => name !== null && rows.some((row) => row.scope === scope && row.name === name);
  const servers = new Set(facts.mcpServers.filter((server) => stopped("vendor", server.vendor)).map((server) => server.name));
  const models = marked(facts.models, (model) => stopped("model", model.name) || stopped("vendor", model.vendor));
  const tools = marked(facts.tools, (tool) => stopped("tool", tool.name) || (tool.server !== null && servers.has(tool.server)));
  const destinations = marked(facts.destinations, (destination) => stopped("vendor", destination.vendor));
  const same = models === facts.models && tools === facts.tools && destinations === facts.destinations;
  return same ? facts : { ...facts, models, tools, destinations };
}

/** The same list when each of them is marked already. */
function marked<T extends { readonly stopped?: boolean }>(items: readonly T[], isStopped: (item: T) => boolean): readonly T[] {
  const made = items.map((item) => (item.stopped !== true && isStopped(item) ? { ...item, stopped: true } : item));
  return made.every((item, at) => item === items[at]) ? items : made;
}
