import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackFile, PackScope, SectionAnswers } from "../evidence/index.ts";
import { answerHabits, answersToJudge, isOutlier, shortestMedianSeconds } from "./habits.ts";
import { statementDigest } from "./open.ts";
import { approvalsAskedBefore, stateAt } from "./read.ts";
import type { ApprovalRecord } from "./read.ts";
import { outcomeSignature, outcomeStatement, shownSignature } from "./signature.ts";

export async function approvalAnswers(tx: Tx, org: string, scope: PackScope, nowMs: number): Promise<SectionAnswers> {
  const all = (await approvalsAskedBefore(tx, org, scope)).filter((one) => scope.since === null || one.createdAt.getTime() >= Date.parse(scope.since));
  const states = [...Map.groupBy(all, (one) => stateAt(one, nowMs))].map(([state, of]) => ({ state, count: of.length }));
  const query = `questions asked ${scopeWords(scope)}`;
  const habits = answerHabits(all.map((one) => ({ createdAt: one.createdAt, signatures: one.signatures.map((signed) => ({ person: signed.email, choice: signed.choice, at: signed.at })) })));
  const weaker = all.flatMap((one) => one.signatures.filter((signed) => signed.kind !== "webauthn").map((signed) => ({ approval: one.id, person: signed.email, kind: signed.kind, tier: one.tier })));
  return {
    E09: {
      "latency and approval-rate outliers": { ...packAnswer({ source: "approvals, approval_signatures", query: `answers to ${query}: for each person yes-rate and seconds from question to answer, highest yes-rate first; \`outlier\`: ${answersToJudge} answers or more, none of them a refusal, half of them in less than ${shortestMedianSeconds} s`, gaps: weaker.length === 0 ? [] : [`${weaker.length === 1 ? "1 answer isn't" : `${weaker.length} answers aren't`} signed with a passkey; the log alone binds ${weaker.length === 1 ? "it" : "them"}.`], rows: habits.map((one) => ({ ...one, outlier: isOutlier(one) })) }), states },
    },
  };
}

/**
 * `approvals/ID.json`: each answered question with statement, digest and signatures, the role held at that moment among
 * them. Not bounded by the period's start, because a signature is judged whole, however long its question waited.
 */
export async function approvalFiles(tx: Tx, org: string, scope: PackScope): Promise<readonly PackFile[]> {
  const until = scope.until === null ? Number.POSITIVE_INFINITY : Date.parse(scope.until);
  const answered = (await approvalsAskedBefore(tx, org, scope)).filter((one) => one.signatures.some((signed) => Date.parse(signed.at) < until));
  return answered.map((one) => ({ path: `approvals/${one.id}.json`, bytes: Buffer.from(`${JSON.stringify(packedApproval(one, until), null, 2)}\n`), mediaType: "application/json" }));
}

export function packedApproval(one: ApprovalRecord, untilMs: number) {
  const given = one.signatures.filter((signed) => Date.parse(signed.at) < untilMs);
  const signatures = given.map(shownSignature);
  const decided = one.decidedAt !== null && one.decidedAt.getTime() < untilMs;
  const statement = outcomeStatement({ statement: one.statement, signatures: given }, decided && one.stored === "refused");
  return {
    schema: one.signatures.some((signed) => signed.digest === null) ? "mandate.approval/1" : "mandate.approval/2",
    id: one.id,
    state: decided ? one.stored : "pending",
    digestOf: "SHA-256 of the RFC 8785 form of `statement`; a signature covers the statement with its own `choice` and `conditions`, and the log's entry commits to it",
    statement,
    digest: statementDigest(statement),
    expiresAt: one.expiresAt.toISOString(),
    signature: outcomeSignature(signatures, decided && one.stored === "refused"),
    signatures,
    system: one.system,
    action: one.action,
    resource: one.resource,
    tier: one.tier,
    requester: one.requester,
    rules: one.rules,
    approvers: one.approvers,
    minutes: one.minutes,
    createdAt: one.createdAt.toISOString(),
    decidedAt: decided ? one.decidedAt.toISOString() : null,
    spentAt: one.spentAt?.toISOString() ?? null,
    gaps: signatures.some((signed) => signed.kind !== "webauthn") ? ["Answers of a kind other than `webauthn` are bound by the log's entry, not by a signature of the person's own key."] : [],
  };
}
