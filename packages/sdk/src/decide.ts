import { MandateError, readRemedies } from "./error.ts";
import type { Remedy } from "./error.ts";
import type { CallOptions, Transport } from "./transport.ts";
import type { Outcome } from "./types.ts";

export interface Question {
  /** `tool.call`, `model.call`, `data.export`, `deploy`, or an action of your own. */
  readonly action: string;
  /** `tool:refunds.issue` or `{type, id, properties}`. */
  readonly resource:
    | string
    | { readonly type: string; readonly id: string; readonly properties?: Readonly<Record<string, unknown>> };
  /** Arguments of the call: what is decided, and what an approval binds to. */
  readonly input?: unknown;
  /** A system's name, or `{type, id}`. */
  readonly subject:
    | string
    | { readonly type: string; readonly id: string; readonly properties?: Readonly<Record<string, unknown>> };
  /** Further AuthZEN context: `messages`, `session`, `class`, `region`, `purpose`. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Approval of an earlier hold of the very same call. Spent once. */
  readonly approval?: string;
}

export interface ApprovalTicket {
  readonly id: string;
  readonly url: string | null;
  readonly expiresAt: string | null;
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly code: string | null;
  readonly reason: string;
  readonly rule: string | null;
  readonly remedies: readonly Remedy[];
  /** Null only when nothing was decided, because Mandate couldn't be reached. */
  readonly decisionId: string | null;
  readonly obligations: readonly unknown[];
  readonly approval?: ApprovalTicket;
}

/** The call may not happen. Not worth repeating unchanged. */
export class PolicyDenied extends Error {
  readonly verdict: Verdict;
  constructor(verdict: Verdict) {
    super([verdict.reason, ...verdict.remedies.slice(0, 1).map((remedy) => remedy.text)].join(" "));
    this.name = "PolicyDenied";
    this.verdict = verdict;
  }
}

/** The call waits for a person. Repeat the same call with `verdict.approval.id` once it is approved. */
export class ApprovalRequired extends Error {
  readonly verdict: Verdict;
  readonly approval: ApprovalTicket | null;
  constructor(verdict: Verdict) {
    super(
      [
        verdict.reason,
        verdict.approval?.url === undefined || verdict.approval.url === null ? "" : `Decide at ${verdict.approval.url}`,
      ]
        .filter((part) => part !== "")
        .join(" "),
    );
    this.name = "ApprovalRequired";
    this.verdict = verdict;
    this.approval = verdict.approval ?? null;
  }
}

function entity(
  value: Question["resource"],
  fallbackType: string,
): { type: string; id: string; properties?: Readonly<Record<string, unknown>> } {
  if (typeof value !== "string") return value;
  const colon = value.indexOf(":");
  return colon === -1 ? { type: fallbackType, id: value } : { type: value.slice(0, colon), id: value.slice(colon + 1) };
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const record = (value: unknown): Record<string, unknown> | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;

function ticket(value: unknown): ApprovalTicket | undefined {
  const found = record(value);
  const id = text(found?.["id"]);
  if (found === null || id === null) return undefined;
  return { id, url: text(found["url"]), expiresAt: text(found["expires_at"]) ?? text(found["expiresAt"]) };
}

/**
 * INVARIANT: `allow` comes only from an answer that says both `decision: true` and outcome `allow`. Anything else, an
 * answer we can't read included, denies (G11).
 */
export function readVerdict(body: unknown): Verdict {
  const answer = record(body);
  const context = record(answer?.["context"]) ?? {};
  const said = text(context["outcome"]);
  const outcome: Outcome =
    answer?.["decision"] === true && said === "allow"
      ? "allow"
      : said === "hold" && answer?.["decision"] === false
        ? "hold"
        : "deny";
  const approval = ticket(context["approval"]);
  const readable = said === "allow" || said === "hold" || said === "deny";
  return {
    outcome,
    code: text(context["code"]) ?? (readable ? null : "control_unavailable"),
    reason:
      text(context["reason"]) ?? (readable ? "" : "Mandate's answer could not be read, so the call does not happen."),
    rule: text(context["rule"]),
    remedies: readRemedies(context["remedies"]),
    decisionId: text(context["decision_id"]),
    obligations: Array.isArray(context["obligations"]) ? (context["obligations"] as unknown[]) : [],
    ...(approval === undefined ? {} : { approval }),
  };
}

function unreachable(error: unknown): Verdict {
  const known = error instanceof MandateError ? error : undefined;
  return {
    outcome: "deny",
    code: known === undefined || known.status === 0 ? "control_unavailable" : known.code,
    reason: known?.message ?? "Mandate can't be reached, so the call does not happen.",
    rule: null,
    remedies:
      known !== undefined && known.remedies.length > 0
        ? known.remedies
        : [{ text: "Try again once Mandate answers.", command: "mandate doctor" }],
    decisionId: text(known?.details["decision_id"]),
    obligations: [],
  };
}

/** Asks once over AuthZEN 1.0. Never throws but for the caller's own abort: what can't be asked is denied. */
export async function check(transport: Transport, question: Question, options: CallOptions = {}): Promise<Verdict> {
  const resource = entity(question.resource, "tool");
  const body = {
    subject: entity(question.subject, "system"),
    action: { name: question.action },
    resource,
    context: { ...question.context, ...(question.input === undefined ? {} : { input: question.input }) },
  };
  const headers = {
    ...options.headers,
    ...(question.approval === undefined ? {} : { "x-mandate-approval": question.approval }),
  };
  try {
    return readVerdict(await transport.json<unknown>("POST", "/access/v1/evaluation", body, { ...options, headers }));
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    return unreachable(error);
  }
}
