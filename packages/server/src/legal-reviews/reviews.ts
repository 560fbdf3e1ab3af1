import { AppError, newId } from "@mandate/model";
import type { RegisterFacts, Tier } from "@mandate/model";
import { sql } from "kysely";
import { openApproval } from "../approvals/index.ts";
import type { ApprovalHooks } from "../approvals/index.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { loadRegister } from "../registry/index.ts";
import type { Register } from "../registry/index.ts";

export const reviewStates = ["asked", "allowed", "refused", "lapsed", "ended"] as const;

export interface LegalReview {
  readonly id: string;
  readonly system: string;
  /** `destination:NAME`, `model:NAME`, `tool:NAME`. */
  readonly target: string;
  readonly region: string;
  readonly from: readonly string[];
  readonly basis: string;
  readonly classes: readonly string[];
  readonly purposes: readonly string[];
  readonly reason: string;
  readonly requester: string;
  readonly requestedAt: string;
  readonly approval: string;
  readonly state: (typeof reviewStates)[number];
  readonly reviewer: string | null;
  readonly decidedAt: string | null;
  readonly decidedReason: string | null;
  readonly ends: string;
  readonly ended: { readonly at: string; readonly by: string; readonly reason: string } | null;
}

export interface NewReview {
  readonly system: string;
  readonly target: string;
  readonly from: readonly string[];
  readonly basis: string;
  readonly classes: readonly string[];
  readonly purposes: readonly string[];
  readonly reason: string;
  readonly ends: Date;
}

const answerWithinMs = 30 * 86_400_000;
const longestMs = 366 * 86_400_000;

/** Puts a flow to the legal reviewers. Until one of them says yes, its calls stay refused. */
export async function askReview(ctx: ServerContext, input: NewReview): Promise<LegalReview> {
  if (input.ends.getTime() <= ctx.now() || input.ends.getTime() > ctx.now() + longestMs) throw bad("end", 400, "A review allows a flow until a day in the future, within a year.", "Choose another end.");
  return ctx.transact(async (tx, record) => {
    const register = await loadRegister(tx, ctx.org);
    const system = register.get("AISystem", input.system);
    if (system === undefined) throw bad("system_unknown", 404, "No system of this name is registered.", "List the systems.");
    const region = regionOf(register, input.target);
    if (region === undefined) throw bad("target_unknown", 404, `There is no ${input.target} in the register, or nobody stated its region.`, "Register it with its region first.");
    const { rows } = await sql<{ tier: Tier }>`select tier from system_states where org = ${ctx.org} and system = ${input.system}`.execute(tx);
    const tier = rows[0]?.tier ?? "T3";
    if (tier === "X") throw bad("prohibited", 403, "A banned practice reaches nothing, so there is nothing to review.", "Nobody can allow it.");
    const id = newId("legalReview", ctx.now(), ctx.random);
    const terms = { review: id, target: input.target, region, from: [...new Set(input.from)], basis: input.basis, classes: [...new Set(input.classes)], purposes: [...new Set(input.purposes)], ends: input.ends.toISOString() };
    const { id: approval } = await openApproval(tx, ctx, record, {
      action: "legal.review",
      system: input.system,
      resource: input.target,
      tier,
      callHash: null,
      reason: input.reason,
      requester: ctx.actor.email,
      requesterPerson: ctx.actor.id,
      rules: [],
      approvers: [{ group: "legal reviewers", count: 1, seat: { kind: "role", role: "legal-reviewer" } }],
      withinMs: answerWithinMs,
      statement: { resource: input.target, terms },
    });
    await sql`insert into legal_reviews (org, id, system, target, region, from_regions, basis, classes, purposes, reason, requester, requester_email, requested_at, approval_id, ends)
      values (${ctx.org}, ${id}, ${input.system}, ${input.target}, ${region}, ${terms.from}, ${input.basis}, ${terms.classes}, ${terms.purposes}, ${input.reason}, ${ctx.actor.id}, ${ctx.actor.email}, ${new Date(ctx.now())}, ${approval}, ${input.ends})`.execute(tx);
    record({ type: "legal_review", system: input.system, approvals: [approval], payload: { event: "asked", ...terms, reason: input.reason, by: ctx.actor.id } });
    return (await listReviews(tx, ctx.org, ctx.now(), { limit: 1, id }))[0]!;
  });
}

