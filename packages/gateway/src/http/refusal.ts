import { type Decision, isRetryable, type RefusalCode, refusalCodes, refusals, type Remedy } from "@mandate/model";
import type { HoldTicket } from "../control-port.ts";
import { encodeAwsMessage } from "../sse/aws-messages.ts";
import type { ErrorShape, Framing } from "../surfaces/surface.ts";

/** Codes of the HTTP layer alone; what a policy or a fault of ours refuses has its code in the vocabulary. */
const edgeStatus = { unknown_route: 404, method_not_allowed: 405, unsupported: 501, invalid_request: 400 } as const;
export type EdgeCode = keyof typeof edgeStatus;

/** Why a call is not answered, before it takes the shape of a surface. */
export interface Refusal {
  readonly code: RefusalCode | EdgeCode;
  readonly param: string | null;
  /** What would have happened, then the rule. Never content. */
  readonly reason: string;
  readonly rule: string | null;
  /** Never empty (G7). */
  readonly remedies: readonly Remedy[];
  readonly approval?: HoldTicket;
  readonly retryAfterSeconds?: number;
  /** `WWW-Authenticate` of a 401 where it is more than `Bearer`. */
  readonly challenge?: string;
}

export function refuse(
  code: RefusalCode | EdgeCode,
  reason: string,
  remedy: string | Remedy,
  param: string | null = null,
): Refusal {
  return { code, param, reason, rule: null, remedies: [typeof remedy === "string" ? { text: remedy } : remedy] };
}

export function refusalOf(decision: Decision): Refusal {
  return {
    code: decision.code ?? "policy",
    param: decision.param,
    reason: decision.reason,
    rule: decision.rule,
    remedies:
      decision.remedies.length > 0
        ? decision.remedies
        : [{ text: "Ask the system's technical owner; the decision's page says more." }],
  };
}

export function statusOf(code: Refusal["code"]): number {
  return code in edgeStatus ? edgeStatus[code as EdgeCode] : refusals[code as RefusalCode];
}

export function mayRetry(code: Refusal["code"]): boolean {
  return !(code in edgeStatus) && isRetryable(code as RefusalCode);
}

/** The one to answer when several refuse: the vocabulary's order is precedence. */
export function firstRefusal(candidates: readonly Refusal[]): Refusal | undefined {
  const rank = (refusal: Refusal) => refusalCodes.indexOf(refusal.code as RefusalCode);
  return candidates.reduce<Refusal | undefined>(
    (best, next) => (best === undefined || rank(next) < rank(best) ? next : best),
    undefined,
  );
}

export interface RefusalLinks {
  /** Base of the console's addresses: rules name its pages by path alone. */
  readonly consoleUrl: string;
  readonly decisionId: string;
  readonly decisionUrl: string;
  readonly requestId: string;
}

/** Remedies with whole addresses. */
export function withLinks(remedies: readonly Remedy[], consoleUrl: string): readonly Remedy[] {
  return remedies.map((remedy) =>
    remedy.url?.startsWith("/") === true ? { ...remedy, url: `${consoleUrl}${remedy.url}` } : remedy,
  );
}

/** The body of a refusal in the caller's own protocol (INTERFACE, Gateway). */
export function refusalBody(
  shape: ErrorShape,
  refusal: Refusal,
  links: RefusalLinks,
): Readonly<Record<string, unknown>> {
  const status = statusOf(refusal.code);
  const remedies = withLinks(refusal.remedies, links.consoleUrl);
  const same = {
    code: refusal.code,
    message: sentence({ ...refusal, remedies }, links),
    param: refusal.param,
    ...(refusal.rule === null ? {} : { rule: refusal.rule }),
    decision_id: links.decisionId,
    decision_url: links.decisionUrl,
    remedies,
    ...(refusal.approval === undefined
      ? {}
      : { approval: { id: refusal.approval.id, url: refusal.approval.url, expires_at: refusal.approval.expiresAt } }),
  };
  if (shape === "anthropic")
    return { type: "error", error: { type: anthropicType(status), ...same }, request_id: links.requestId };
  if (shape === "gemini")
    return { error: { code: status, status: geminiStatus(status), message: same.message, details: [same] } };
  if (shape === "bedrock") return same;
  return { error: { type: openaiType(status), ...same } };
}

/**
 * The error that ends a stream, in the surface's own framing.
 * @param begun whether anything of the stream has left
 */
export function refusalEvent(
  surface: { readonly name: string; readonly errorShape: ErrorShape; readonly framing?: Framing },
  refusal: Refusal,
  links: RefusalLinks,
  begun: boolean,
): string | Buffer {
  const body = refusalBody(surface.errorShape, refusal, links);
  if (surface.framing === "aws-events") {
    // Of the stream's own exceptions: the caller's to mend, or not.
    const type = statusOf(refusal.code) >= 500 ? "internalServerException" : "validationException";
    return encodeAwsMessage("exception", type, body);
  }
  if (surface.framing === "json-array") return `${begun ? "," : "["}${JSON.stringify(body)}]`;
  // Google's client skips events that have a name: a refusal in one would look like the stream's ordinary end.
  if (surface.errorShape === "gemini") return `data: ${JSON.stringify(body)}\n\n`;
  if (surface.name === "openai-responses") {
    const { code, message, param } = body.error as { code: string; message: string; param: string | null };
    return `event: error\ndata: ${JSON.stringify({ type: "error", sequence_number: 0, code, message, param, ...body })}\n\n`;
  }
  return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
}

function sentence(refusal: Refusal, links: RefusalLinks): string {
  const remedy = refusal.remedies[0]!;
  const command = remedy.command === undefined ? "" : ` (${remedy.command})`;
  return `${refusal.reason} ${remedy.text}${command} ${refusal.approval?.url ?? remedy.url ?? links.decisionUrl}`;
}

function openaiType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "policy_denied";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "api_error" : "invalid_request_error";
}

function anthropicType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 413) return "request_too_large";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "api_error" : "invalid_request_error";
}

/** What clients of AWS take an error's class from. */
export function awsErrorType(status: number): string {
  if (status === 401 || status === 403) return "AccessDeniedException";
  if (status === 404) return "ResourceNotFoundException";
  if (status === 429) return "ThrottlingException";
  if (status === 502 || status === 503) return "ServiceUnavailableException";
  if (status === 504) return "ModelTimeoutException";
  return status >= 500 ? "InternalServerException" : "ValidationException";
}

function geminiStatus(status: number): string {
  const names: Readonly<Record<number, string>> = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
  };
  return names[status] ?? "INVALID_ARGUMENT";
}
