import { detectorVersions, redact } from "@mandate/detectors";
import type { Decision, DecisionRequest, SystemFacts, Terminal, Verdict } from "@mandate/model";
import type { CallingCredential } from "../auth/authenticate.ts";
import type { User } from "../auth/user-token.ts";
import { subjectTag } from "../evidence/subject-tag.ts";
import type { DecidedTool, EntryDraft } from "../evidence-sink.ts";
import type { Compiled } from "../compiled.ts";
import { release } from "../release.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Refusal } from "../http/refusal.ts";
import { aboutOfResource } from "../telemetry/about.ts";
import type { SpanAbout } from "../telemetry/about.ts";
import type { Met } from "./obligations.ts";
import type { AnswerRecord, Call, ToolDecision } from "./call.ts";

/** Everything personal the detectors know: what `redacted` detail leaves out. */
const redactedTypes = [
  "email",
  "phone",
  "credit_card",
  "iban",
  "us_ssn",
  "ip_address",
  "person",
  "address",
  "date",
  "health",
  "secret",
] as const;

export interface Refused {
  readonly exchange: Exchange;
  readonly compiled: Compiled;
  readonly system: SystemFacts | null;
  readonly credential: CallingCredential | null;
  readonly surface: string;
  readonly action: string;
  readonly resource: string;
  readonly refusal: Refusal;
  readonly decision: Decision | null;
  readonly request: DecisionRequest | null;
  readonly messages: readonly Uint8Array[];
  readonly sessionId: string | null;
  readonly user?: User | null;
  readonly nowMs: number;
}

/** A call of a known caller that ended before anything went upstream. */
export function refusedDraft(refused: Refused): EntryDraft {
  const { exchange, compiled, refusal } = refused;
  const outcome: Verdict = refusal.code === "approval_required" ? "hold" : "deny";
  return {
    type: "decision",
    decisionId: exchange.decisionId,
    system: refused.system?.name ?? refused.credential?.system ?? null,
    policyVersion: compiled.policy.policyVersion,
    registerVersion: compiled.version,
    outcome,
    approvals: refusal.approval === undefined ? [] : [refusal.approval.id],
    retention: refused.system?.tier ?? "T0",
    terminal: "refused",
    payload: {
      caller: callerOf(refused.credential),
      requestId: exchange.requestId,
      surface: refused.surface,
      action: refused.action,
      resource: refused.resource,
      code: refusal.code,
      param: refusal.param,
      reason: refusal.reason,
      rule: refusal.rule,
      matched: refused.decision?.matched ?? [],
      alert: refused.decision?.alert ?? null,
    },
    messages: refused.system === null ? [] : atDetail(refused.system, refused.messages),
    sessionId: refused.sessionId,
    ...aboutOf(compiled, refused.request, refused.decision, refused.user ?? null),
    ...traced(exchange, () => aboutOfResource(compiled, refused.action, refused)),
    summary: {
      action: refused.action,
      resource: refused.resource,
      outcome,
      code: refusal.code,
      reason: refusal.reason,
      rule: refusal.rule,
      surface: refused.surface,
      credential: refused.credential?.id ?? null,
      approval: refusal.approval?.id ?? null,
      durationMs: Math.round(refused.nowMs - exchange.startedMs),
      tokens: null,
      ...linksOf(refused.credential),
    },
  };
}

/** @param replaced what obligations put in place of the request's data */
export function intentDraft(call: Call, approvals: readonly string[], streamMode: string, replaced: Met["record"] = null): EntryDraft {
  const { exchange, compiled, decision } = call;
  return {
    type: "call.intent",
    decisionId: exchange.decisionId,
    system: call.system.name,
    policyVersion: decision.policyVersion,
    registerVersion: compiled.version,
    outcome: "allow",
    approvals,
    retention: call.system.tier,
    payload: {
      caller: callerOf(call.credential),
      user: call.user?.subject ?? null,
      requestId: exchange.requestId,
      surface: call.surface.name,
      fieldTable: call.surface.fields.version,
      action: "model.call",
      resource: `model:${call.model.name}`,
      upstream: call.model.upstream,
      purpose: call.purpose,
      declassified: call.declassified,
      reason: decision.reason,
      rule: decision.rule,
      matched: decision.matched,
      obligations: decision.obligations,
      requestHash: call.requestHash,
      ...(replaced === null ? {} : { replaced }),
      unlisted: call.view.unlisted,
      found: call.found,
      streamMode,
      detail: call.system.parameters.logDetail,
    },
    messages: atDetail(call.system, call.messages),
    sessionId: call.session?.id ?? null,
    ...aboutOf(compiled, call.request, decision, call.user),
    ...traced(exchange, () => aboutOfResource(compiled, "model.call", { surface: call.surface.name, resource: `model:${call.model.name}`, decision })),
    summary: {
      action: "model.call",
      resource: `model:${call.model.name}`,
      outcome: "allow",
      code: null,
      reason: decision.reason,
      rule: decision.rule,
      surface: call.surface.name,
      credential: call.credential.id,
      approval: approvals.at(0) ?? null,
      durationMs: null,
      tokens: null,
      ...linksOf(call.credential),
      ...(replaced === null ? {} : { masked: replaced.types }),
    },
  };
}

