/**
 * The one list of states, effects, tiers, verdicts and codes. API, Cedar schema, manifest and console are generated
 * from it or checked against it; nothing else may spell these words.
 */

export const effects = ["reads", "writes", "deletes", "sends", "pays", "executes", "grants"] as const;
export type Effect = (typeof effects)[number];

/** Ordered: the index is the number Cedar compares (0 public to 3 restricted). */
export const sensitivities = ["public", "internal", "confidential", "restricted"] as const;
export type Sensitivity = (typeof sensitivities)[number];

export const visibilities = ["none", "metadata", "full"] as const;
export type Visibility = (typeof visibilities)[number];

/** Ordered from least to most asked; X is a banned practice, refused in every stage. */
export const tiers = ["T0", "T1", "T2", "T3", "X"] as const;
export type Tier = (typeof tiers)[number];

export const lifecycles = ["proposed", "pilot", "production", "suspended", "retired"] as const;
export type Lifecycle = (typeof lifecycles)[number];

export const authorizationTypes = ["pilot", "production"] as const;
export type AuthorizationType = (typeof authorizationTypes)[number];

export const authorizationStates = [
  "draft",
  "submitted",
  "in_review",
  "changes_requested",
  "granted",
  "granted_with_conditions",
  "denied",
  "reassessment_required",
  "superseded",
  "revoked",
  "expired",
] as const;
export type AuthorizationState = (typeof authorizationStates)[number];

export const operatingStatuses = ["operating", "restricted", "refused"] as const;
export type OperatingStatus = (typeof operatingStatuses)[number];

export const verdicts = ["allow", "hold", "deny"] as const;
export type Verdict = (typeof verdicts)[number];

/** How a governed call ended. Each call ends in exactly one. */
export const terminals = ["done", "blocked", "aborted", "upstream_cut", "refused", "unknown"] as const;
export type Terminal = (typeof terminals)[number];

export const roles = [
  "developer",
  "business-owner",
  "technical-owner",
  "security-reviewer",
  "legal-reviewer",
  "governance-lead",
  "authorizing-official",
  "auditor",
  "administrator",
] as const;
export type Role = (typeof roles)[number];

/** Roles whose holders decide. An administrator holds none of them (SPEC 2, People). */
export const approvingRoles = [
  "business-owner",
  "technical-owner",
  "security-reviewer",
  "legal-reviewer",
  "governance-lead",
  "authorizing-official",
] as const satisfies readonly Role[];

export const autonomies = ["suggests", "acts-with-approval", "acts"] as const;
export type Autonomy = (typeof autonomies)[number];

export const audiences = ["internal", "partner", "public"] as const;
export type Audience = (typeof audiences)[number];

export const protocols = ["openai", "anthropic", "gemini", "azure-openai", "bedrock"] as const;
export type Protocol = (typeof protocols)[number];

export const streamModes = ["pass", "window", "full"] as const;
export type StreamMode = (typeof streamModes)[number];

export const argumentTypes = ["email", "url", "iban", "amount", "date", "person", "path", "id", "text"] as const;
export type ArgumentType = (typeof argumentTypes)[number];

export const credentialStates = ["active", "suspended", "revoked"] as const;
export type CredentialState = (typeof credentialStates)[number];

/** How a machine proves who it is: a key, its own signature, or its platform's word. */
export const credentialKinds = ["gateway-key", "client", "workload"] as const;
export type CredentialKind = (typeof credentialKinds)[number];

export const approvalStates = ["pending", "approved", "refused", "lapsed"] as const;
export type ApprovalState = (typeof approvalStates)[number];

export const gradesOfKnowing = ["enforced", "observed", "declared", "cant_tell"] as const;
export type GradeOfKnowing = (typeof gradesOfKnowing)[number];

export const actions = ["model.call", "tool.call", "data.export", "deploy"] as const;
export type ActionName = (typeof actions)[number];

/**
 * Every code a caller can be refused with, and the HTTP status it always has. Policy refusals (403) and our own faults
 * (5xx) never share a status (G7). The order is precedence: when several rules refuse, the first listed is the answer's.
 */
export const refusals = {
  unreadable_body: 400,
  payload_too_large: 413,
  system_retired: 403,
  system_suspended: 403,
  credential_unknown: 401,
  credential_expired: 401,
  credential_revoked: 401,
  credential_suspended: 401,
  not_registered: 403,
  prohibited: 403,
  not_authorized: 403,
  authorization_expired: 403,
  reassessment_required: 403,
  unsupported_field: 422,
  unknown_tool: 403,
  not_granted: 403,
  tool_changed: 403,
  data_boundary: 403,
  legal_review: 403,
  policy: 403,
  approval_required: 403,
  budget: 429,
  rate: 429,
  upstream_unreachable: 502,
  upstream_timeout: 504,
  control_unavailable: 503,
  evidence_unavailable: 503,
} as const satisfies Record<string, number>;
export type RefusalCode = keyof typeof refusals;

export const refusalCodes = Object.keys(refusals) as readonly RefusalCode[];

/** A refusal worth repeating unchanged. Everything else carries `x-should-retry: false`. */
export function isRetryable(code: RefusalCode): boolean {
  const status = refusals[code];
  return status === 429 || status === 502 || status === 503 || status === 504;
}

/** Numeric rank used where Cedar compares sensitivity. */
export function sensitivityRank(value: Sensitivity): number {
  return sensitivities.indexOf(value);
}
