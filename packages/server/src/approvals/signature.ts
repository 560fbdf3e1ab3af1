import { createHash } from "node:crypto";
import { canonicalBytes } from "@mandate/ledger";
import { statementFor } from "./open.ts";
import type { Statement } from "./open.ts";
import { conditionsSoFar } from "./read.ts";
import type { ApprovalRecord, ApprovalSignature } from "./read.ts";

/** A signature as INTERFACE names its members; the same object stands in the API, in the pack and behind the commitment. */
export function shownSignature(one: ApprovalSignature) {
  return {
    kind: one.kind,
    person: one.email,
    personId: one.personId,
    role: one.role,
    set: one.set,
    choice: one.choice,
    reason: one.reason,
    at: one.at,
    ...(one.digest === null ? {} : { digest: one.digest }),
    ...(one.onBehalfOf === null ? {} : { onBehalfOf: one.onBehalfOf }),
    ...(one.delegation === null ? {} : { delegation: one.delegation }),
    ...(one.terms.conditions === undefined ? {} : { conditions: [...one.terms.conditions] }),
    ...one.assertion,
  };
}

/**
 * Hex SHA-256 of the shown signature's RFC 8785 form, for the header of its log entry: swapping a signature in a pack
 * contradicts the log. The digest inside covers the statement's 128-bit nonce, so nothing can be guessed from it.
 */
export function signatureCommitment(one: ApprovalSignature): string {
  return createHash("sha256").update(canonicalBytes(shownSignature(one))).digest("hex");
}

/** The newest signature that agrees with the outcome: a committee's dissent is listed, not shown as its verdict. */
export function outcomeSignature(signatures: readonly ReturnType<typeof shownSignature>[], refused: boolean): ReturnType<typeof shownSignature> | null {
  return signatures.findLast((one) => one.choice === (refused ? "refuse" : "approve")) ?? signatures.at(-1) ?? null;
}

/** Statement of the outcome: of the last answer, with its choice and the conditions it stands under. */
export function outcomeStatement(approval: Pick<ApprovalRecord, "statement" | "signatures">, refused: boolean): Statement {
  return statementFor(approval.statement, refused ? "refuse" : "approve", conditionsSoFar(approval.signatures));
}