/** Where a target lies, as its calls are decided; undefined where nobody said, or there is none. */
export function regionOf(register: Register, target: string): string | undefined {
  const [kind, name = ""] = target.split(/:(.*)/s);
  if (kind === "destination") return register.get("Destination", name)?.spec.region;
  if (kind === "model") return register.get("Model", name)?.spec.region;
  if (kind === "tool") return register.get("Tool", name)?.spec.region;
  return undefined;
}

/** What a reviewer's answer does, in the same transaction. */
export const legalReviewDecided: ApprovalHooks = {
  approved: (tx, ctx, approval, record) => decided(tx, ctx, approval, record, "allowed"),
  refused: (tx, ctx, approval, record) => decided(tx, ctx, approval, record, "refused"),
};

async function decided(tx: Tx, ctx: ServerContext, approval: Parameters<NonNullable<ApprovalHooks["refused"]>>[2], record: Parameters<NonNullable<ApprovalHooks["refused"]>>[3], decision: "allowed" | "refused"): Promise<void> {
  const by = approval.signatures.find((one) => one.choice === (decision === "allowed" ? "approve" : "refuse"));
  const { rows } = await sql<{ id: string; system: string }>`update legal_reviews set decision = ${decision}, reviewer = ${by?.email ?? null}, decided_at = ${new Date(ctx.now())}, decided_reason = ${by?.reason ?? null}
    where org = ${ctx.org} and approval_id = ${approval.id} and decision is null returning id, system`.execute(tx);
  for (const row of rows) record({ type: "legal_review", system: row.system, approvals: [approval.id], payload: { event: decision, review: row.id, statement: approval.statement, reviewer: by?.email ?? null, reason: by?.reason ?? null } });
}

/** Takes an allowance back before its end. */
export async function endReview(ctx: ServerContext, id: string, reason: string): Promise<LegalReview> {
  return ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ system: string }>`update legal_reviews set ended_at = ${new Date(ctx.now())}, ended_by = ${ctx.actor.email ?? ctx.actor.id}, ended_reason = ${reason} where org = ${ctx.org} and id = ${id} and decision = 'allowed' and ended_at is null returning system`.execute(tx);
    if (rows[0] === undefined) throw bad("not_in_force", 409, "This review allows nothing now.", "List the reviews.");
    record({ type: "legal_review", system: rows[0].system, payload: { event: "ended", review: id, reason, by: ctx.actor.id } });
    return (await listReviews(tx, ctx.org, ctx.now(), { limit: 1, id }))[0]!;
  });
}

interface ReviewRow {
  id: string;
  system: string;
  target: string;
  region: string;
  from_regions: string[];
  basis: string;
  classes: string[];
  purposes: string[];
  reason: string;
  requester: string;
  requester_email: string | null;
  requested_at: Date;
  approval_id: string;
  decision: "allowed" | "refused" | null;
  reviewer: string | null;
  decided_at: Date | null;
  decided_reason: string | null;
  ends: Date;
  ended_at: Date | null;
  ended_by: string | null;
  ended_reason: string | null;
  expires_at: Date;
  approval_state: string;
}

function stateOf(row: ReviewRow, nowMs: number): LegalReview["state"] {
  if (row.decision === "refused" || row.approval_state === "refused") return "refused";
  if (row.decision === "allowed") return row.ended_at !== null || row.ends.getTime() <= nowMs ? "ended" : "allowed";
  return row.expires_at.getTime() <= nowMs || row.approval_state === "lapsed" ? "lapsed" : "asked";
}

