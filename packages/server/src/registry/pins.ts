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
  /** Somebody refused the definition last seen. */
  readonly refused?: boolean;
}

/** A definition that somebody read and refused. */
export interface ToolRefusal {
  readonly tool: string;
  readonly hash: string;
  readonly by: string;
  readonly at: Date;
  readonly reason: string;
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
  refused: boolean;
}

export async function loadPins(tx: Tx, org: string): Promise<ToolPin[]> {
  const { rows } = await sql<PinRow>`select p.server, p.tool, p.pinned_hash, p.seen_hash, p.definition, r.refused_hash is not null as refused from mcp_pins p
    left join mcp_refusals r on r.org = p.org and r.server = p.server and r.tool = p.tool and r.refused_hash = p.seen_hash where p.org = ${org} order by p.server, p.tool`.execute(tx);
  return rows.map((row) => ({ server: row.server, tool: row.tool, pinnedHash: row.pinned_hash, seenHash: row.seen_hash, definition: row.definition, ...(row.refused ? { refused: true } : {}) }));
}

export interface PinWrite {
  readonly org: string;
  readonly server: string;
  /** All that the server offers. */
  readonly tools: readonly OfferedTool[];
  /** Accepts these alone, refused ones too; absent: everything but what somebody refused. */
  readonly only?: ReadonlySet<string> | undefined;
  readonly by: string;
  readonly reason: string | null;
  readonly now: Date;
}

/**
 * Accepts what a server offers now, in place of whatever was pinned. A definition that somebody refused is accepted by
 * naming it: applying a manifest again, or pinning everything, must not undo what a reviewer said.
 * @returns what was accepted
 */
export async function storePins(tx: Tx, pin: PinWrite): Promise<readonly OfferedTool[]> {
  const { org, server, only } = pin;
  await storeOffer(tx, pin);
  const refused = new Set((await loadRefusals(tx, org, server)).map((one) => `${one.tool} ${one.hash}`));
  const accepted = pin.tools.filter(({ tool, hash }) => (only === undefined ? !refused.has(`${tool} ${hash}`) : only.has(tool)));
  const kept = pin.tools.map(({ tool }) => tool);
  if (only === undefined) await sql`delete from mcp_pins where org = ${org} and server = ${server} and not (tool = any(${kept}))`.execute(tx);
  for (const { tool, hash, definition } of accepted) {
    await sql`insert into mcp_pins (org, server, tool, pinned_hash, definition, pinned_at, pinned_by, reason)
      values (${org}, ${server}, ${tool}, ${hash}, ${JSON.stringify(definition)}, ${pin.now}, ${pin.by}, ${pin.reason})
      on conflict (org, server, tool) do update set pinned_hash = excluded.pinned_hash, seen_hash = null, definition = excluded.definition, pinned_at = excluded.pinned_at, pinned_by = excluded.pinned_by, reason = excluded.reason`.execute(tx);
    await sql`delete from mcp_refusals where org = ${org} and server = ${server} and tool = ${tool}`.execute(tx);
  }
  const left = pin.tools.filter((one) => !accepted.includes(one));
  for (const { tool, hash } of left) await sql`update mcp_pins set seen_hash = ${hash} where org = ${org} and server = ${server} and tool = ${tool}`.execute(tx);
  return accepted;
}

export async function loadRefusals(tx: Tx, org: string, server: string): Promise<ToolRefusal[]> {
  const { rows } = await sql<ToolRefusal>`select tool, refused_hash as hash, refused_by as by, refused_at as at, reason from mcp_refusals where org = ${org} and server = ${server} order by tool`.execute(tx);
  return rows;
}

export async function storeRefusal(tx: Tx, org: string, server: string, refusal: ToolRefusal): Promise<void> {
  await sql`insert into mcp_refusals (org, server, tool, refused_hash, refused_at, refused_by, reason) values (${org}, ${server}, ${refusal.tool}, ${refusal.hash}, ${refusal.at}, ${refusal.by}, ${refusal.reason})
    on conflict (org, server, tool) do update set refused_hash = excluded.refused_hash, refused_at = excluded.refused_at, refused_by = excluded.refused_by, reason = excluded.reason`.execute(tx);
}

/** True where somebody refused this definition, of whatever server. */
export async function isRefusedDefinition(tx: Tx, org: string, hash: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`select exists (select 1 from mcp_refusals where org = ${org} and refused_hash = ${hash}) as found`.execute(tx);
  return rows[0]?.found === true;
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
