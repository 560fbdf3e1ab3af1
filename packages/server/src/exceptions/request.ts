import { controls, gateItems } from "@mandate/frameworks";
import { newId } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { guardrailIds } from "@mandate/policy";
import { sql } from "kysely";
import { openApproval } from "../approvals/index.ts";
import type { ApprovalHooks, ApproverSet } from "../approvals/index.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { loadRegister } from "../registry/index.ts";
import type { Register } from "../registry/index.ts";
import { determinationsOf, loadOwnRules, organizationTerms } from "../tiering/index.ts";
import { exceptionUnknown, refusedException } from "./errors.ts";
import { readExceptions, stateOf } from "./store.ts";
import type { Exception, ExceptionScope } from "./store.ts";

export interface NewException {
  readonly system: string;
  readonly scope: ExceptionScope;
  readonly target: string;
  readonly reason: string;
  readonly compensating: string;
  readonly ends: Date;
}

export interface ExceptionPorts {
  readonly tierOf: (tx: Tx, org: string, system: string, nowMs: number) => Promise<Tier | undefined>;
  readonly approvers: (tx: Tx, org: string, tier: Tier) => Promise<readonly Omit<ApproverSet, "members">[]>;
}

const dayMs = 86_400_000;
const answerWithinMs = 7 * dayMs;

/** Asks the tier's approvers to let one thing pass, for one system, until an end within the tier's days. @returns its id */
export async function requestException(ctx: ServerContext, input: NewException, ports: ExceptionPorts): Promise<string> {
  return ctx.transact(async (tx, record) => {
    const tier = await ports.tierOf(tx, ctx.org, input.system, ctx.now());
    if (tier === undefined) throw refusedException("system", 404, `There is no system \`${input.system}\`.`, "Name a system of the register.");
    if (tier === "X") throw refusedException("prohibited", 403, "This practice is prohibited (Article 5), so nobody can let anything pass for it.", "Correct the intake if it is wrong.");
    const { exceptionMaxDays } = (await organizationTerms(tx, ctx.org))(tier);
    if (input.ends.getTime() <= ctx.now() || input.ends.getTime() > ctx.now() + exceptionMaxDays * dayMs) {
      throw refusedException("end", 400, `At ${tier} an exception ends within ${exceptionMaxDays} days.`, `Choose an end before ${new Date(ctx.now() + exceptionMaxDays * dayMs).toISOString()}.`);
    }
    await checkScope(tx, ctx.org, input, tier);
    const waiting = (await readExceptions(tx, ctx.org, { system: input.system })).find((one) => one.scope === input.scope && one.target === input.target && stateOf(one, ctx.now()) === "asked");
    if (waiting !== undefined) throw refusedException("asked", 409, `This was asked already (${waiting.id}).`, "Wait for its answer, or end it first.");
    const id = newId("exception", ctx.now(), ctx.random);
    const terms = { exception: id, system: input.system, scope: input.scope, target: input.target, compensating: input.compensating, ends: input.ends.toISOString() };
    const { id: approval } = await openApproval(tx, ctx, record, {
      action: "exception",
      system: input.system,
      resource: `${input.scope}:${input.target}`,
      tier,
      callHash: null,
      reason: input.reason,
      requester: ctx.actor.email,
      requesterPerson: ctx.actor.id,
      rules: [],
      approvers: await ports.approvers(tx, ctx.org, tier),
      withinMs: Math.min(answerWithinMs, input.ends.getTime() - ctx.now()),
      statement: { resource: `${input.scope}:${input.target}`, terms },
    });
    await sql`insert into exceptions (org, id, system, scope, target, reason, compensating, tier, requester, requester_email, requested_at, approval_id, ends_at)
      values (${ctx.org}, ${id}, ${input.system}, ${input.scope}, ${input.target}, ${input.reason}, ${input.compensating}, ${tier}, ${ctx.actor.id}, ${ctx.actor.email}, ${new Date(ctx.now())}, ${approval}, ${input.ends})`.execute(tx);
    record({ type: "exception", system: input.system, approvals: [approval], payload: { event: "asked", ...terms, reason: input.reason, tier, by: ctx.actor.id } });
    return id;
  });
}

/** Nobody lets these pass: without them there is no system to speak of, or the law forbids it. */
const neverWaived: ReadonlySet<string> = new Set(["INV-01", "OWN-01", "TIER-01", "LOG-04", "RT-09", "ART-27", "ART-43", "ART-49"]);

async function checkScope(tx: Tx, org: string, { system, scope, target }: NewException, tier: Tier): Promise<void> {
  // A control that is a gate too can't be let pass under its other name.
  if ((scope === "gate" || scope === "control") && neverWaived.has(target)) throw refusedException("not_waivable", 403, `${target} can't be waived: it is ownership, evidence, authorization or law.`, "Meet it.");
  if (scope === "control" && controls().every((one) => one.id !== target)) throw refusedException("target", 400, `There is no control ${target}.`, "List them: mandate get controls");
  if (scope === "finding") {
    const { rows } = await sql<{ system: string | null; state: string }>`select system, state from findings where org = ${org} and id = ${target}`.execute(tx);
    if (rows[0]?.system !== system) throw refusedException("target", 400, `${target} is no finding of this system.`, "List its findings: mandate finding list");
    if (rows[0].state === "closed") throw refusedException("target", 409, `${target} is closed.`, "Nothing has to be let pass.");
  }
  if (scope === "gate") {
    const [last] = await determinationsOf(tx, org, system, 1);
    const items = gateItems(tier, "production", last?.flags ?? [], await loadOwnRules(tx, org));
    if (items.every((item) => item.id !== target)) throw refusedException("target", 400, `${target} is no gate of this system.`, `Its gates: ${items.map((item) => item.id).join(", ")}.`);
  }
  if (scope === "rule") {
    if (guardrailIds.includes(target) || target.startsWith("grant:")) throw refusedException("not_waivable", 403, `${target} is a guardrail: it keeps a guarantee, so nobody lifts it.`, "Change the call, or the authorization, so that the guardrail is met.");
    const rules = rulesFor(await loadRegister(tx, org), system);
    const found = rules.find((rule) => rule.id === target);
    if (found === undefined) throw refusedException("target", 400, `No policy of this system has a rule \`${target}\`.`, rules.length === 0 ? "It has no policy of its own." : `Its rules: ${rules.map((rule) => rule.id).slice(0, 20).join(", ")}.`);
    if (found.law) throw refusedException("not_waivable", 403, `${target} cites Article 5, so nobody lifts it.`, "Change the call so that the rule is met.");
  }
}

