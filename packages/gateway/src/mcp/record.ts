import type { Decision, DecisionRequest, Terminal, Verdict } from "@mandate/model";
import type { EntryDraft } from "../evidence-sink.ts";
import type { Refusal } from "../http/refusal.ts";
import type { ContentCheck } from "../pipeline/call.ts";
import { aboutOf, atDetail, callerOf, linksOf, traced } from "../pipeline/record.ts";
import { aboutMcp } from "../telemetry/about.ts";
import type { MaskRecord } from "./content.ts";
import type { MappedAnswer } from "./coaz/declared.ts";
import type { McpContext } from "./context.ts";
import { sessionDigest } from "./sessions.ts";

/** What one governed MCP message is about, for its records. */
export interface Subject {
  readonly decisionId: string;
  readonly server: string;
  readonly method: string;
  /** `tool:NAME`, or `mcp-server:NAME` for what concerns the connection alone. */
  readonly resource: string;
  readonly decision: Decision;
  readonly request: DecisionRequest | null;
  readonly requestHash: string;
  readonly found: readonly string[];
  /** What a rule had replaced in it; absent or null: nothing. */
  readonly masked?: MaskRecord | null;
  /** What is sent, as bytes. */
  readonly content: readonly Uint8Array[];
  /** Hash of the definition that was checked just before; null: the method has none. */
  readonly definition: string | null;
  /** What the tool's own mapping had asked, and which rule allowed it; absent or empty: it declares none. */
  readonly mapped?: readonly MappedAnswer[];
}

export interface End {
  readonly terminal: Terminal;
  readonly refusal: Refusal | null;
  readonly status: number | null;
  readonly check: ContentCheck;
  readonly answer: Uint8Array | null;
  /** What a rule had replaced in the answer. */
  readonly masked: MaskRecord | null;
  /** Hashes under which the result is known again when it comes back in a prompt. */
  readonly results: readonly string[];
  readonly releasedBytes: number;
}

export function intentOf(context: McpContext, subject: Subject, approvals: readonly string[]): EntryDraft {
  const { system, compiled, credential, exchange } = context;
  const { decision } = subject;
  return {
    type: "call.intent",
    decisionId: subject.decisionId,
    system: system.name,
    policyVersion: decision.policyVersion,
    registerVersion: compiled.version,
    outcome: "allow",
    approvals,
    retention: system.tier,
    payload: {
      caller: callerOf(credential),
      user: context.user?.subject ?? null,
      requestId: exchange.requestId,
      surface: "mcp",
      action: actionOf(subject.resource),
      resource: subject.resource,
      server: subject.server,
      method: subject.method,
      revision: context.revision.version,
      mcpSession: context.session === null ? null : sessionDigest(context.session.id),
      definition: subject.definition,
      purpose: context.purpose,
      reason: decision.reason,
      rule: decision.rule,
      matched: decision.matched,
      obligations: decision.obligations,
      requestHash: subject.requestHash,
      found: subject.found,
      ...(subject.masked == null ? {} : { masked: subject.masked }),
      ...(subject.mapped === undefined || subject.mapped.length === 0 ? {} : { mapped: subject.mapped }),
      detail: system.parameters.logDetail,
    },
    messages: atDetail(system, subject.content),
    sessionId: context.labelled?.id ?? null,
    ...aboutOf(compiled, subject.request, subject.decision, context.user),
    ...traceOf(context, subject),
    summary: summaryOf(context, subject, { outcome: "allow", code: null, reason: decision.reason, rule: decision.rule, approval: approvals.at(0) ?? null, durationMs: null, ...(subject.masked == null ? {} : { masked: subject.masked.types }) }),
  };
}

