import type { DecisionRequest, RefusalCode, SystemFacts } from "@mandate/model";
import type { PolicyDecision, TracedRule } from "@mandate/policy";

/** In the order in which a call meets them. */
export const checkNames = ["identity", "status", "credential", "request", "labels", "detectors", "authorization", "destination", "rules", "obligations", "limits", "evidence"] as const;
export type CheckName = (typeof checkNames)[number];
export const checkStates = ["passed", "refused", "held", "not_run", "not_known"] as const;
export type CheckState = (typeof checkStates)[number];

export interface Check {
  readonly check: CheckName;
  readonly state: CheckState;
  /** What it looked at. INVARIANT: names and states of the register, labels and classes; never content. */
  readonly saw: string;
}

/** What the record says of the call. */
export interface CheckedCall {
  readonly outcome: string;
  readonly code: string | null;
  readonly action: string;
  readonly surface: string;
  readonly resource: string;
  readonly system: string | null;
  readonly credential: string | null;
}

/** What the rules were asked; null where they were not, or nobody knows any more. */
export interface CheckedQuestion {
  readonly request: DecisionRequest;
  readonly system: SystemFacts;
  readonly decision: PolicyDecision;
  readonly rules: readonly TracedRule[];
}

const ofCode: Readonly<Partial<Record<RefusalCode, CheckName>>> = {
  credential_unknown: "identity", not_registered: "identity",
  system_retired: "status", system_suspended: "status",
  credential_expired: "credential", credential_revoked: "credential", credential_suspended: "credential",
  unreadable_body: "request", payload_too_large: "request", unsupported_field: "request",
  prohibited: "authorization", not_authorized: "authorization", authorization_expired: "authorization", reassessment_required: "authorization",
  unknown_tool: "destination", not_granted: "destination", tool_changed: "destination", data_boundary: "destination", legal_review: "destination",
  policy: "rules", approval_required: "rules",
  budget: "limits", rate: "limits",
  evidence_unavailable: "evidence",
};

/** The rules are asked together, so each of these was, once one of them was. */
const byRules: ReadonlySet<CheckName> = new Set(["authorization", "destination", "rules"]);

const checkOfRule = ({ code }: TracedRule): CheckName => {
  const check = code === "status" ? "authorization" : ofCode[code];
  return check === undefined || !byRules.has(check) ? (check === "status" ? "authorization" : "rules") : check;
};

/**
 * Every check of a call in its order: passed, refused, held, or not run because an earlier one had ended it. Where the
 * question can't be opened any more, what the record doesn't say is not known, and never counted as passed.
 */
export function checksOf(call: CheckedCall, question: CheckedQuestion | null, isAsked: boolean): readonly Check[] {
  const refusedAt = call.code === null ? null : (ofCode[call.code as RefusalCode] ?? null);
  const end = refusedAt === null ? checkNames.length : checkNames.indexOf(refusedAt);
  const stopsAt = question !== null && refusedAt !== null && (byRules.has(refusedAt) || refusedAt === "status") ? checkNames.indexOf("rules") : end;
  return checkNames.map((check, at): Check => {
    const saw = sawOf(check, call, question);
    if (isAsked && byRules.has(check)) {
      if (question === null) return { check, state: check === refusedAt ? stopped(call) : "not_known", saw };
      const verdicts = question.rules.filter((rule) => checkOfRule(rule) === check).map((rule) => rule.verdict);
      if (verdicts.some((verdict) => verdict === "refuses" || verdict === "fault")) return { check, state: "refused", saw };
      if (verdicts.includes("holds")) return { check, state: "held", saw };
      return { check, state: check === refusedAt ? stopped(call) : "passed", saw };
    }
    if (check === refusedAt && !(isAsked && check === "status")) return { check, state: stopped(call), saw };
    if (refusedAt === null && call.code !== null) return { check, state: "not_known", saw };
    // Limits are of calls that go somewhere from here; an answer to somebody else's enforcement point is not one.
    if (check === "limits" && call.surface === "authzen") return { check, state: "not_run", saw };
    return { check, state: at > stopsAt ? "not_run" : "passed", saw };
  });
}

const stopped = ({ outcome }: CheckedCall): CheckState => (outcome === "hold" ? "held" : "refused");
const listed = (values: readonly string[], none: string): string => (values.length === 0 ? none : values.join(", "));
const day = (epochSeconds: number): string => new Date(epochSeconds * 1000).toISOString().slice(0, 10);

function sawOf(check: CheckName, call: CheckedCall, question: CheckedQuestion | null): string {
  const { system, request, decision } = question ?? {};
  switch (check) {
    case "identity":
      return call.system === null ? "no system of the register" : `system ${call.system}`;
    case "status":
      return system === undefined ? "" : `${system.lifecycle}, ${system.status}`;
    case "credential":
      return call.credential ?? "";
    case "request":
      return `${call.action} by ${call.surface}`;
    case "labels": {
      if (request === undefined) return "";
      const { maxSensitivity, untrusted, classes, residency, purposes } = request.labels;
      return `${maxSensitivity}, ${untrusted ? "untrusted content seen" : "nothing untrusted seen"}, classes ${listed(classes, "none")}, regions ${listed(residency, "none")}${purposes === null ? "" : `, for ${listed(purposes, "no purpose")}`}`;
    }
    case "detectors":
      return request === undefined ? "" : `classes found or stated: ${listed(request.data.classes, "none")}`;
    case "authorization": {
      if (system === undefined) return "";
      const { authorization, tier, missing } = system;
      return `${tier}, ${authorization === null ? "no authorization" : `${authorization.type} authorization ${authorization.number}, ${authorization.state}, until ${day(authorization.ends)}`}${missing.length === 0 ? "" : `, lacks ${missing.join(", ")}`}`;
    }
    case "destination":
      return system === undefined ? call.resource : `${call.resource}, inside ${listed(system.boundary.regions, "no region")}, up to ${system.boundary.sensitivity}`;
    case "rules":
      return system === undefined ? "" : `guardrails; policies ${listed(system.policies, "none of its own")}`;
    case "obligations":
      return decision === undefined ? "" : listed(decision.obligations.map((one) => one.kind), "none asked for");
    case "limits": {
      if (system === undefined) return "";
      const { callsPerDay, callsPerMinute, tokensPerDay, eurosPerDay } = system.limits;
      const of = [[callsPerMinute, "calls a minute"], [callsPerDay, "calls a day"], [tokensPerDay, "tokens a day"], [eurosPerDay, "euros a day"]] as const;
      return listed(of.flatMap(([value, unit]) => (value === null ? [] : [`${value} ${unit}`])), "none set");
    }
    case "evidence":
      return "written before effect";
  }
}
