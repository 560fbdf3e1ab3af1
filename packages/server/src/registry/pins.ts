import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

/** A tool definition of an MCP server, accepted by hash. */
export interface ToolPin {
  readonly server: string;
  /** The server's own name for it. */
  readonly tool: string;
  readonly pinnedHash: string;
  /** Definition last seen, when it was looked at since. */
  readonly seenHash: string | null;
  readonly definition: Readonly<Record<string, unknown>>;
}

/** What a server offers: name, canonical hash and definition of each tool. */
export interface OfferedTool {
  readonly tool: string;
  readonly hash: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

interface PinRow {
  server: string;
  tool: string;
  pinned_hash: string;
  seen_hash: string | null;
  definition: Record<string, unknown>;
}

export async function loadPins(tx: Tx, org: string): Promise<ToolPin[]> {
  const { rows } = await sql<PinRow>`select server, tool, pinned_hash, seen_hash, definition from mcp_pins where org = ${org} order by server, tool`.execute(tx);
  return rows.map((row) => ({ server: row.server, tool: row.tool, pinnedHash: row.pinned_hash, seenHash: row.seen_hash, definition: row.definition }));
}

/** Accepts what a server offers now, in place of whatever was pinned. */
export async function storePins(tx: Tx, pin: { org: string; server: string; tools: readonly OfferedTool[]; by: string; reason: string | null; now: Date }): Promise<void> {
  await storeOffer(tx, pin);
  await sql`delete from mcp_pins where org = ${pin.org} and server = ${pin.server}`.execute(tx);
  for (const tool of pin.tools) {
    await sql`insert into mcp_pins (org, server, tool, pinned_hash, definition, pinned_at, pinned_by, reason)
      values (${pin.org}, ${pin.server}, ${tool.tool}, ${tool.hash}, ${JSON.stringify(tool.definition)}, ${pin.now}, ${pin.by}, ${pin.reason})`.execute(tx);
  }
}

/** What a server was last seen to offer; undefined: nobody looked since it was pinned. */
export async function loadOffer(tx: Tx, org: string, server: string): Promise<{ readonly tools: readonly OfferedTool[]; readonly seenAt: Date } | undefined> {
  const { rows } = await sql<{ tools: OfferedTool[]; seen_at: Date }>`select tools, seen_at from mcp_offers where org = ${org} and server = ${server}`.execute(tx);
  return rows[0] && { tools: rows[0].tools, seenAt: rows[0].seen_at };
}

export async function storeOffer(tx: Tx, offer: { org: string; server: string; tools: readonly OfferedTool[]; now: Date }): Promise<void> {
  await sql`insert into mcp_offers (org, server, tools, seen_at) values (${offer.org}, ${offer.server}, ${JSON.stringify(offer.tools)}::jsonb, ${offer.now})
    on conflict (org, server) do update set tools = excluded.tools, seen_at = excluded.seen_at where mcp_offers.tools is distinct from excluded.tools`.execute(tx);
}

/** Records what a server offers without accepting it. @returns tools whose definition differs from the pinned one */
export async function noteSeen(tx: Tx, seen: { org: string; server: string; tools: readonly OfferedTool[]; now: Date }): Promise<string[]> {
  await storeOffer(tx, seen);
  const offered = new Map(seen.tools.map((tool) => [tool.tool, tool.hash]));
  const pins = (await loadPins(tx, seen.org)).filter((pin) => pin.server === seen.server);
  const changed: string[] = [];
  for (const pin of pins) {
    const hash = offered.get(pin.tool) ?? "absent";
    if (hash !== pin.seenHash) await sql`update mcp_pins set seen_hash = ${hash} where org = ${seen.org} and server = ${seen.server} and tool = ${pin.tool}`.execute(tx);
    if (hash !== pin.pinnedHash) changed.push(pin.tool);
  }
  return changed;
}
