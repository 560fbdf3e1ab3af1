import type { DecisionRecord } from "../evidence/index.ts";
import type { Remedy } from "@mandate/model";

/** `tool:refunds.issue` as `{type, id}`. */
export function splitResource(text: string): { type: string; id: string } {
  const colon = text.indexOf(":");
  return colon < 1 ? { type: "", id: text } : { type: text.slice(0, colon), id: text.slice(colon + 1) };
}

/** Who decided, when a person did. */
export interface PersonDecision {
  readonly id: string;
  readonly state: string;
  readonly name: string | null;
  readonly reason: string | null;
}

export function decisionItem(record: DecisionRecord, person: PersonDecision | undefined) {
  return {
    id: record.id,
    at: record.at,
    outcome: record.outcome,
    code: record.code,
    reason: record.reason,
    rule: record.rule,
    system: record.system,
    action: record.action,
    resource: splitResource(record.resource),
    surface: record.surface,
    credential: record.credential,
    durationMs: record.durationMs,
    tokens: record.tokens,
    policyVersion: record.policyVersion,
    registerVersion: record.registerVersion,
    terminal: record.terminal,
    intent: record.intent,
    result: record.result,
    tools: record.tools,
    session: record.session,
    ...(person?.name == null ? {} : { byPerson: { name: person.name, reason: person.reason ?? "" } }),
  };
}

/**
 * What to do about a refusal, by its code. The caller got the rule's own words; these are for whoever reads the entry
 * later, so they hold for every rule with this code.
 */
export function remediesFor(record: DecisionRecord): readonly Remedy[] {
  const system = record.system ?? "NAME";
  switch (record.code) {
    case null:
      return [];
    case "approval_required":
      return [{ text: "Have one of its approvers answer, then repeat the same call with the ticket.", url: record.approval === null ? "/approvals" : `/approve/${record.approval}` }];
    case "not_granted":
    case "unknown_tool":
      return [{ text: `Add ${record.resource} to the system's \`uses\` and apply; what its tier asks for follows.`, command: `npx mandate get system/${system} -o yaml` }];
    case "not_authorized":
    case "authorization_expired":
    case "reassessment_required":
      return [{ text: "See what is missing on the system's page and have it decided.", url: `/systems/${system}` }];
    case "system_suspended":
      return [{ text: "An owner resumes it once the cause is settled.", command: `npx mandate system resume ${system}` }];
    case "credential_expired":
    case "credential_revoked":
    case "credential_suspended":
    case "credential_unknown":
      return [{ text: "Issue a new key for the system.", command: `npx mandate credential create --system ${system}` }];
    case "tool_changed":
      return [{ text: "Compare the tool's definition with the pinned one; pin it again when the change is fine.", url: "/mcp-servers" }];
    case "data_boundary":
    case "legal_review":
      return [{ text: "Send less, send it elsewhere, or change the boundary and have that approved.", url: `/systems/${system}` }];
    case "budget":
    case "rate":
      return [{ text: "Wait for the limit to refill, or raise it in the manifest.", url: `/systems/${system}` }];
    case "evidence_unavailable":
    case "control_unavailable":
      return [{ text: "Check the installation.", command: "npx mandate doctor" }];
    default:
      return [{ text: "Read the rule, then change the call or propose a change of the rule.", url: "/policies" }];
  }
}
