import {
  actions,
  type ActionName,
  type Decision,
  type DecisionRequest,
  type ResourceType,
  sensitivities,
  type Sensitivity,
  type SystemFacts,
} from "@mandate/model";
import type { CallingCredential } from "../auth/authenticate.ts";
import { argumentsFromUser } from "@mandate/policy";
import type { IncomingHttpHeaders } from "node:http";
import type { HoldTicket } from "../control-port.ts";
import type { EntryDraft } from "../evidence-sink.ts";
import type { Compiled } from "../compiled.ts";
import type { Exchange } from "../http/exchange.ts";
import { type Refusal, refuse, refusalOf, withLinks } from "../http/refusal.ts";
import { callHashOf, openHold, spend } from "../pipeline/holds.ts";
import { callerContext } from "../pipeline/question.ts";
import { contextOf } from "../pipeline/record.ts";
import { ask } from "../pipeline/ask.ts";
import type { Runtime } from "../pipeline/runtime.ts";
import { evidenceRefusal } from "../pipeline/refuse-known.ts";
import { FieldProblem, isMembers, type Members } from "../surfaces/fields.ts";
import { readMessages } from "../surfaces/openai-chat/request.ts";
import type { Evaluation } from "./request.ts";

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

const resourceTypes: Readonly<Record<ActionName, ResourceType>> = {
  "tool.call": "tool",
  "model.call": "model",
  "data.export": "destination",
  deploy: "system",
};

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
  const asks = question(runtime, asked, action);
  if ("refusal" in asks) return answer(runtime, asked, refusalDecision(compiled, asks.refusal), null, null);
  let request = asks;
  let decision = ask(runtime, compiled, request);
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
    const header = asked.exchange.req.headers["x-mandate-approval"];
    const result =
      typeof header === "string" && header !== "" && header.length <= 200
        ? await spend(runtime, header, callHash, request.system, decision)
        : null;
    if (result !== null && "spent" in result) {
      request = { ...request, approval: result.spent };
      decision = ask(runtime, compiled, request);
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
  return answer(runtime, asked, decision, request, ticket);
}

function question(runtime: Runtime, asked: Asked, action: ActionName): DecisionRequest | { refusal: Refusal } {
  const { evaluation, compiled, system, asker } = asked;
  const { context } = evaluation;
  const input = optional(context, "input", isMembers, "an object");
  const messages = optional(context, "messages", Array.isArray, "an array of messages");
  const called = action === "tool.call" ? compiled.toolsByCalledName.get(evaluation.resource.id) : undefined;
  const id = called?.name ?? evaluation.resource.id;
  const found = { effects: [], references: [], unlisted: [], opaque: false };
  const turns = messages === null ? [] : readMessages(messages, found);
  const base = {
    system: evaluation.subject.id,
    action,
    resource: { type: resourceTypes[action], id },
    now: Math.floor(runtime.now() / 1000),
    input,
    data: {
      classes: classesOf(context),
      region: optional(context, "region", isText, "a string"),
      sensitivity: sensitivityOf(context),
    },
    digest: optional(context, "digest", isText, "a string"),
    approval: null,
  };
  // An unknown system has no labels to compute: the rules refuse it by name.
  if (system === null)
    return {
      ...base,
      purpose: null,
      labels: { maxSensitivity: "restricted", untrusted: true, residency: [], classes: [], purposes: null },
      session: {},
      argumentsFromUser: false,
    };
  const known = callerContext(runtime, compiled, system, asker.credential, headersOf(asked), turns, found.opaque);
  if ("refusal" in known) return known;
  if (known.session !== null)
    asked.exchange.sessionToken = runtime.sessions.close(
      known.session,
      known.labels,
      system.name,
      asker.credential?.id ?? "",
    );
  return {
    ...base,
    purpose: known.purpose,
    labels: known.labels,
    session: { ...(asker.credential === null ? assertedClaims(context, system) : {}), ...known.user?.claims },
    argumentsFromUser: called !== undefined && input !== null && argumentsFromUser(called, input, known.userTexts),
  };
}

