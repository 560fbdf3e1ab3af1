import { newId } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import { refuseCooling } from "../cooling.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";
import { reportFinding } from "../findings/index.ts";
import { conflict, mayNot, unknownPlan } from "./errors.ts";
import type { TierOf } from "./plans.ts";
import { confirmWithinMs, readPlans, reviewWithinMs } from "./store.ts";
import type { Plan } from "./store.ts";

/** The first of two named people says that it is needed. Nothing is lifted before the second agrees. */
export async function startUse(ctx: ServerContext, name: string, reason: string, tierOf: TierOf): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const plan = await usablePlan(tx, ctx, name, tierOf);
    if (plan.state !== "ready") throw conflict("state", plan.state === "asked" ? "Nobody has approved this plan yet." : `This plan is ${plan.state} already.`, plan.state === "waiting" ? "The second person confirms it." : "See it under Exceptions.");
    const overdue = plan.uses.find((use) => use.reviewDue !== null && use.review === null && Date.parse(use.reviewDue) <= ctx.now());
    if (overdue !== undefined) throw conflict("review_overdue", "Its last use was not reviewed within three days, so it can't be used again.", "Have that use reviewed first.");
    const id = newId("breakGlass", ctx.now(), ctx.random);
    await sql`insert into break_glass_uses (org, id, plan_id, started_by, started_at, reason) values (${ctx.org}, ${id}, ${plan.id}, ${ctx.actor.id}, ${new Date(ctx.now())}, ${reason})`.execute(tx);
    record({ type: "exception", payload: { event: "break_glass.started", use: id, plan: plan.id, name, reason, by: ctx.actor.id, proof: ctx.actor.proof } });
    await notify(tx, ctx, {
      kind: "break_glass.used",
      thread: `break-glass-${id}`,
      system: null,
      to: plan.people.filter((email) => email !== ctx.actor.email),
      subject: `Break-glass ${name} was started and waits for a second person`,
      lines: [`${ctx.actor.email ?? ctx.actor.id}: ${reason}`, "Within 15 minutes, one other named person confirms it."],
      path: "/exceptions",
    });
  });
}

/** The second person agrees: from here to its end the plan's rules are lifted. Everyone who governs is told. */
export async function confirmUse(ctx: ServerContext, name: string, reason: string, tierOf: TierOf): Promise<void> {
  const opened = await ctx.transact(async (tx, record) => {
    const plan = await usablePlan(tx, ctx, name, tierOf);
    const use = plan.uses.find((one) => one.confirmedBy === null && Date.parse(one.startedAt) + confirmWithinMs > ctx.now());
    if (use === undefined || plan.state !== "waiting") throw conflict("state", "Nobody started this plan within the last 15 minutes.", "Start it, then have another person confirm.");
    if (use.startedBy === ctx.actor.email) throw mayNot("same_person", "You started this, so another person confirms it.", `Ask ${plan.people.filter((one) => one !== ctx.actor.email).join(" or ")}.`);
    const now = new Date(ctx.now());
    const ends = new Date(Math.min(ctx.now() + plan.minutes * 60_000, Date.parse(plan.endsAt)));
    await sql`update break_glass_uses set confirmed_by = ${ctx.actor.id}, confirmed_at = ${now}, ends_at = ${ends} where org = ${ctx.org} and id = ${use.id} and confirmed_at is null`.execute(tx);
    for (const system of plan.systems) {
      record({ type: "exception", system, payload: { event: "break_glass.opened", use: use.id, plan: plan.id, name, rules: plan.rules, startedBy: use.startedBy, confirmedBy: ctx.actor.email, reasons: [use.reason, reason], ends: ends.toISOString(), proof: ctx.actor.proof } });
    }
    const everyone = await governing(tx, ctx.org, plan.systems);
    await notify(tx, ctx, {
      kind: "break_glass.used",
      thread: `break-glass-${use.id}`,
      system: null,
      to: [...everyone, ...plan.people],
      subject: `Break-glass ${name} is open until ${ends.toISOString()}`,
      lines: [`Systems: ${plan.systems.join(", ")}. Rules lifted: ${plan.rules.join(", ")}.`, `By ${use.startedBy} and ${ctx.actor.email ?? ctx.actor.id}: ${reason}`, "It ends by itself, can be ended now, and is reviewed within three days."],
      path: "/exceptions",
    });
    return { use: use.id, systems: plan.systems, ends };
  });
  await reportFinding(ctx, {
    key: `break-glass-${opened.use}`,
    system: opened.systems[0] ?? null,
    kind: "break_glass",
    title: `Break-glass ${name} was used and waits for its review`,
    detail: `It lifts rules for ${opened.systems.join(", ")} until ${opened.ends.toISOString()}. Somebody who was not part of it reviews it by ${new Date(ctx.now() + reviewWithinMs).toISOString()}; until then, once that has passed, the plan can't be used again.`,
    owner: null,
  });
}

