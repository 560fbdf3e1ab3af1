import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Job } from "../jobs/index.ts";
import { listObjects, loadPins, lockRegister, noteSeen, storeOffer } from "../registry/index.ts";
import type { OfferedTool, RegisterPorts } from "../registry/index.ts";
import { closeReassessments } from "./close.ts";
import { driftKey } from "./observe.ts";
import { openReassessment } from "./open.ts";
import { undecided } from "./store.ts";
import type { DependentPorts } from "./vendor-events.ts";

export interface DriftPorts extends Pick<DependentPorts, "reconcile"> {
  /** Systems whose version uses a tool of this server, by the server's own name for it, with the register's name of it and their owners. */
  readonly usersOf: (tx: Parameters<DependentPorts["reconcile"]>[0], org: string, server: string) => Promise<readonly { readonly system: string; readonly tool: string; readonly offeredAs: string; readonly owners: readonly string[] }[]>;
}

/**
 * What a server offers now, as whoever asked it saw it. A definition other than the pinned one refuses the tool's calls
 * everywhere (`tool_changed`) and opens a case of each system that uses it (class B); one that is as pinned again closes
 * them. Seeing the same again changes nothing.
 * @returns the server's names of tools that differ from their pins
 */
export async function noteOffered(ctx: ServerContext, server: string, tools: readonly OfferedTool[], ports: DriftPorts): Promise<readonly string[]> {
  return ctx.transact(async (tx, record) => {
    await lockRegister(tx, ctx.org, new Date(ctx.now()));
    const before = new Map((await loadPins(tx, ctx.org)).filter((pin) => pin.server === server).map((pin) => [pin.tool, pin]));
    // Nothing is held against an unreviewed server; what it offers is kept for whoever reviews it.
    if (before.size === 0) {
      await storeOffer(tx, { org: ctx.org, server, tools, now: new Date(ctx.now()) });
      return [];
    }
    const changed = await noteSeen(tx, { org: ctx.org, server, tools, now: new Date(ctx.now()) });
    const now = new Map((await loadPins(tx, ctx.org)).filter((pin) => pin.server === server).map((pin) => [pin.tool, pin]));
    const users = await ports.usersOf(tx, ctx.org, server);
    const open = await undecided(tx, ctx.org);
    let moved = false;
    for (const [name, pin] of now) {
      // Never looked at and as pinned is no news; whatever else moved is.
      const differed = before.get(name)!.seenHash !== null && before.get(name)!.seenHash !== before.get(name)!.pinnedHash;
      const differs = pin.seenHash !== pin.pinnedHash;
      const of = users.filter((one) => one.offeredAs === name);
      if (differs && before.get(name)!.seenHash !== pin.seenHash) {
        moved = true;
        if (of.length > 0 && pin.refused !== true) await openReassessment(tx, ctx, record, { key: driftKey(`tool:${of[0]!.tool}`), trigger: "tool-definition", subject: `tool:${of[0]!.tool}`, title: `${server} offers another definition of ${name}`, observedBy: "gateway", old: pin.pinnedHash, new: pin.seenHash, heldBy: "case", systems: of.map(({ system, tool, owners }) => ({ system, owners, differences: [`tool:${tool}`] })) });
      } else if (differed && !differs) {
        moved = true;
        for (const { system } of of) {
          const gone = (open.get(system) ?? []).filter((one) => one.key === driftKey(`tool:${of[0]!.tool}`)).map((one) => one.reassessment);
          if (gone.length > 0) await closeReassessments(tx, ctx, record, { system, outcome: "withdrawn", reason: "the definition is as pinned again", authorization: null, openedBy: new Date(ctx.now()), reassessments: gone });
        }
      }
    }
    if (!moved) return changed;
    record({ type: "register.change", payload: { action: "seen", kind: "McpServer", name: server, changed } });
    await ports.reconcile(tx, ctx, record);
    return changed;
  });
}

export interface PinWatchPorts extends DriftPorts {
  /** Asks a server what it offers; undefined where it can't be reached. */
  readonly ask: NonNullable<RegisterPorts["pinMcpServer"]>;
}

/** Asks each pinned server now and then: its tools may change while nobody calls them through a gateway. */
export function watchPins(ctx: ServerContext, ports: PinWatchPorts): Job {
  return {
    name: "watch pins",
    everyMs: 5 * 60_000,
    async run() {
      const pinned = new Set((await ctx.read((tx) => sql<{ server: string }>`select distinct server from mcp_pins where org = ${ctx.org}`.execute(tx))).rows.map((row) => row.server));
      if (pinned.size === 0) return;
      const { items } = await listObjects(ctx, "McpServer", { limit: 500 });
      for (const { name, spec } of items as readonly { readonly name: string; readonly spec: Readonly<Record<string, unknown>> }[]) {
        const { url, credential } = spec;
        if (!pinned.has(name) || typeof url !== "string") continue;
        const offered = await ports.ask({ name, url, process: null, credential: typeof credential === "string" ? credential.slice("secret:".length) : null });
        // Out of reach says nothing of what it offers.
        if (offered !== undefined) await noteOffered(ctx, name, offered, ports);
      }
    },
  };
}
