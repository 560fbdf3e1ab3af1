import { AppError } from "@mandate/model";
import type { CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { closeReassessments, driftKey, undecided } from "../reassessment/index.ts";
import type { CaseSystem, DriftPorts } from "../reassessment/index.ts";
import { loadOffer, loadPins, lockRegister, mustBeOffered, storeRefusal } from "../registry/index.ts";

export interface Refused {
  readonly server: string;
  readonly tools: readonly string[];
}

/**
 * Writes down that what a server offers was read and refused. The tools stay held and say so, nothing but naming them
 * accepts these definitions later, and the cases that waited for this answer are over: a vendor's change must not be able
 * to stop the approved version, which runs on without the tool.
 * @param shown hash of each definition that the person read
 * @throws AppError 409 `mcp.offer_changed`, `mcp.as_reviewed`
 */
export function refuseOffer(ctx: CommandContext<Tx>, server: string, shown: Readonly<Record<string, string>>, reason: string, ports: DriftPorts): Promise<Refused> {
  return ctx.transact(async (tx, record) => {
    const at = new Date(ctx.now());
    await lockRegister(tx, ctx.org, at);
    mustBeOffered((await loadOffer(tx, ctx.org, server))?.tools ?? [], shown);
    const pins = (await loadPins(tx, ctx.org)).filter((pin) => pin.server === server);
    const accepted = pins.find((pin) => shown[pin.tool] === pin.pinnedHash);
    if (accepted !== undefined)
      throw new AppError({ code: "mcp.as_reviewed", status: 409, message: `\`${accepted.tool}\` is offered as it was reviewed, so there is nothing to refuse.`, remedies: [{ text: "To stop the tool, stop it with the kill switch, or take its grant away." }] });
    const tools = Object.entries(shown).map(([tool, hash]) => ({ tool, hash }));
    for (const one of tools) await storeRefusal(tx, ctx.org, server, { ...one, at, by: ctx.actor.email ?? ctx.actor.id, reason });
    record({ type: "register.change", payload: { action: "refuse", kind: "McpServer", name: server, tools, author: ctx.actor.id, reason } });
    await closeDrift(tx, ctx, record, { server, tools: Object.keys(shown), outcome: "withdrawn", reason: `the new definition was refused: ${reason}` }, ports);
    await ports.reconcile(tx, ctx, record);
    return { server, tools: tools.map((one) => one.tool) };
  });
}

interface Answered {
  readonly server: string;
  /** The server's own names. */
  readonly tools: readonly string[];
  readonly outcome: "withdrawn" | "reaffirmed";
  readonly reason: string;
}

/** Where the definition pinned now differs from the approved version, somebody still decides: that case keeps its days. */
function isHeld(open: readonly CaseSystem[], tool: string): boolean {
  return open.some((one) => one.heldBy === "version" && one.differences.includes(`tool:${tool}`));
}

/** Cases that waited for an answer to what a server offers. @returns whether any was closed */
export async function closeDrift(tx: Tx, ctx: CommandContext<Tx>, record: (evidence: MutationEvidence) => void, answered: Answered, ports: DriftPorts): Promise<boolean> {
  const users = (await ports.usersOf(tx, ctx.org, answered.server)).filter((user) => answered.tools.includes(user.offeredAs));
  const open = await undecided(tx, ctx.org);
  let closed = false;
  for (const { system, tool } of users) {
    const rows = open.get(system) ?? [];
    const waiting = rows.filter((one) => one.key === driftKey(`tool:${tool}`)).map((one) => one.reassessment);
    if (waiting.length === 0 || (answered.outcome === "reaffirmed" && isHeld(rows, tool))) continue;
    closed = true;
    await closeReassessments(tx, ctx, record, { system, outcome: answered.outcome, reason: answered.reason.slice(0, 1000), authorization: null, openedBy: new Date(ctx.now()), reassessments: waiting });
  }
  return closed;
}
