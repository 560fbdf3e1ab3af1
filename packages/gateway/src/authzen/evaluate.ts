import { actions, type ActionName, type Decision, type DecisionRequest, type SystemFacts } from "@mandate/model";
import type { ExternalRequest } from "@mandate/policy";
import type { CallingCredential } from "../auth/authenticate.ts";
import type { Compiled } from "../compiled.ts";
import type { HoldTicket } from "../control-port.ts";
import type { EntryDraft } from "../evidence-sink.ts";
import type { Exchange } from "../http/exchange.ts";
import { type Refusal, refuse, refusalOf, withLinks } from "../http/refusal.ts";
import { ask } from "../pipeline/ask.ts";
import { callHashOf, openHold, spend } from "../pipeline/holds.ts";
import { aboutOf, linksOf, traced } from "../pipeline/record.ts";
import { aboutOfResource } from "../telemetry/about.ts";
import { evidenceRefusal, noteUnwritten } from "../pipeline/refuse-known.ts";
import type { Runtime } from "../pipeline/runtime.ts";
import { FieldProblem, isMembers, type Members } from "../surfaces/fields.ts";
import { obligationObjects, requestable } from "./profiles.ts";
import { assertedClaims, type Question, readQuestionOf, resourceTypes, settleSession } from "./question.ts";
import type { Evaluation } from "./request.ts";
import { release } from "../release.ts";

export interface Asker {
  /** The subject's own gateway key, or null for an API token. */
  readonly credential: CallingCredential | null;
  readonly id: string;
  readonly accountable: string;
}

export interface Asked {
  readonly exchange: Exchange;
  readonly compiled: Compiled;
  readonly decisionId: string;
  readonly evaluation: Evaluation;
  readonly system: SystemFacts | null;
  readonly asker: Asker;
  /** The system's own state, where it refuses whatever is asked. */
  readonly stateRefusal: Refusal | null;
}

export interface AuthzenAnswer {
  readonly decision: boolean;
  readonly context: Readonly<Record<string, unknown>>;
}

/** Decides one question and records it. @throws FieldProblem for an ill-typed context */
export async function evaluate(
  runtime: Runtime,
  asked: Asked,
): Promise<{ body: AuthzenAnswer } | { refusal: Refusal }> {
  const { evaluation, compiled } = asked;
  const name = evaluation.action.name;
  if (evaluation.subject.type !== "system" || !(actions as readonly string[]).includes(name))
    return external(runtime, asked);
  const action = name as ActionName;
  if (evaluation.resource.type !== resourceTypes[action])
    throw new FieldProblem("resource.type", `\`${resourceTypes[action]}\` for ${action}`);
  if (asked.stateRefusal !== null)
    return answer(runtime, asked, refusalDecision(compiled, asked.stateRefusal), null, null);
  if (
    asked.asker.credential !== null &&
    asked.asker.credential.scope.length > 0 &&
    !asked.asker.credential.scope.includes(action)
  ) {
    return answer(
      runtime,
      asked,
      refusalDecision(
        compiled,
        refuse(
          "not_granted",
          `The key's scope does not include ${action}.`,
          "Use a key with that scope.",
          "credential.scope",
        ),
      ),
      null,
      null,
    );
  }
  const { credential } = asked.asker;
  await settleSession(runtime, compiled, evaluation, credential, asked.exchange.req.headers);
  const asks = readQuestionOf(runtime, compiled, evaluation, action, credential, asked.exchange.req.headers);
  if ("refusal" in asks) return answer(runtime, asked, refusalDecision(compiled, asks.refusal), null, null);
  let { request } = asks;
  if (asks.session !== null)
    asked.exchange.sessionToken = runtime.sessions.close(asks.session, request.labels, request.system);
  let decision = ask(runtime, compiled, request);
  // What the rules said, before a hold's state is told: a replay compares with this.
  let decided = decision;
  let ticket: HoldTicket | null = null;
  if (decision.outcome === "hold") {
    const resource = `${request.resource.type}:${request.resource.id}`;
    const callHash = callHashOf({
      system: request.system,
      action,
      resource,
      input: request.input,
      data: request.data,
      digest: request.digest,
      purpose: request.purpose,
    });
    const named = approvalNamed(asked);
    const result = named === null ? null : await spend(runtime, named, callHash, request.system, decision);
    if (result !== null && "spent" in result) {
      request = { ...request, approval: result.spent };
      decision = decided = ask(runtime, compiled, request);
    } else if (result !== null && !result.again) {
      if (result.refusal.code === "control_unavailable") return { refusal: result.refusal };
      ticket = result.refusal.approval ?? null;
      decision = {
        ...decision,
        outcome: ticket === null ? "deny" : "hold",
        code: result.refusal.code === "approval_required" ? "approval_required" : "policy",
        reason: result.refusal.reason,
        remedies: result.refusal.remedies,
      };
    } else {
      const opened = await openHold(
        runtime,
        {
          decisionId: asked.decisionId,
          system: request.system,
          requester: asked.asker.accountable,
          credentialId: asked.asker.id,
          callHash,
        },
        [{ decision, request, input: request.input, resource }],
      );
      if (opened.ticket === null) return { refusal: opened.refusal };
      ticket = opened.ticket;
      decision = { ...decision, code: "approval_required", remedies: opened.refusal.remedies };
    }
  }
  return answer(runtime, asked, decision, request, ticket, { decided, question: asks });
}

