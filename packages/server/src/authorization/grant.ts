import type { TierTerms } from "@mandate/frameworks";
import type { AISystemSpec, AuthorizationType, Tier } from "@mandate/model";
import type { CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { closeReassessments } from "../reassessment/index.ts";
import type { Gate } from "../gates/index.ts";
import { organizationTerms } from "../tiering/index.ts";
import { authorizationsOf, inForce, systemState, updateAuthorization, writeSystemState } from "./store.ts";
import type { Approver, Authorization, Caps, Terms } from "./store.ts";

export type RecordEvidence = (evidence: MutationEvidence) => void;
export const dayMs = 86_400_000;

export type SeatName = "technical-owner" | "business-owner" | "security-reviewer" | "legal-reviewer" | "authorizing-official";

/** Seats that must all be filled, each by another person (SPEC 2, People; `before_production` of the tiers). X: nobody. */
export function requiredSeats(tier: Tier, type: AuthorizationType): readonly SeatName[] {
  const seats: Readonly<Record<AuthorizationType, Readonly<Record<Tier, readonly SeatName[]>>>> = {
    pilot: { T0: ["technical-owner"], T1: ["business-owner"], T2: ["business-owner"], T3: ["authorizing-official"], X: [] },
    production: { T0: ["technical-owner"], T1: ["business-owner"], T2: ["business-owner", "security-reviewer"], T3: ["authorizing-official", "legal-reviewer"], X: [] },
  };
  return seats[type][tier];
}

/** Terms of a pilot as the manifest writes them, the tier's where it is silent. */
export function pilotTerms(spec: AISystemSpec, { pilotCaps }: TierTerms): Terms {
  const written = spec.pilot?.caps;
  const caps: Caps = { calls: written?.calls ?? pilotCaps.calls, tokens: written?.tokens ?? pilotCaps.tokens, euros: written?.euros ?? pilotCaps.euros, people: written?.people ?? pilotCaps.people };
  return { ends: spec.pilot?.ends === undefined ? null : new Date(spec.pilot.ends).toISOString(), caps };
}

/** Start and end of an authorization granted at `nowMs`: as written, never past the tier's days. */
export function period(terms: Terms, type: AuthorizationType, { pilotDays, authorizationMaxDays }: TierTerms, nowMs: number, tierUntil: Date | null): { starts: Date; ends: Date } {
  // INVARIANT: what was granted under a lowered tier ends with the lowering, at the call and by the clock (G5).
  const latest = Math.min(nowMs + (type === "pilot" ? pilotDays : authorizationMaxDays) * dayMs, tierUntil?.getTime() ?? Number.POSITIVE_INFINITY);
  const ends = Math.min(terms.ends === null ? latest : Date.parse(terms.ends), latest);
  // An end that lies in the past is taken as written: the pilot is there, and over.
  return { starts: new Date(Math.min(nowMs, ends - 1000)), ends: new Date(ends) };
}

/** Puts `request` in force in place of whatever was, and closes the differences it approves. */
export async function putInForce(
  tx: Tx,
  ctx: CommandContext<Tx>,
  record: RecordEvidence,
  request: Authorization,
  by: { readonly approvers: readonly Approver[]; readonly conditions: readonly unknown[]; readonly gates: readonly Gate[]; readonly reason: string; readonly role: string },
): Promise<Authorization> {
  const replaced = inForce(await authorizationsOf(tx, ctx.org, request.system));
  if (replaced) await updateAuthorization(tx, ctx, replaced, { state: "superseded" }, { reason: `replaced by authorization ${request.number}` });
  const state = await systemState(tx, ctx.org, request.system);
  const terms = await organizationTerms(tx, ctx.org);
  const { starts, ends } = period(request.terms, request.type, terms(request.tier), ctx.now(), state?.tierUntil ?? null);
  const granted = await updateAuthorization(
    tx,
    ctx,
    request,
    { state: by.conditions.length > 0 ? "granted_with_conditions" : "granted", conditions: by.conditions, approvers: by.approvers, starts, ends },
    { reason: by.reason, role: by.role },
  );
  if (state) await writeSystemState(tx, ctx.org, { ...state, differences: [], reassessmentDue: null });
  // Only what was open when it was asked for: nobody agreed to what they could not know.
  await closeReassessments(tx, ctx, record, { system: request.system, outcome: isTighter(request, replaced) ? "tightened" : "reaffirmed", reason: by.reason, authorization: request.id, openedBy: request.createdAt });
  record({
    type: "authorization",
    system: request.system,
    ...(request.approvalId === null ? {} : { approvals: [request.approvalId] }),
    payload: { event: "granted", authorization: request.id, number: request.number, type: request.type, versionDigest: request.versionDigest, tier: request.tier, terms: request.terms, ends: ends.toISOString(), approvers: by.approvers, conditions: by.conditions, gates: by.gates.map(({ id, state, detail, waiver }) => ({ id, state, detail, ...(waiver === null ? {} : { waiver: waiver.exception, until: waiver.until }) })), reason: by.reason, supersedes: replaced?.id ?? null },
  });
  return granted;
}

/** The same version or a newer one, for less long or with conditions that weren't there. */
function isTighter(request: Authorization, replaced: Authorization | undefined): boolean {
  const asked = request.terms.ends;
  return asked !== null && replaced?.ends != null && Date.parse(asked) < replaced.ends.getTime();
}