interface NamedRule {
  readonly id: string;
  /** Cites Article 5. */
  readonly law: boolean;
}

/** Rules of the policies that bind a system: its own, and those that no system names. */
function rulesFor(register: Register, system: string): NamedRule[] {
  const systems = register.all("AISystem");
  const own = systems.find((one) => one.name === system)?.spec.policies ?? [];
  const attached = new Set(systems.flatMap((one) => one.spec.policies));
  return register.all("Policy").filter(({ name }) => own.includes(`policy:${name}`) || !attached.has(`policy:${name}`)).flatMap(({ spec }) => [
    ...(spec.rules ?? []).map((rule) => ({ id: rule.id, law: false })),
    ...(spec.cedar ?? "").split(/;\s*(?=@|permit|forbid|$)/).flatMap((text) => { const id = /@id\("([^"]{1,200})"\)/.exec(text)?.[1]; return id === undefined ? [] : [{ id, law: /@control\("EU-AI-ACT:5(?![0-9])/.test(text) }]; }),
  ]);
}

/** What its approvers' answer does. A yes after its end, or at another tier, grants nothing. */
export function exceptionDecided(ports: Pick<ExceptionPorts, "tierOf">): ApprovalHooks {
  const of = async (tx: Tx, ctx: ServerContext, approval: { readonly id: string }): Promise<Exception> => {
    const [one] = await readExceptions(tx, ctx.org, { approval: approval.id, lock: true });
    if (one === undefined) throw exceptionUnknown();
    return one;
  };
  return {
    async before(tx, ctx, approval, choice) {
      const one = await of(tx, ctx, approval);
      if (choice === "refuse") return;
      if (stateOf(one, ctx.now()) !== "asked") throw refusedException("state", 409, "This exception has ended.", "Ask for another.");
      const terms = approval.statement["terms"] as Readonly<Record<string, unknown>> | undefined;
      if (terms?.["exception"] !== one.id || terms["target"] !== one.target || terms["scope"] !== one.scope || terms["system"] !== one.system || Date.parse(String(terms["ends"])) < one.endsAt.getTime()) throw refusedException("altered", 409, "The exception isn't the one that was shown.", "Ask again.");
      const tier = await ports.tierOf(tx, ctx.org, one.system, ctx.now());
      if (tier !== one.tier) throw refusedException("tier", 409, `The system is ${tier ?? "gone"} by now, and this was asked for ${one.tier}.`, "Ask again.");
    },
    async approved(tx, ctx, approval, record) {
      const one = await of(tx, ctx, approval);
      const by = approval.signatures.filter((signed) => signed.choice === "approve").map((signed) => signed.email);
      await sql`update exceptions set granted_at = ${new Date(ctx.now())}, granted_by = ${by} where org = ${ctx.org} and id = ${one.id}`.execute(tx);
      record({ type: "exception", system: one.system, approvals: [approval.id], payload: { event: "granted", exception: one.id, scope: one.scope, target: one.target, compensating: one.compensating, ends: one.endsAt.toISOString(), by } });
    },
    async refused(tx, ctx, approval, record) {
      const one = await of(tx, ctx, approval);
      await sql`update exceptions set ended_at = ${new Date(ctx.now())}, ended_by = ${ctx.actor.email ?? ctx.actor.id}, ended_reason = ${approval.reason ?? "refused"} where org = ${ctx.org} and id = ${one.id} and ended_at is null`.execute(tx);
      record({ type: "exception", system: one.system, approvals: [approval.id], payload: { event: "refused", exception: one.id, reason: approval.reason, by: ctx.actor.id } });
    },
  };
}

/** Ends it now. Binding a system again is safe, so its requester and whoever may stop a system may. */
export async function endException(ctx: ServerContext, id: string, reason: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const [one] = await readExceptions(tx, ctx.org, { id, lock: true });
    if (one === undefined) throw exceptionUnknown();
    if (stateOf(one, ctx.now()) === "ended" || stateOf(one, ctx.now()) === "refused") throw refusedException("state", 409, "This exception has ended already.", "Nothing has to be done.");
    await sql`update exceptions set ended_at = ${new Date(ctx.now())}, ended_by = ${ctx.actor.email ?? ctx.actor.id}, ended_reason = ${reason} where org = ${ctx.org} and id = ${id}`.execute(tx);
    await sql`update approvals set state = 'lapsed', lapse_told_at = ${new Date(ctx.now())} where org = ${ctx.org} and id = ${one.approvalId} and state = 'pending'`.execute(tx);
    record({ type: "exception", system: one.system, approvals: [one.approvalId], payload: { event: "ended", exception: id, reason, by: ctx.actor.id } });
  });
}
