import { AppError } from "@mandate/model";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { closeReassessments, driftKey, undecided } from "../reassessment/index.ts";
import type { DriftPorts } from "../reassessment/index.ts";
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
    const users = (await ports.usersOf(tx, ctx.org, server)).filter((user) => user.offeredAs in shown);
    const open = await undecided(tx, ctx.org);
    for (const { system, tool } of users) {
      const waiting = (open.get(system) ?? []).filter((one) => one.key === driftKey(`tool:${tool}`)).map((one) => one.reassessment);
      if (waiting.length > 0) await closeReassessments(tx, ctx, record, { system, outcome: "withdrawn", reason: `the new definition was refused: ${reason}`.slice(0, 1000), authorization: null, openedBy: at, reassessments: waiting });
    }
    await ports.reconcile(tx, ctx, record);
    return { server, tools: tools.map((one) => one.tool) };
  });
}
