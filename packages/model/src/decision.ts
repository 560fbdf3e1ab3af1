import type { Remedy } from "./errors.ts";
import type { ActionName, RefusalCode, Sensitivity, Verdict } from "./vocabulary.ts";

/** Information-flow labels of a session (GUARDRAILS, "Information flow"). They only rise. */
export interface SessionLabels {
  readonly maxSensitivity: Sensitivity;
  readonly untrusted: boolean;
  readonly residency: readonly string[];
  readonly classes: readonly string[];
  /** Intersection of what the sources allow; null while nothing restricted it. */
  readonly purposes: readonly string[] | null;
}

export const cleanLabels: SessionLabels = {
  maxSensitivity: "public",
  untrusted: false,
  residency: [],
  classes: [],
  purposes: null,
};

export type ResourceType = "model" | "tool" | "destination" | "dataset" | "prompt" | "system";

/** One question to the policy decision point about a system. */
export interface DecisionRequest {
  readonly system: string;
  readonly action: ActionName;
  readonly resource: { readonly type: ResourceType; readonly id: string };
  /** Epoch seconds, from the caller's clock (G5). */
  readonly now: number;
  readonly purpose: string | null;
  readonly labels: SessionLabels;
  /** Verified session claims only; absent claims are absent, never empty strings. */
  readonly session: Readonly<Record<string, unknown>>;
  /** Arguments of a tool call, or null. */
  readonly input: Readonly<Record<string, unknown>> | null;
  /** True when every critical argument stands in the user's own words, compared by type. */
  readonly argumentsFromUser: boolean;
  /** Data export: class and region of the data itself. Detected classes for any action. */
  readonly data: { readonly classes: readonly string[]; readonly region: string | null; readonly sensitivity: Sensitivity | null };
  /** Deploy: digest of what is about to run. */
  readonly digest: string | null;
  /** A spent, matching approval: satisfies every `@hold` rule its `rules` names. */
  readonly approval: { readonly id: string; readonly rules: readonly string[]; readonly by: readonly string[] } | null;
}

export type Obligation =
  | { readonly kind: "redact"; readonly types: readonly string[] }
  | { readonly kind: "tokenize"; readonly types: readonly string[] }
  | { readonly kind: "cap"; readonly field: string; readonly max: number }
  | { readonly kind: "log"; readonly detail: "metadata" | "redacted" | "full" };

export interface HoldTerms {
  /** Each set names a group, or `owners`; every set must reach its count. */
  readonly approvers: readonly { readonly group: string; readonly count: number }[];
  readonly withinSeconds: number;
}

export interface Decision {
  readonly outcome: Verdict;
  /** Null for allow. `approval_required` for hold. */
  readonly code: RefusalCode | null;
  /** What `code` is about, in manifest words (`owners.business`, `tool:refunds.issue`), or null. */
  readonly param: string | null;
  /** Plain words: what would have happened, then the rule. Never echoes content. */
  readonly reason: string;
  /** `@id` of the determining rule; null when nothing granted it. */
  readonly rule: string | null;
  /** Every satisfied rule, forbids first. */
  readonly matched: readonly string[];
  /** Never empty unless allowed (G7). */
  readonly remedies: readonly Remedy[];
  readonly obligations: readonly Obligation[];
  readonly hold: HoldTerms | null;
  readonly policyVersion: string;
  /** What failed in evaluation; always a deny. Absent or null: nothing did. */
  readonly alert?: string | null;
}