/** Newest first. */
export async function listReviews(tx: Tx, org: string, nowMs: number, page: { readonly limit: number; readonly cursor?: string | undefined; readonly id?: string | undefined; readonly system?: string | undefined; readonly state?: string | undefined }): Promise<readonly LegalReview[]> {
  const given = (value: string | undefined) => value ?? null;
  const { rows } = await sql<ReviewRow>`select r.*, a.expires_at, a.state as approval_state from legal_reviews r join approvals a on a.org = r.org and a.id = r.approval_id
    where r.org = ${org} and (${given(page.id)}::text is null or r.id = ${given(page.id)}) and (${given(page.cursor)}::text is null or r.id < ${given(page.cursor)}) and (${given(page.system)}::text is null or r.system = ${given(page.system)})
    order by r.id desc limit ${page.state === undefined ? page.limit : 2000}`.execute(tx);
  const views = rows.map((row): LegalReview => ({
    id: row.id,
    system: row.system,
    target: row.target,
    region: row.region,
    from: row.from_regions,
    basis: row.basis,
    classes: row.classes,
    purposes: row.purposes,
    reason: row.reason,
    requester: row.requester_email ?? row.requester,
    requestedAt: row.requested_at.toISOString(),
    approval: row.approval_id,
    state: stateOf(row, nowMs),
    reviewer: row.reviewer,
    decidedAt: row.decided_at?.toISOString() ?? null,
    decidedReason: row.decided_reason,
    ends: row.ends.toISOString(),
    ended: row.ended_at === null ? null : { at: row.ended_at.toISOString(), by: row.ended_by ?? "", reason: row.ended_reason ?? "" },
  }));
  return page.state === undefined ? views : views.filter((one) => one.state === page.state).slice(0, page.limit);
}

/** Flows that calls were refused for in the last 30 days and no open or allowing review covers. */
export async function refusedFlows(tx: Tx, org: string, nowMs: number): Promise<readonly { readonly system: string; readonly target: string; readonly calls: number; readonly last: string }[]> {
  const { rows } = await sql<{ system: string; target: string; calls: number; last: Date }>`select d.system, d.resource as target, count(*)::int as calls, max(d.at) as last from decision d
    where d.org = ${org} and d.code = 'legal_review' and d.system is not null and d.at >= ${new Date(nowMs - 30 * 86_400_000)} group by 1, 2 order by 4 desc limit 200`.execute(tx);
  const covered = (await listReviews(tx, org, nowMs, { limit: 2000 })).filter((one) => one.state === "asked" || one.state === "allowed");
  return rows.filter((row) => !covered.some((one) => one.system === row.system && one.target === row.target)).map((row) => ({ ...row, last: row.last.toISOString() }));
}

/** Adds to each system the flows cleared for it. Each carries its end, compared at the call. */
export async function withClearedFlows(tx: Tx, nowMs: number, facts: RegisterFacts): Promise<RegisterFacts> {
  const { rows } = await sql<{ id: string; system: string; target: string; region: string; from_regions: string[]; classes: string[]; purposes: string[]; ends: Date }>`select id, system, target, region, from_regions, classes, purposes, ends from legal_reviews
    where org = mandate_org() and decision = 'allowed' and ended_at is null and ends > ${new Date(nowMs)}`.execute(tx);
  if (rows.length === 0) return facts;
  const of = Map.groupBy(rows, (row) => row.system);
  return {
    ...facts,
    systems: facts.systems.map((system) => {
      const flows = of.get(system.name);
      return flows === undefined ? system : { ...system, clearedFlows: flows.map((row) => ({ review: row.id, target: row.target, region: row.region, from: row.from_regions, classes: row.classes, purposes: row.purposes, until: Math.floor(row.ends.getTime() / 1000) })) };
    }),
  };
}

function bad(code: string, status: number, message: string, remedy: string): AppError {
  return new AppError({ code: `legal_reviews.${code}`, status, message, remedies: [{ text: remedy }] });
}