/** Stopping is safe, so whoever may stop a system may. */
export async function endUse(ctx: ServerContext, name: string, reason: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const plan = await requirePlan(tx, ctx, name);
    const now = new Date(ctx.now());
    const { rows } = await sql<{ id: string }>`update break_glass_uses set ends_at = ${now}, ended_by = ${ctx.actor.id} where org = ${ctx.org} and plan_id = ${plan.id} and ends_at > ${now} returning id`.execute(tx);
    if (rows[0] === undefined) throw conflict("state", "This plan isn't open.", "Nothing has to be ended.");
    for (const system of plan.systems) record({ type: "exception", system, payload: { event: "break_glass.closed", use: rows[0].id, name, reason, by: ctx.actor.id } });
  });
}

export async function reviewUse(ctx: ServerContext, name: string, useId: string, review: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const plan = await requirePlan(tx, ctx, name);
    const use = plan.uses.find((one) => one.id === useId && one.confirmedBy !== null);
    if (use === undefined) throw conflict("state", "There is no such use to review.", "See the plan's uses.");
    mustActAsThemselves(ctx);
    if (ctx.actor.email === use.startedBy || ctx.actor.email === use.confirmedBy) throw mayNot("own_use", "Who used it doesn't review it.", "Ask somebody who wasn't part of it.");
    if (use.review !== null) throw conflict("reviewed", "This use was reviewed already; that stands.", "See the review.");
    await sql`update break_glass_uses set reviewed_by = ${ctx.actor.id}, reviewed_at = ${new Date(ctx.now())}, review = ${review} where org = ${ctx.org} and id = ${useId}`.execute(tx);
    await sql`update findings set state = 'closed' where org = ${ctx.org} and key = ${`break-glass-${useId}`}`.execute(tx);
    record({ type: "exception", payload: { event: "break_glass.reviewed", use: useId, plan: plan.id, name, review, by: ctx.actor.id } });
  });
}

async function requirePlan(tx: Tx, ctx: ServerContext, name: string): Promise<Plan> {
  const [plan] = await readPlans(tx, ctx.org, ctx.now(), { name, lock: true });
  if (plan === undefined) throw unknownPlan(name);
  return plan;
}

/** INVARIANT: only people the plan names, each as themselves, and at T3 with the passkey in the session. */
async function usablePlan(tx: Tx, ctx: ServerContext, name: string, tierOf: TierOf): Promise<Plan> {
  const plan = await requirePlan(tx, ctx, name);
  mustActAsThemselves(ctx);
  if (ctx.actor.email === null || !plan.people.includes(ctx.actor.email)) throw mayNot("not_named", "The plan doesn't name you.", `It names ${plan.people.join(", ")}.`);
  for (const system of plan.systems) {
    const tier = await tierOf(tx, ctx.org, system, ctx.now());
    if (tier === "X") throw mayNot("prohibited", `\`${system}\` is a banned practice by now, which nobody can allow.`, "End the plan.");
    if (tier === "T3" && ctx.actor.proof !== "passkey") throw mayNot("passkey_required", "For a system of tier T3 you sign in with a passkey first.", "Sign in with your passkey, then do this again.");
  }
  return plan;
}

function mustActAsThemselves(ctx: ServerContext): void {
  if (ctx.actor.kind === "person" && ctx.actor.proof !== "minted") return refuseCooling(ctx.actor);
  throw mayNot("not_a_person", "Only a person who signed in as themselves can do this.", "Sign in yourself.");
}

/** Owners of the systems, everyone who approves, administers or audits. */
async function governing(tx: Tx, org: string, systems: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ email: string }>`
    select p.email from person_roles r join people p on p.org = r.org and p.id = r.person_id where r.org = ${org} and r.granted_at is not null and r.role <> 'developer' and p.state = 'active'
    union select lower(o.spec->'owners'->>which) from register_objects o, unnest(array['business', 'technical']) which where o.org = ${org} and o.kind = 'AISystem' and o.name = any(${[...systems]}) and o.spec->'owners'->>which is not null`.execute(tx);
  return rows.map((row) => row.email);
}
