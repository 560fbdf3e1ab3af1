import { createHash } from "node:crypto";
import { AppError, type Decision, type DecisionRequest, type HoldTerms } from "@mandate/model";
import type { HoldTicket, SpendResult } from "../control-port.ts";
import { type Refusal, refuse, refusalOf } from "../http/refusal.ts";
import { canonicalJson } from "../json/canonical.ts";
import type { Runtime } from "./runtime.ts";

/** Hex SHA-256 that binds an approval to one exact call. */
export function callHashOf(call: Readonly<Record<string, unknown>>): string {
  return createHash("sha256").update(canonicalJson(call)).digest("hex");
}

export interface Held {
  readonly decision: Decision;
  readonly request: DecisionRequest;
  /** Shown to the approver and hashed. */
  readonly input: Readonly<Record<string, unknown>> | null;
  /** `tool:NAME`. */
  readonly resource: string;
}

export interface HoldSubject {
  readonly decisionId: string;
  readonly system: string;
  readonly requester: string;
  readonly credentialId: string;
  readonly callHash: string;
}

/** An approval that was spent, in the form a decision takes it. */
export type Spent = NonNullable<DecisionRequest["approval"]>;

export async function openHold(
  runtime: Runtime,
  subject: HoldSubject,
  held: readonly Held[],
): Promise<{ ticket: HoldTicket; refusal: Refusal } | { ticket: null; refusal: Refusal }> {
  const first = held[0]!;
  try {
    const ticket = await runtime.options.control.openHold({
      decisionId: subject.decisionId,
      system: subject.system,
      action: first.request.action,
      resource: held.length === 1 ? first.resource : held.map((one) => one.resource).join(", "),
      callHash: subject.callHash,
      rules: [...new Set(held.flatMap((one) => heldRules(one.decision)))],
      terms: joinTerms(
        held.map((one) => one.decision.hold ?? { approvers: [{ group: "owners", count: 1 }], withinSeconds: 1800 }),
      ),
      reason: first.decision.reason,
      requester: subject.requester,
      credentialId: subject.credentialId,
      input:
        held.length === 1 ? first.input : { calls: held.map((one) => ({ resource: one.resource, input: one.input })) },
      request: { purpose: first.request.purpose, labels: first.request.labels },
    });
    return { ticket, refusal: waiting(first.decision, ticket) };
  } catch (error) {
    runtime.options.log.error("hold.failed", { error: String(error) });
    const reason =
      error instanceof AppError ? error.message : "The call needs a person's approval, and it could not be asked for.";
    return { ticket: null, refusal: refuse("control_unavailable", reason, "Repeat the call shortly.") };
  }
}

/** What a repeat with `x-mandate-approval` gets: the spent approval, or why it does not pass. */
export async function spend(
  runtime: Runtime,
  id: string,
  callHash: string,
  system: string,
  decision: Decision,
): Promise<{ spent: Spent } | { refusal: Refusal; again: boolean }> {
  let result: SpendResult;
  try {
    result = await runtime.options.control.spendApproval(id, callHash, system);
  } catch (error) {
    runtime.options.log.error("approval.failed", { error: String(error) });
    return {
      refusal: refuse("control_unavailable", "The approval could not be checked.", "Repeat the call shortly."),
      again: false,
    };
  }
  switch (result.state) {
    case "approved":
      return { spent: { id, rules: result.rules, by: result.by } };
    case "pending":
      return result.ticket === null
        ? { refusal: refusalOf(decision), again: true }
        : { refusal: waiting(decision, result.ticket), again: false };
    case "refused":
      return {
        refusal: {
          ...refuse(
            "policy",
            `A person refused this call${result.reason === null ? "." : `: ${result.reason}`}`,
            "Change what is asked, or talk to the person who refused.",
          ),
          rule: decision.rule,
        },
        again: false,
      };
    default:
      return { refusal: refusalOf(decision), again: true };
  }
}

/** The rules a hold asks people to satisfy: the determining one and every other satisfied. */
function heldRules(decision: Decision): readonly string[] {
  return decision.matched.length > 0 ? decision.matched : decision.rule === null ? [] : [decision.rule];
}

function waiting(decision: Decision, ticket: HoldTicket): Refusal {
  return {
    ...refusalOf(decision),
    code: "approval_required",
    approval: ticket,
    remedies: [
      {
        text: `Once a person has approved it, repeat the same call with the header x-mandate-approval: ${ticket.id}.`,
        url: ticket.url,
      },
      ...decision.remedies,
    ],
  };
}

/** All approver sets together, shortest time-out (SPEC 3, Verdicts combine by rule). */
function joinTerms(terms: readonly HoldTerms[]): HoldTerms {
  const counts = new Map<string, number>();
  for (const { approvers } of terms)
    for (const { group, count } of approvers) counts.set(group, Math.max(count, counts.get(group) ?? 0));
  return {
    approvers: [...counts].map(([group, count]) => ({ group, count })),
    withinSeconds: Math.min(...terms.map((one) => one.withinSeconds)),
  };
}

/** The hash that binds an approval to the held calls of exactly this request's answer. */
export function heldCallHash(system: string, requestHash: string, held: readonly Held[]): string {
  return callHashOf({
    system,
    action: "tool.call",
    request: requestHash,
    calls: held.map((one) => ({ resource: one.resource, input: one.input })),
  });
}