/** The ticket of the repeat: as a header, or as the access request profile carries it. */
function approvalNamed({ exchange, evaluation }: Asked): string | null {
  const { approval } = evaluation.context;
  const named = exchange.req.headers["x-mandate-approval"] ?? (isMembers(approval) ? approval.id : undefined);
  return typeof named === "string" && named !== "" && named.length <= 200 ? named : null;
}

/** What an evaluation would answer, without asking a person or leaving a record. @throws FieldProblem */
export function wouldDecide(runtime: Runtime, compiled: Compiled, evaluation: Evaluation): Decision {
  const action = evaluation.subject.type === "system" ? actions.find((one) => one === evaluation.action.name) : undefined;
  if (action === undefined) return externally(runtime, compiled, evaluation);
  const asks = readQuestionOf(runtime, compiled, evaluation, action, null, {});
  return "refusal" in asks ? refusalDecision(compiled, asks.refusal) : ask(runtime, compiled, asks.request);
}

async function external(runtime: Runtime, asked: Asked): Promise<{ body: AuthzenAnswer } | { refusal: Refusal }> {
  return answer(runtime, asked, externally(runtime, asked.compiled, asked.evaluation), null, null);
}

function isExternal({ subject, action }: Evaluation): boolean {
  return subject.type !== "system" || !(actions as readonly string[]).includes(action.name);
}

function externalRequest({ subject, action, resource, context }: Evaluation): ExternalRequest {
  return {
    subject: { type: subject.type, id: subject.id, props: subject.properties },
    action: action.name,
    actionProps: action.properties,
    resource: { type: resource.type, id: resource.id, props: resource.properties },
    context,
  };
}

function externally(runtime: Runtime, compiled: Compiled, evaluation: Evaluation): Decision {
  const { action } = evaluation;
  let decision: Decision;
  try {
    decision = compiled.policy.decideExternal(externalRequest(evaluation));
  } catch (error) {
    runtime.options.log.error("policy.failed", { error: String(error), action: action.name });
    return refusalDecision(
      compiled,
      refuse("policy", "The rules could not be evaluated, so the answer is no.", "Tell the person who runs Mandate."),
    );
  }
  // Holds have approvers of a system; outside one there is nobody to ask.
  return decision.outcome === "hold" ? { ...decision, outcome: "deny", code: "policy" } : decision;
}

