import type { IncomingHttpHeaders } from "node:http";
import {
  type ActionName,
  type DecisionRequest,
  type ResourceType,
  sensitivities,
  type Sensitivity,
  type SystemFacts,
} from "@mandate/model";
import { argumentsFromUser, type Declassified } from "@mandate/policy";
import type { CallingCredential } from "../auth/authenticate.ts";
import type { Session } from "../auth/session-token.ts";
import type { User } from "../auth/user-token.ts";
import type { Compiled } from "../compiled.ts";
import type { Refusal } from "../http/refusal.ts";
import { callerContext, sessionName } from "../pipeline/question.ts";
import type { Runtime } from "../pipeline/runtime.ts";
import { FieldProblem, isMembers, type Members } from "../surfaces/fields.ts";
import { readMessages } from "../surfaces/openai-chat/request.ts";
import type { Evaluation } from "./request.ts";

export const resourceTypes: Readonly<Record<ActionName, ResourceType>> = {
  "tool.call": "tool",
  "model.call": "model",
  "data.export": "destination",
  deploy: "system",
};

export interface Question {
  readonly request: DecisionRequest;
  /** Null without a session of the caller's. */
  readonly session: Session | null;
  /** Whose content the question is, where a token of theirs came with it. */
  readonly user: User | null;
  readonly declassified: readonly Declassified[];
}

/**
 * The words of AuthZEN as a question to the policy decision point. Changes nothing.
 * @param credential the subject's own gateway key, or null for an API token
 */
export function readQuestionOf(
  runtime: Runtime,
  compiled: Compiled,
  evaluation: Evaluation,
  action: ActionName,
  credential: CallingCredential | null,
  headers: IncomingHttpHeaders,
): Question | { refusal: Refusal } {
  const { context } = evaluation;
  const system = compiled.systems.get(evaluation.subject.id) ?? null;
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
      request: {
        ...base,
        purpose: null,
        labels: { maxSensitivity: "restricted", untrusted: true, residency: [], classes: [], purposes: null },
        session: {},
        argumentsFromUser: false,
      },
      session: null,
      user: null,
      declassified: [],
    };
  const known = callerContext(runtime, compiled, system, credential, headersOf(context, headers), turns, found.opaque);
  if ("refusal" in known) return known;
  return {
    request: {
      ...base,
      purpose: known.purpose,
      labels: known.labels,
      session: { ...(credential === null ? assertedClaims(context, system) : {}), ...known.user?.claims },
      argumentsFromUser: called !== undefined && input !== null && argumentsFromUser(called, input, known.userTexts),
    },
    session: known.session,
    user: known.user,
    declassified: known.declassified,
  };
}

/** What other gateways know of the asked session is known here before `readQuestionOf`. */
export function settleSession(runtime: Runtime, compiled: Compiled, { subject, context }: Evaluation, credential: CallingCredential | null, headers: IncomingHttpHeaders): Promise<void> | undefined {
  const system = compiled.systems.get(subject.id);
  return system === undefined ? undefined : runtime.sessions.settle(sessionName(headersOf(context, headers)), system, credential?.id ?? "");
}

/** The same words in `context` as in the headers of a model call; a header, where both are sent, wins. */
function headersOf(context: Members, headers: IncomingHttpHeaders): IncomingHttpHeaders {
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
export function assertedClaims(context: Members, system: SystemFacts): Record<string, unknown> {
  if (!isMembers(context.session)) return {};
  const claims: Record<string, unknown> = {};
  for (const name of system.session.claims) {
    if (Object.hasOwn(context.session, name) && context.session[name] !== null && context.session[name] !== "")
      claims[name] = context.session[name];
  }
  return claims;
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