export function outcomeDraft(
  call: Call,
  end: {
    terminal: Terminal;
    refusal: Refusal | null;
    approvals: readonly string[];
    answer: AnswerRecord;
    nowMs: number;
  },
): EntryDraft & { readonly terminal: Terminal } {
  const { exchange, compiled } = call;
  const { refusal, answer } = end;
  const outcome: Verdict = refusal === null ? "allow" : refusal.code === "approval_required" ? "hold" : "deny";
  const blocked = end.terminal === "blocked";
  return {
    type: "call.outcome",
    decisionId: exchange.decisionId,
    system: call.system.name,
    policyVersion: call.decision.policyVersion,
    registerVersion: compiled.version,
    outcome: blocked ? outcome : "allow",
    approvals: refusal?.approval === undefined ? end.approvals : [...end.approvals, refusal.approval.id],
    retention: call.system.tier,
    terminal: end.terminal,
    payload: {
      terminal: end.terminal,
      status: answer.status,
      served: answer.served,
      usage: answer.usage,
      streamMode: answer.mode,
      releasedBytes: answer.releasedBytes,
      tools: answer.tools,
      check: answer.check,
      ...(answer.hashes === undefined || answer.hashes === null ? {} : { hashes: answer.hashes }),
      ...(refusal === null
        ? {}
        : { code: refusal.code, param: refusal.param, reason: refusal.reason, rule: refusal.rule }),
    },
    messages: answer.body === null || answer.body.length === 0 ? [] : atDetail(call.system, [answer.body]),
    sessionId: call.session?.id ?? null,
    context: null,
    ...subjectOf(compiled, call.user),
    ...traced(exchange, () => aboutOfResource(compiled, "model.call", { surface: call.surface.name, resource: `model:${call.model.name}`, decision: call.decision, served: answer.served, status: answer.status, streamed: call.view.stream })),
    summary: {
      action: "model.call",
      resource: `model:${call.model.name}`,
      outcome: blocked ? outcome : "allow",
      code: refusal?.code ?? null,
      reason: refusal?.reason ?? call.decision.reason,
      rule: refusal?.rule ?? call.decision.rule,
      surface: call.surface.name,
      credential: call.credential.id,
      approval: refusal?.approval?.id ?? end.approvals.at(0) ?? null,
      durationMs: Math.round(end.nowMs - exchange.startedMs),
      tokens: answer.usage,
      ...(answer.tools.length === 0 ? {} : { tools: lastWord(answer.tools) }),
      ...(answer.hashes == null || answer.check.result !== "found" ? {} : { masked: answer.check.types }),
    },
  };
}

const maxToolsInSummary = 64;

/** Each call once, by what was decided last: an approved answer's were held before. */
function lastWord(tools: readonly ToolDecision[]): readonly DecidedTool[] {
  const byKey = new Map(tools.map(({ key, tool, outcome }) => [key, { tool, outcome }]));
  return [...byKey.values()].slice(0, maxToolsInSummary);
}

/** Content at the detail its tier asks: all, without what the detectors find, or none. */
export function atDetail(system: SystemFacts, messages: readonly Uint8Array[]): readonly Uint8Array[] {
  if (system.parameters.logDetail === "full") return messages;
  if (system.parameters.logDetail === "metadata") return [];
  return messages.map((message) =>
    Buffer.from(
      redact(Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString("utf8"), redactedTypes).text,
      "utf8",
    ),
  );
}

/** Who called, and for whom: the whole chain of a delegation, and the token by its id. */
export function callerOf(credential: CallingCredential | null): Readonly<Record<string, unknown>> | null {
  if (credential === null) return null;
  const { id, name, accountable, kind, token } = credential;
  return {
    credential: id,
    name,
    accountable,
    ...(token === undefined
      ? {}
      : {
          kind,
          token: token.jti,
          bound: token.jkt,
          ...(token.workload === null ? {} : { workload: token.workload }),
          ...(token.chain.length === 1 && token.user === null ? {} : { subject: token.subject, chain: token.chain }),
        }),
  };
}

/** Who acted for whom, so that delegated calls can be counted and their links compared with what was declared. */
export function linksOf(credential: CallingCredential | null): { readonly links?: readonly string[] } {
  const token = credential?.token;
  if (token === undefined) return {};
  const links = token.chain.slice(1).map((acted, at) => `${token.chain[at]}>${acted}`);
  if (token.user !== null) links.push(`${token.chain.at(-1)}>user`);
  return links.length === 0 ? {} : { links };
}

/** The draft's place in its caller's trace. */
export function traced(exchange: Exchange, about: () => SpanAbout, ofRegistered = true): Pick<EntryDraft, "trace"> {
  return exchange.trace === null ? {} : { trace: { context: exchange.trace, startedMs: exchange.startedMs, ofRegistered, about } };
}

/** What a replay needs: the question exactly as it was asked, by which facts and release, what came out, and which detectors looked. */
export function contextOf(
  request: DecisionRequest,
  compiled?: Compiled,
  decision: Decision | null = null,
): Readonly<Record<string, unknown>> {
  return { request, facts: compiled?.snapshot.factsDigest ?? null, decision, release: release(), detectors: detectorVersions };
}

/** What every draft of a decided question carries: its sealed context, its classes, and whose content it is. */
export function aboutOf(
  compiled: Compiled,
  request: DecisionRequest | null,
  decision: Decision | null,
  user: User | null,
): Pick<EntryDraft, "context" | "subject" | "classes"> {
  if (request === null) return { context: null, ...subjectOf(compiled, user) };
  const classes = [...new Set([...request.data.classes, ...request.labels.classes])];
  return {
    context: contextOf(request, compiled, decision),
    ...(classes.length === 0 ? {} : { classes }),
    ...subjectOf(compiled, user),
  };
}

export function subjectOf(compiled: Compiled, user: User | null): Pick<EntryDraft, "subject"> {
  const key = compiled.snapshot.subjectKey;
  return user === null || key === undefined ? {} : { subject: subjectTag(key, user.subject) };
}
