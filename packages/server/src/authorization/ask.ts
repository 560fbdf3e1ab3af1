import type { AuthorizationType, Tier } from "@mandate/model";
import { openApproval } from "../approvals/index.ts";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import type { StoredObject } from "../registry/index.ts";
import { approverSets } from "./approvers.ts";
import { dayMs } from "./grant.ts";
import type { RecordEvidence } from "./grant.ts";
import { insertAuthorization, updateAuthorization } from "./store.ts";
import type { Authorization, Terms } from "./store.ts";

/** Longer than a reassessment may take, so that the question outlives its due date. */
const answerWithinMs = 30 * dayMs;

export interface OpenAuthorization {
  readonly system: StoredObject<"AISystem">;
  readonly digest: string;
  readonly type: AuthorizationType;
  readonly tier: Tier;
  readonly terms: Terms;
  readonly reason: string | null;
}

/** A submitted request, and the question about it to whoever its tier names. */
export async function openAuthorization(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, request: OpenAuthorization): Promise<Authorization> {
  const { system, digest, type, tier, terms, reason } = request;
  const opened = await insertAuthorization(tx, ctx, { system: system.name, type, state: "submitted", versionDigest: digest, tier, terms, starts: null, ends: null, reason });
  record({ type: "authorization", system: system.name, payload: { event: "submitted", authorization: opened.id, number: opened.number, type, versionDigest: digest, tier, terms, requester: ctx.actor.id, reason } });
  return askApprovers(tx, ctx, record, opened, system, reason);
}

/** INVARIANT: the one way to a decision. What is signed names the version, the tier and the terms, word for word. */
export async function askApprovers(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, request: Authorization, system: StoredObject<"AISystem">, reason: string | null): Promise<Authorization> {
  const approvers = await approverSets(tx, ctx.org, request.tier, request.type);
  const title = system.spec.title ?? system.name;
  const approval = await openApproval(tx, ctx, record, {
    action: request.type,
    system: system.name,
    resource: `system:${system.name}`,
    tier: request.tier,
    callHash: null,
    reason: reason ?? (request.type === "pilot" ? `${title} asks to start its pilot.` : `${title} asks to go to production.`),
    requester: request.requesterEmail,
    requesterPerson: request.requester,
    rules: [],
    approvers,
    withinMs: answerWithinMs,
    statement: { authorization: request.id, versionDigest: request.versionDigest, terms: request.terms },
    context: { authorization: request.id, ...(request.tier === "T0" ? { selfAttested: true } : {}) },
  });
  return updateAuthorization(tx, ctx, request, { approvalId: approval.id, needs: approvers.map((set) => set.group), answerBy: new Date(approval.expiresAt) }, { reason: "asked its approvers" });
}

/** Asks for more days of a pilot, of whoever may grant it: at T2 and T3 nobody extends what they run by themselves. */
export async function askForExtension(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, held: Authorization, ends: Date, reason: string): Promise<void> {
  await openApproval(tx, ctx, record, {
    action: "renew",
    system: held.system,
    resource: `system:${held.system}`,
    tier: held.tier,
    callHash: null,
    reason,
    requester: ctx.actor.email,
    requesterPerson: ctx.actor.id,
    rules: [],
    approvers: await approverSets(tx, ctx.org, held.tier, "pilot"),
    withinMs: answerWithinMs,
    statement: { authorization: held.id, versionDigest: held.versionDigest, terms: { ...held.terms, ends: ends.toISOString() }, extension: held.extensions + 1 },
    context: { authorization: held.id },
  });
}
