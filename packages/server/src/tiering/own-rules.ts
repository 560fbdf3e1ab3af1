import { noOwnRules, problemsOfOwnRules, tierRules, tierTerms } from "@mandate/frameworks";
import type { OwnTierRules, TierTerms } from "@mandate/frameworks";
import { AppError, audiences, autonomies, effects, sensitivities, visibilities } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import { openApproval } from "../approvals/index.ts";
import type { ApprovalEffect } from "../approvals/index.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import type { Follow } from "./override.ts";

const words = z.array(z.string().trim().min(1).max(100)).min(1).max(50);
const whenSchema = z.strictObject({
  audience: z.enum(audiences).optional(),
  autonomy: z.enum(autonomies).optional(),
  sensitivity: z.enum(sensitivities).optional(),
  classes: words.optional(),
  effects: z.array(z.enum(effects)).min(1).optional(),
  affected: words.optional(),
  annex3: words.optional(),
  decisionEffect: z.array(z.enum(["none", "informs", "decides"])).min(1).optional(),
  externalEffect: z.literal(true).optional(),
  interactsWithPeople: z.literal(true).optional(),
  syntheticOutput: z.literal(true).optional(),
  vulnerable: z.literal(true).optional(),
  publicBody: z.literal(true).optional(),
  profiling: z.literal(true).optional(),
});
const count = z.int().min(1).max(1_000_000_000).optional();
const groupSeat = z.templateLiteral(["group:", z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/)]);
const parametersSchema = z.strictObject({
  pilotDays: count, pilotExtensionsMax: z.int().min(0).max(2).optional(), authorizationMaxDays: count, reviewDays: count, credentialMaxDays: count, stalenessSeconds: count,
  pilotCalls: count, pilotTokens: count, pilotPeople: count,
  visibilityMin: z.enum(visibilities).optional(),
  gates: z.array(z.string().regex(/^[A-Z]{2,8}-\d{2}$/, "is not a control's id, such as GATE-05")).max(60).optional(),
  seats: z.array(z.union([z.enum(["security-reviewer", "legal-reviewer", "governance-lead", "authorizing-official"]), groupSeat])).max(8).optional(),
});

export const ownRulesSchema = z.strictObject({
  rules: z
    .array(z.strictObject({ id: z.string().regex(/^[A-Z][A-Z0-9-]{1,39}$/, "is not an id such as O-MONEY"), title: z.string().trim().min(1).max(200), when: whenSchema, tier: z.enum(["T1", "T2", "T3", "X"]), cite: z.array(z.string().trim().min(1).max(100)).min(1).max(10) }))
    .max(100)
    .default([]),
  parameters: z.strictObject({ T0: parametersSchema.optional(), T1: parametersSchema.optional(), T2: parametersSchema.optional(), T3: parametersSchema.optional() }).default({}),
});

const key = "tier-rules";

/** In force now; none until an organization decided. */
export async function loadOwnRules(tx: Tx, org: string): Promise<OwnTierRules> {
  const { rows } = await sql<{ value: unknown }>`select value from settings where org = ${org} and key = ${key}`.execute(tx);
  return rows[0] === undefined ? noOwnRules : ownRulesSchema.parse(rows[0].value);
}

/** Terms of each tier as this organization has tightened them. */
export async function organizationTerms(tx: Tx, org: string): Promise<(tier: Tier) => TierTerms> {
  const own = await loadOwnRules(tx, org);
  return (tier) => tierTerms(tier, own);
}

/** Asks a governance lead to sign the rules as they are written. @returns the question's id */
export async function proposeOwnRules(ctx: ServerContext, rules: OwnTierRules, reason: string): Promise<{ readonly approval: string }> {
  const problems = problemsOfOwnRules(rules, tierTerms, tierRules.map((rule) => rule.id));
  if (problems.length > 0) throw new AppError({ code: "tiers.weaker", status: 422, message: problems[0]!, details: { problems }, remedies: [{ text: "Rules can be added and terms made stricter; nothing of the catalog can be weakened." }] });
  return ctx.transact(async (tx, record) => {
    await requireGroups(tx, ctx.org, rules);
    const { id } = await openApproval(tx, ctx, record, {
      action: "tier.rules",
      system: null,
      resource: "settings:tier-rules",
      tier: "T2",
      callHash: null,
      reason,
      requester: ctx.actor.email,
      requesterPerson: ctx.actor.id,
      rules: [],
      approvers: [{ group: "governance-lead", count: 1, seat: { kind: "role", role: "governance-lead" } }],
      withinMs: 14 * 86_400_000,
      statement: { rules },
    });
    record({ type: "setting", approvals: [id], payload: { event: "tier_rules_proposed", rules, reason, by: ctx.actor.id } });
    return { approval: id };
  });
}

/** A seat that nobody can take would refuse every production without saying why. */
async function requireGroups(tx: Tx, org: string, { parameters }: OwnTierRules): Promise<void> {
  const named = [...new Set(Object.values(parameters).flatMap((one) => one?.seats ?? []).filter((seat) => seat.startsWith("group:")).map((seat) => seat.slice("group:".length)))];
  if (named.length === 0) return;
  const { rows } = await sql<{ name: string }>`select name from register_objects where org = ${org} and kind = 'Group' and name = any(${named})`.execute(tx);
  const missing = named.filter((name) => rows.every((row) => row.name !== name));
  if (missing.length > 0) throw new AppError({ code: "tiers.no_group", status: 422, message: `There is no group \`${missing.join("`, `")}\`.`, remedies: [{ text: "Apply a Group with its members first.", command: "npx mandate apply -f groups.yaml" }] });
}

/** Puts approved rules in force; every tier follows in the same transaction. */
export function ownRulesApproved(follow: Follow): ApprovalEffect {
  return async (tx, ctx, approval, record) => {
    // What was signed is checked again: a catalog may have become stricter meanwhile.
    const rules = ownRulesSchema.parse(approval.statement["rules"]);
    await sql`insert into settings (org, key, value, changed_by, changed_at) values (${ctx.org}, ${key}, ${JSON.stringify(rules)}::jsonb, ${ctx.actor.id}, ${new Date(ctx.now())})
      on conflict (org, key) do update set value = excluded.value, changed_by = excluded.changed_by, changed_at = excluded.changed_at`.execute(tx);
    record({ type: "setting", approvals: [approval.id], payload: { event: "tier_rules", rules, by: ctx.actor.id } });
    await follow(tx, ctx, record);
  };
}
