import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { isRefusedDefinition, lockRegister } from "../registry/index.ts";
import { acceptedPrompts, servedSince, servedSubject } from "./effect.ts";
import { openReassessment } from "./open.ts";
import { undecided } from "./store.ts";
import type { Trigger } from "./triggers.ts";
import type { DependentPorts } from "./vendor-events.ts";

/** One case of a tool's drift, whoever saw it and however many systems use it. */
export const driftKey = (subject: string): string => `drift:${subject}`.slice(0, 400);

/** A prompt that is put together anew each time would be a case each time. */
const maxPromptsOpen = 5;

/** What a gateway saw that the approved version doesn't hold. */
export interface ObservedChange {
  readonly trigger: Trigger;
  readonly system: string;
  /** `served:MODEL ID`, `prompt:sha256:DIGEST`, `tool:NAME`, `data`, `destination:NAME`. */
  readonly subject: string;
  readonly title: string;
  readonly old: string;
  readonly new: string;
}

/** Cases of one system that stand open by observation alone; what a caller varies can't fill the page. */
const maxObservedOpen = 50;

/**
 * Opens a case for what was observed, once. A refused attempt is of class A: text that an outsider can send must not be
 * able to stop a system, and the call was refused already.
 */
export async function observeChange(ctx: CommandContext<Tx>, change: ObservedChange, owners: readonly string[], ports: Pick<DependentPorts, "reconcile">): Promise<void> {
  const key = change.trigger === "tool-definition" ? driftKey(change.subject) : `observed:${change.system}:${change.subject}`.slice(0, 400);
  await ctx.transact(async (tx, record) => {
    await lockRegister(tx, ctx.org, new Date(ctx.now()));
    const known = (await undecided(tx, ctx.org)).get(change.system) ?? [];
    const open = known.filter((one) => one.key.startsWith("observed:"));
    if (open.length >= maxObservedOpen || known.some((one) => one.key === key)) return;
    // It was read and refused: nobody has to decide about it, the tool is held until its server offers something else.
    if (change.trigger === "tool-definition" && (await isRefusedDefinition(tx, ctx.org, change.new))) return;
    if (change.trigger === "prompt" && open.filter((one) => one.key.startsWith(`observed:${change.system}:prompt:`)).length >= maxPromptsOpen) return;
    if ((await acceptedPrompts(tx, ctx.org)).get(change.system)?.some((digest) => change.subject === `prompt:sha256:${digest}`)) return;
    // Found fine once for the version in force: seeing it again says nothing new.
    if ((await servedSince(tx, ctx.org)).get(change.system)?.some((one) => one.accepted && servedSubject(one.model, one.served) === change.subject)) return;
    await openReassessment(tx, ctx, record, {
      key, trigger: change.trigger, subject: change.subject, title: change.title, observedBy: "gateway", old: change.old, new: change.new, heldBy: "case",
      systems: [{ system: change.system, owners, differences: [change.subject] }],
    });
    await ports.reconcile(tx, ctx, record);
  });
}
