import { determineTier, lowestTier } from "@mandate/frameworks";
import { AppError, newId, tiers } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { openApproval } from "../approvals/index.ts";
import type { ApprovalHooks } from "../approvals/index.ts";
import type { MutationEvidence } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { lockRegister } from "../registry/index.ts";
import { determinationsOf, endOverride, insertOverride, startOverride } from "./store.ts";
import { loadOwnRules } from "./own-rules.ts";

export type Follow = (tx: Tx, ctx: ServerContext, record: (evidence: MutationEvidence) => void) => Promise<unknown>;

export interface OverrideInput {
  readonly tier: Tier;
  readonly reason: string;
  /** RFC 3339; a lowering must have one. */
  readonly until?: string | undefined;
}

const dayMs = 86_400_000;
const loweredMaxDays = 180;
const rank = (tier: Tier): number => tiers.indexOf(tier);

/**
 * Up holds at once. Down asks a second person and ends by itself; never below a rule that cites Article 5 or 6.
 * @returns the question's id for a lowering
 */
export async function overrideTier(ctx: ServerContext, system: string, input: OverrideInput, follow: Follow): Promise<{ readonly approval: string | null }> {
  const until = input.until === undefined ? null : new Date(input.until);
  if (until !== null && until.getTime() <= ctx.now()) throw refused("tiers.end", 400, "An override ends in the future.", "Choose a later end, or leave it out when raising.");
  return ctx.transact(async (tx, record) => {
    await lockRegister(tx, ctx.org, new Date(ctx.now()));
    const [last] = await determinationsOf(tx, ctx.org, system, 1);
    if (last === undefined) throw refused("registry.not_found", 404, "There is no system of this name.", "List systems with GET /api/v1/systems.");
    const determined = determineTier(last.inputs, await loadOwnRules(tx, ctx.org));
    const id = newId("object", ctx.now(), ctx.random);
    const one = { id, system, tier: input.tier, reason: input.reason, covers: determined.reasons.map((reason) => reason.rule), ends: until };
    if (rank(input.tier) >= rank(last.tier)) {
      await endOverride(tx, ctx.org, system, new Date(ctx.now()));
      await insertOverride(tx, ctx, { ...one, direction: "up", approvalId: null, starts: new Date(ctx.now()) });
      record({ type: "tier", system, payload: { event: "raised", override: id, tier: input.tier, was: last.tier, reason: input.reason, until: until?.toISOString() ?? null, by: ctx.actor.id } });
      await follow(tx, ctx, record);
      return { approval: null };
    }
    const floor = lowestTier(determined);
    if (rank(input.tier) < rank(floor)) {
      const rules = determined.reasons.filter((reason) => rank(reason.tier) > rank(input.tier)).map((reason) => `${reason.rule} (${reason.citations.join(", ")})`);
      throw refused("tiers.floor", 422, `Nobody can lower this below ${floor}: ${rules.join("; ")}.`, "Correct the answer if it is wrong; the change is recorded with your name.");
    }
    if (until === null || until.getTime() > ctx.now() + loweredMaxDays * dayMs) throw refused("tiers.end", 400, `A lowered tier ends, within ${loweredMaxDays} days.`, "Add `until`.");
    const { id: approval } = await openApproval(tx, ctx, record, {
      action: "tier.lower",
      system,
      resource: `system:${system}`,
      tier: last.tier,
      callHash: null,
      reason: input.reason,
      requester: ctx.actor.email,
      requesterPerson: ctx.actor.id,
      rules: [],
      approvers: [{ group: last.tier === "T3" ? "authorizing-official" : "governance-lead", count: 1, seat: { kind: "role", role: last.tier === "T3" ? "authorizing-official" : "governance-lead" } }],
      withinMs: 14 * dayMs,
      statement: { override: id, from: last.tier, to: input.tier, covers: one.covers, determination: last.digest, until: until.toISOString() },
    });
    await insertOverride(tx, ctx, { ...one, direction: "down", approvalId: approval, starts: null });
    record({ type: "tier", system, approvals: [approval], payload: { event: "lowering_asked", override: id, tier: input.tier, was: last.tier, reason: input.reason, until: until.toISOString(), by: ctx.actor.id } });
    return { approval };
  });
}

/** What a second person's answer does to a lowering. */
export function loweringDecided(follow: Follow): ApprovalHooks {
  return {
    async before(tx, ctx, approval, choice) {
      if (choice === "refuse") return;
      const [last] = await determinationsOf(tx, ctx.org, approval.system!, 1);
      if (last?.digest !== approval.statement["determination"]) throw refused("tiers.changed", 409, "The tier was determined anew since this was asked.", "Ask again, from what is known now.");
      if (Date.parse(String(approval.statement["until"])) <= ctx.now()) throw refused("tiers.end", 409, "The end that was asked for has passed.", "Ask again.");
    },
    async approved(tx, ctx, approval, record) {
      const system = approval.system!;
      await lockRegister(tx, ctx.org, new Date(ctx.now()));
      await endOverride(tx, ctx.org, system, new Date(ctx.now()));
      await startOverride(tx, ctx.org, String(approval.statement["override"]), ctx.actor.id, new Date(ctx.now()));
      record({ type: "tier", system, approvals: [approval.id], payload: { event: "lowered", override: approval.statement["override"], tier: approval.statement["to"], was: approval.statement["from"], until: approval.statement["until"], by: ctx.actor.id } });
      await follow(tx, ctx, record);
    },
  };
}

function refused(code: string, status: number, message: string, remedy: string): AppError {
  return new AppError({ code, status, message, remedies: [{ text: remedy }] });
}