export function outcomeOf(context: McpContext, subject: Subject, approvals: readonly string[], end: End): EntryDraft & { readonly terminal: Terminal } {
  const { system, compiled, runtime, exchange } = context;
  const { refusal } = end;
  const outcome: Verdict = end.terminal === "blocked" && refusal !== null ? "deny" : "allow";
  return {
    type: "call.outcome",
    decisionId: subject.decisionId,
    system: system.name,
    policyVersion: subject.decision.policyVersion,
    registerVersion: compiled.version,
    outcome,
    approvals,
    retention: system.tier,
    terminal: end.terminal,
    payload: {
      terminal: end.terminal,
      status: end.status,
      check: end.check,
      results: end.results,
      ...(end.masked === null ? {} : { masked: end.masked }),
      releasedBytes: end.releasedBytes,
      ...(refusal === null ? {} : { code: refusal.code, param: refusal.param, reason: refusal.reason, rule: refusal.rule }),
    },
    messages: end.answer === null ? [] : atDetail(system, [end.answer]),
    sessionId: context.labelled?.id ?? null,
    context: null,
    ...traceOf(context, subject),
    summary: summaryOf(context, subject, {
      outcome,
      code: refusal?.code ?? null,
      reason: refusal?.reason ?? subject.decision.reason,
      rule: refusal?.rule ?? subject.decision.rule,
      approval: approvals.at(0) ?? null,
      durationMs: Math.round(runtime.now() - exchange.startedMs),
      ...(end.masked === null ? {} : { masked: end.masked.types }),
    }),
  };
}

/** A decision that sends nothing: what a server asked of the client, or an answer from the register. */
export function decisionOf(context: McpContext, subject: Omit<Subject, "requestHash" | "definition">, refusal: Refusal | null): EntryDraft {
  const { system, compiled, credential, exchange, runtime } = context;
  const { decision } = subject;
  const outcome: Verdict = refusal === null ? "allow" : "deny";
  return {
    type: "decision",
    decisionId: subject.decisionId,
    system: system.name,
    policyVersion: decision.policyVersion,
    registerVersion: compiled.version,
    outcome,
    approvals: [],
    retention: system.tier,
    terminal: refusal === null ? "done" : "refused",
    payload: {
      caller: callerOf(credential),
      requestId: exchange.requestId,
      surface: "mcp",
      action: actionOf(subject.resource),
      resource: subject.resource,
      server: subject.server,
      method: subject.method,
      code: refusal?.code ?? null,
      param: refusal?.param ?? null,
      reason: refusal?.reason ?? decision.reason,
      rule: refusal?.rule ?? decision.rule,
      matched: decision.matched,
      alert: decision.alert ?? null,
      found: subject.found,
    },
    messages: atDetail(system, subject.content),
    sessionId: context.labelled?.id ?? null,
    ...aboutOf(compiled, subject.request, subject.decision, context.user),
    ...traceOf(context, subject),
    summary: summaryOf(context, subject, {
      outcome,
      code: refusal?.code ?? null,
      reason: refusal?.reason ?? decision.reason,
      rule: refusal?.rule ?? decision.rule,
      approval: null,
      durationMs: Math.round(runtime.now() - exchange.startedMs),
    }),
  };
}

/** What concerns the connection alone is no tool's call: measures of what a system does must not take it for one. */
function actionOf(resource: string): string {
  return resource.startsWith("tool:") ? "tool.call" : "mcp.connect";
}

function traceOf({ exchange, compiled, revision }: McpContext, { server, method, resource, decision }: Pick<Subject, "server" | "method" | "resource" | "decision">): Pick<EntryDraft, "trace"> {
  return traced(exchange, () => aboutMcp(compiled, { server, method, resource, decision, version: revision.version }));
}

function summaryOf(
  context: McpContext,
  subject: Pick<Subject, "resource">,
  rest: Pick<NonNullable<EntryDraft["summary"]>, "outcome" | "code" | "reason" | "rule" | "approval" | "durationMs" | "masked">,
): NonNullable<EntryDraft["summary"]> {
  return { action: actionOf(subject.resource), resource: subject.resource, surface: "mcp", credential: context.credential.id, tokens: null, ...linksOf(context.credential), ...rest };
}
