import type { Decision, DecisionRequest, Remedy, Verdict } from "@mandate/model";
import type { DecisionTrace } from "./trace.ts";

/** A decision, and whether something went wrong inside that a person must look at (G11). */
export interface PolicyDecision extends Decision {
  /** What failed, for the log and the on-call person; null on every sound decision. An alert is always a deny. */
  readonly alert: string | null;
}

/** A question about something outside our own domain (AuthZEN): no system is needed, a custom `permit` suffices. */
export interface ExternalRequest {
  readonly subject: { readonly type: string; readonly id: string; readonly props?: Readonly<Record<string, unknown>> };
  /** Short form used with `subject` absent in AuthZEN properties: overlay of the stored subject. */
  readonly subjectProps?: Readonly<Record<string, unknown>>;
  readonly action: string;
  readonly actionProps?: Readonly<Record<string, unknown>>;
  readonly resource: { readonly type: string; readonly id: string; readonly props?: Readonly<Record<string, unknown>> };
  readonly context?: Readonly<Record<string, unknown>>;
}

/** One answer of ours beside the reference engine's, for the differential test and the sampled check in production. */
export interface ReferenceComparison {
  readonly equal: boolean;
  /** Names what differs, by rule ids only; null when equal. Any other value is an alarm. */
  readonly difference: string | null;
}

export interface PolicyDecisionPoint {
  /** Hex SHA-256 of the whole policy set: guardrails, grants' template, custom policies. */
  readonly policyVersion: string;
  /** Custom policies that could not be compiled. Systems bound by them are refused until they are mended (G11). */
  readonly problems: readonly PolicyProblem[];
  /** Pure and total: whatever is asked, it answers, and anything unexpected is a deny with an alert. */
  decide(request: DecisionRequest): PolicyDecision;
  decideExternal(request: ExternalRequest): PolicyDecision;
  /**
   * What each rule that binds the system said of the call. Null where no rule was asked: an unknown system, a question that
   * no surface asks. For people, never on the path.
   */
  trace(request: DecisionRequest): DecisionTrace | null;
  /** Evaluates the same request in cedar-wasm. Milliseconds: sample it, never on the path. */
  compareWithReference(request: DecisionRequest): ReferenceComparison;
}

export interface CompileOptions {
  /** Overrides the computed hash, for tests and replays. */
  readonly policyVersion?: string;
}

/** What is wrong with a policy, said to the person who writes it. */
export interface PolicyProblem {
  readonly policy: string;
  /** Rule or statement id, or null for the policy as a whole. */
  readonly rule: string | null;
  readonly message: string;
  readonly remedy: string;
}

/** One rule of the manifest's sugar (`spec.rules`). Conditions are Cedar and say what is fine. */
export interface PolicyRule {
  readonly id: string;
  /** `tool:NAME`, `model:NAME` or `destination:NAME`. */
  readonly on: string;
  readonly denyUnless?: string;
  readonly holdUnless?: string;
  readonly redact?: readonly string[];
  readonly tokenize?: readonly string[];
  readonly approvers?: { readonly group: string; readonly count?: number; readonly within?: string };
  readonly because?: string;
  readonly remedies?: readonly Remedy[];
}

export interface CompiledRules {
  /** Cedar text of all sound rules, one policy set, printable. */
  readonly cedar: string;
  readonly problems: readonly PolicyProblem[];
}

/** One entry of `spec.tests`. */
export interface PolicyTest {
  readonly name: string;
  /** `tool:NAME`, `model:NAME` or `destination:NAME`. */
  readonly call: string;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly session?: Readonly<Record<string, unknown>>;
  readonly purpose?: string;
  readonly class?: string;
  readonly region?: string;
  readonly expect: Verdict;
}

export interface PolicyTestResult {
  readonly name: string;
  readonly passed: boolean;
  readonly expected: Verdict;
  readonly decision: PolicyDecision;
}
