import { AppError, newId, tiers } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { guardrailIds, isLiftableGuardrail } from "@mandate/policy";
import { sql } from "kysely";
import { openApproval } from "../approvals/index.ts";
import type { ApprovalEffect } from "../approvals/index.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { conflict, mayNot, unknownPlan } from "./errors.ts";

const decideWithinMs = 7 * 86_400_000;

export interface NewPlan {
  readonly name: string;
  readonly systems: readonly string[];
  readonly rules: readonly string[];
  readonly people: readonly string[];
  readonly minutes: number;
  readonly reason: string;
  readonly compensating: string;
  readonly ends: Date;
}

/** Tier of a system by name; undefined where there is none. */
export type TierOf = (tx: Tx, org: string, system: string, nowMs: number) => Promise<Tier | undefined>;

/** Registers a plan and asks an authorizing official, by the strictest tier of the systems it names. */
export async function registerPlan(ctx: ServerContext, input: NewPlan, tierOf: TierOf): Promise<void> {
  const forbidden = input.rules.filter((rule) => guardrailIds.includes(rule) && !isLiftableGuardrail(rule));
  if (forbidden.length > 0) throw bad("not_liftable", `Nothing lifts ${forbidden.join(", ")}: it keeps a guarantee.`, "Leave it out. What can be lifted is the organization's own rules and untrusted-session.");
  if (input.ends.getTime() <= ctx.now() || input.ends.getTime() > ctx.now() + 366 * 86_400_000) throw bad("end", "A plan ends in the future, within a year.", "Choose another end.");
  await ctx.transact(async (tx, record) => {
    const systems = [...new Set(input.systems)];
    let tier: Tier = "T2";
    for (const system of systems) {
      const found = await tierOf(tx, ctx.org, system, ctx.now());
      if (found === undefined) throw bad("system", `There is no system \`${system}\`.`, "Name systems of the register.");
      if (found === "X") throw mayNot("prohibited", `\`${system}\` is a banned practice, which nobody can allow.`, "Leave it out.");
      if (tiers.indexOf(found) > tiers.indexOf(tier)) tier = found;
    }
    const emails = [...new Set(input.people.map((one) => one.toLowerCase()))];
    const { rows } = await sql<{ id: string }>`select id from people where org = ${ctx.org} and email = any(${emails}) and state = 'active'`.execute(tx);
    if (rows.length !== emails.length || rows.length < 2) throw bad("people", "A plan names two or more people who are here.", "Name active people by e-mail.");
    const taken = await sql`select 1 from break_glass_plans where org = ${ctx.org} and name = ${input.name} and ended_at is null`.execute(tx);
    if (taken.rows.length > 0) throw conflict("exists", `There is a plan \`${input.name}\` already.`, "End it first, or choose another name.");
    const id = newId("breakGlass", ctx.now(), ctx.random);
    const terms = { plan: id, name: input.name, systems, rules: [...new Set(input.rules)], people: emails, minutes: input.minutes, compensating: input.compensating, ends: input.ends.toISOString() };
    const { id: approval } = await openApproval(tx, ctx, record, {
      action: "break-glass",
      system: null,
      resource: input.name,
      tier,
      callHash: null,
      reason: input.reason,
      requester: ctx.actor.email,
      requesterPerson: ctx.actor.id,
      rules: [],
      approvers: [{ group: "authorizing officials", count: 1, seat: { kind: "role", role: "authorizing-official" } }],
      withinMs: decideWithinMs,
      statement: { resource: input.name, terms },
    });
    await sql`insert into break_glass_plans (org, id, name, systems, rules, people, minutes, reason, compensating, registered_by, registered_at, approval_id, ends_at)
      values (${ctx.org}, ${id}, ${input.name}, ${systems}, ${terms.rules}, ${rows.map((row) => row.id)}, ${input.minutes}, ${input.reason}, ${input.compensating}, ${ctx.actor.id}, ${new Date(ctx.now())}, ${approval}, ${input.ends})`.execute(tx);
    record({ type: "exception", approvals: [approval], payload: { event: "break_glass.registered", ...terms, reason: input.reason, by: ctx.actor.id } });
  });
}

/** Effect of an approved `break-glass`: the plan can be used; nothing is lifted yet. */
export const breakGlassApproved: ApprovalEffect = async (tx, ctx, approval, record) => {
  await sql`update break_glass_plans set approved_at = ${new Date(ctx.now())} where org = ${ctx.org} and approval_id = ${approval.id} and ended_at is null`.execute(tx);
  record({ type: "exception", approvals: [approval.id], payload: { event: "break_glass.approved", name: approval.resource, by: ctx.actor.id } });
};

/** Ends the plan, and whatever use of it is open, at once. */
export async function endPlan(ctx: ServerContext, name: string, reason: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const now = new Date(ctx.now());
    const { rows } = await sql<{ id: string }>`update break_glass_plans set ended_at = ${now} where org = ${ctx.org} and name = ${name} and ended_at is null returning id`.execute(tx);
    if (rows[0] === undefined) throw unknownPlan(name);
    await sql`update break_glass_uses set ends_at = ${now}, ended_by = ${ctx.actor.id} where org = ${ctx.org} and plan_id = ${rows[0].id} and ends_at > ${now}`.execute(tx);
    record({ type: "exception", payload: { event: "break_glass.plan_ended", plan: rows[0].id, name, reason, by: ctx.actor.id } });
  });
}

function bad(code: string, message: string, remedy: string): AppError {
  return new AppError({ code: `break_glass.${code}`, status: 400, message, remedies: [{ text: remedy }] });
}