/** The same words in `context` as in the headers of a model call; a header, where both are sent, wins. */
function headersOf(asked: Asked): IncomingHttpHeaders {
  const { context } = asked.evaluation;
  const { headers } = asked.exchange.req;
  const session = typeof context.session === "string" ? context.session : undefined;
  const isJwt = session !== undefined && !session.startsWith("mss1.") && session.split(".").length === 3;
  return {
    "x-mandate-purpose": headers["x-mandate-purpose"] ?? optional(context, "purpose", isText, "a string") ?? undefined,
    "x-mandate-session": headers["x-mandate-session"] ?? (isJwt ? undefined : session),
    "x-mandate-user": headers["x-mandate-user"] ?? (isJwt ? session : undefined),
  };
}

/**
 * Claims that an enforcement point vouches for under its own API token (AuthZEN §5.4), of those the register lists; a
 * verified token overrides them. INVARIANT: never for a gateway key. Its holder is the system itself, and an agent that
 * may say for whom it acts would act for anyone.
 */
function assertedClaims(context: Members, system: SystemFacts): Record<string, unknown> {
  if (!isMembers(context.session)) return {};
  const claims: Record<string, unknown> = {};
  for (const name of system.session.claims) {
    if (Object.hasOwn(context.session, name) && context.session[name] !== null && context.session[name] !== "")
      claims[name] = context.session[name];
  }
  return claims;
}

async function external(runtime: Runtime, asked: Asked): Promise<{ body: AuthzenAnswer } | { refusal: Refusal }> {
  const { subject, action, resource, context } = asked.evaluation;
  const decision = ((): Decision => {
    try {
      return asked.compiled.policy.decideExternal({
        subject: { type: subject.type, id: subject.id, props: subject.properties },
        action: action.name,
        actionProps: action.properties,
        resource: { type: resource.type, id: resource.id, props: resource.properties },
        context,
      });
    } catch (error) {
      runtime.options.log.error("policy.failed", { error: String(error), action: action.name });
      return refusalDecision(
        asked.compiled,
        refuse("policy", "The rules could not be evaluated, so the answer is no.", "Tell the person who runs Mandate."),
      );
    }
  })();
  // Holds have approvers of a system; outside one there is nobody to ask.
  return answer(
    runtime,
    asked,
    decision.outcome === "hold" ? { ...decision, outcome: "deny", code: "policy" } : decision,
    null,
    null,
  );
}

async function answer(
  runtime: Runtime,
  asked: Asked,
  decision: Decision,
  request: DecisionRequest | null,
  ticket: HoldTicket | null,
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
    },
    messages: [],
    sessionId: null,
    context: request === null ? null : contextOf(request),
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
    },
  };
  try {
    await runtime.options.evidence.decision(draft);
  } catch (error) {
    runtime.options.log.error("evidence.decision_failed", { decision: asked.decisionId, error: String(error) });
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
        obligations: decision.obligations,
        ...(ticket === null ? {} : { approval: { id: ticket.id, url: ticket.url, expires_at: ticket.expiresAt } }),
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

function classesOf(context: Members): readonly string[] {
  const named = context.class ?? context.classes;
  if (named === undefined || named === null) return [];
  const list: readonly unknown[] = Array.isArray(named) ? named : [named];
  return list.map((one) => {
    if (typeof one !== "string") throw new FieldProblem("context.class", "a string, or an array of strings");
    return one;
  });
}

function sensitivityOf(context: Members): Sensitivity | null {
  const named = context.sensitivity;
  if (named === undefined || named === null) return null;
  const found = sensitivities.find((one) => one === named);
  if (found === undefined) throw new FieldProblem("context.sensitivity", `one of ${sensitivities.join(", ")}`);
  return found;
}

function optional<T>(context: Members, name: string, is: (value: unknown) => value is T, expected: string): T | null {
  const value = context[name];
  if (value === undefined || value === null) return null;
  if (!is(value)) throw new FieldProblem(`context.${name}`, expected);
  return value;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