async function answer(
  runtime: Runtime,
  asked: Asked,
  decision: Decision,
  request: DecisionRequest | null,
  ticket: HoldTicket | null,
  /** What the rules themselves said, and what else was known of the question. */
  known: { readonly decided: Decision; readonly question: Pick<Question, "session" | "user" | "declassified"> } | null = null,
): Promise<{ body: AuthzenAnswer } | { refusal: Refusal }> {
  const { evaluation, exchange, compiled, asker } = asked;
  const resource = `${evaluation.resource.type}:${request?.resource.id ?? evaluation.resource.id}`;
  const remedies = withLinks(
    decision.outcome === "allow" ? decision.remedies : refusalOf(decision).remedies,
    exchange.links.consoleUrl,
  );
  const approvals = ticket !== null ? [ticket.id] : request?.approval != null ? [request.approval.id] : [];
  const draft: EntryDraft = {
    type: "decision",
    decisionId: asked.decisionId,
    system: evaluation.subject.type === "system" ? evaluation.subject.id.slice(0, 120) : null,
    policyVersion: decision.policyVersion,
    registerVersion: compiled.version,
    outcome: decision.outcome,
    approvals,
    retention: asked.system?.tier ?? "T0",
    terminal: decision.outcome === "allow" ? "done" : "refused",
    payload: {
      caller: { id: asker.id, accountable: asker.accountable },
      requestId: exchange.requestId,
      surface: "authzen",
      subject: evaluation.subject,
      action: evaluation.action,
      resource,
      context: atDetail(evaluation.context, asked.system),
      asserted:
        asker.credential === null && asked.system !== null && request !== null
          ? Object.keys(assertedClaims(evaluation.context, asked.system))
          : [],
      code: decision.code,
      param: decision.param,
      reason: decision.reason,
      rule: decision.rule,
      matched: decision.matched,
      alert: decision.alert ?? null,
      obligations: decision.obligations,
      declassified: known?.question.declassified ?? [],
    },
    messages: [],
    sessionId: known?.question.session?.id ?? null,
    ...(request === null && known === null && isExternal(evaluation)
      ? { context: { external: externalRequest(evaluation), facts: compiled.snapshot.factsDigest ?? null, decision, release: release() } }
      : aboutOf(compiled, request, known?.decided ?? null, known?.question.user ?? null)),
    ...traced(exchange, () => aboutOfResource(compiled, isExternal(evaluation) ? "external" : evaluation.action.name, { surface: "authzen", resource, decision }), asked.system !== null),
    summary: {
      action: evaluation.action.name.slice(0, 120),
      resource: resource.slice(0, 200),
      outcome: decision.outcome,
      code: decision.code,
      reason: decision.reason,
      rule: decision.rule,
      surface: "authzen",
      credential: asker.credential?.id ?? null,
      approval: approvals.at(0) ?? null,
      durationMs: Math.round(runtime.now() - exchange.startedMs),
      tokens: null,
      ...linksOf(asker.credential),
    },
  };
  try {
    await runtime.options.evidence.decision(draft);
  } catch (error) {
    noteUnwritten(runtime, asked.decisionId, error);
    return { refusal: evidenceRefusal };
  }
  return {
    body: {
      decision: decision.outcome === "allow",
      context: {
        outcome: decision.outcome,
        code: decision.code,
        param: decision.param,
        reason: decision.reason,
        rule: decision.rule,
        remedies,
        decision_id: asked.decisionId,
        obligations: obligationObjects(decision.obligations),
        ...(ticket === null
          ? {}
          : {
              approval: { id: ticket.id, url: ticket.url, expires_at: ticket.expiresAt },
              ...requestable(asked.decisionId, runtime.now(), ticket),
            }),
      },
    },
  };
}

function refusalDecision(compiled: Compiled, refusal: Refusal): Decision {
  return {
    outcome: "deny",
    code: refusal.code as Decision["code"],
    param: refusal.param,
    reason: refusal.reason,
    rule: refusal.rule,
    matched: [],
    remedies: refusal.remedies,
    obligations: [],
    hold: null,
    policyVersion: compiled.policy.policyVersion,
  };
}

/** The conversation is content: below `full` detail it stays out. What was decided stands in the evaluation context. */
function atDetail(context: Members, system: SystemFacts | null): Members {
  if (system === null || system.parameters.logDetail === "full") return context;
  const { messages: _content, ...rest } = context;
  return rest;
}

