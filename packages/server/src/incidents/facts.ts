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
  return {
    ...facts,
    models: facts.models.map((model) => (stopped("model", model.name) || stopped("vendor", model.vendor) ? { ...model, stopped: true } : model)),
    tools: facts.tools.map((tool) => (stopped("tool", tool.name) || (tool.server !== null && servers.has(tool.server)) ? { ...tool, stopped: true } : tool)),
    destinations: facts.destinations.map((destination) => (stopped("vendor", destination.vendor) ? { ...destination, stopped: true } : destination)),
  };
}
