import type { Actor } from "../command.ts";
import { cannotDecide } from "./decide.ts";
import { stateAt } from "./read.ts";
import type { ApprovalRecord } from "./read.ts";

/** An approval as the API shows it to one reader. */
export function viewApproval(approval: ApprovalRecord, actor: Actor, nowMs: number, input: Readonly<Record<string, unknown>> | null) {
  const obstacle = cannotDecide(approval, actor, nowMs);
  const signatures = approval.signatures.map((one) => ({ kind: one.kind, person: one.email, role: one.role, choice: one.choice, reason: one.reason, at: one.at }));
  const decisionId = approval.context["decisionId"];
  return {
    id: approval.id,
    state: stateAt(approval, nowMs),
    statement: approval.statement,
    digest: approval.digest,
    createdAt: approval.createdAt.toISOString(),
    expiresAt: approval.expiresAt.toISOString(),
    signature: signatures.at(-1) ?? null,
    signatures,
    spent: approval.spentAt !== null,
    system: approval.system,
    action: approval.action,
    resource: approval.resource,
    tier: approval.tier,
    title: titleOf(approval),
    question: questionOf(approval),
    facts: factsOf(approval, input),
    ...(approval.rules[0] === undefined ? {} : { rule: approval.rules[0] }),
    reason: String(approval.statement["reason"] ?? ""),
    requester: approval.requester,
    approvers: approval.approvers.map((set) => ({ group: set.group, count: set.count, members: set.members.map((member) => member.email) })),
    ...(typeof decisionId === "string" ? { decisionId } : {}),
    input,
    mayDecide: obstacle === undefined,
    ...(obstacle === undefined ? {} : { cannotBecause: obstacle.message }),
    method: approval.tier === "T3" ? ("passkey" as const) : actor.proof === "session" ? ("session" as const) : ("token" as const),
  };
}

function titleOf(approval: ApprovalRecord): string {
  switch (approval.action) {
    case "pilot":
      return `Pilot of ${approval.system ?? ""}`;
    case "role.grant":
      return `Approving role for ${approval.resource ?? ""}`;
    default:
      return `${approval.system ?? ""}: ${approval.resource ?? approval.action}`;
  }
}

function questionOf(approval: ApprovalRecord): string {
  switch (approval.action) {
    case "pilot":
      return `Shall ${approval.system ?? "this system"} run as a pilot?`;
    case "role.grant":
      return `Shall ${approval.resource ?? "this person"} hold an approving role?`;
    case "data.export":
      return `Shall ${approval.system ?? "this system"} send data to ${approval.resource ?? "this destination"}?`;
    case "model.call":
      return `Shall ${approval.system ?? "this system"} call ${approval.resource ?? "this model"}?`;
    default:
      return `Shall ${approval.system ?? "this system"} use ${approval.resource ?? "this"} with exactly these arguments?`;
  }
}

/** Flat label and value lines of the arguments, depth-first, bounded: an approver reads values, not JSON. */
function factsOf(approval: ApprovalRecord, input: Readonly<Record<string, unknown>> | null): { label: string; value: string }[] {
  const facts: { label: string; value: string }[] = [];
  const walk = (label: string, value: unknown, depth: number): void => {
    if (facts.length >= 50) return;
    if (typeof value === "object" && value !== null && depth < 4) {
      for (const [key, inner] of Object.entries(value)) walk(label === "" ? key : `${label}.${key}`, inner, depth + 1);
    } else {
      facts.push({ label, value: String(typeof value === "object" ? JSON.stringify(value) : value).slice(0, 500) });
    }
  };
  if (input !== null) walk("", input, 0);
  if (typeof approval.context["purpose"] === "string") facts.push({ label: "purpose", value: approval.context["purpose"] });
  for (const key of ["versionDigest", "terms", "roles"]) {
    const value = approval.statement[key];
    if (value !== undefined) walk(key, value, 1);
  }
  return facts;
}
