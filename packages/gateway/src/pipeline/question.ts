import { type Channel, detect, type Finding } from "@mandate/detectors";
import {
  cleanLabels,
  type DecisionRequest,
  type SessionLabels,
  type SystemFacts,
} from "@mandate/model";
import type { CallingCredential } from "../auth/authenticate.ts";
import { type Declassified, declassifiedIn, labelsFromMessages, type Turn, userTextsFromMessages } from "@mandate/policy";
import type { IncomingHttpHeaders } from "node:http";
import { purposeOf } from "../auth/purpose.ts";
import { joinLabels, type Session } from "../auth/session-token.ts";
import { type User, verifyUser } from "../auth/user-token.ts";
import type { Compiled } from "../compiled.ts";
import type { Refusal } from "../http/refusal.ts";
import type { Runtime } from "./runtime.ts";
import type { TextsRead } from "./texts-read.ts";

/** Findings less sure than this name no class: a boundary must not refuse on a guess. */
const minConfidence = 0.8;

const classOfType: Readonly<Record<string, string>> = {
  email: "personal",
  phone: "personal",
  us_ssn: "personal",
  person: "personal",
  address: "personal",
  health: "health",
  credit_card: "payment",
  iban: "payment",
};

/** What a tool returned isn't the user's to say, and an instruction in it is a signal. */
const channelOf: Readonly<Record<Turn["role"], Channel>> = { system: "user", user: "user", assistant: "output", tool: "tool" };

export interface CallerContext {
  readonly purpose: string | null;
  readonly user: User | null;
  readonly session: Session | null;
  readonly labels: SessionLabels;
  readonly userTexts: readonly string[];
  /** Results that taint nothing although their tools' output is untrusted. */
  readonly declassified: readonly Declassified[];
}

/** Purpose, user, session and labels of a call: everything about a request that isn't the thing asked for. */
export function callerContext(
  runtime: Runtime,
  compiled: Compiled,
  system: SystemFacts,
  credential: CallingCredential | null,
  headers: IncomingHttpHeaders,
  turns: readonly Turn[],
  opaque: boolean,
  references: readonly string[] = [],
): CallerContext | { refusal: Refusal } {
  const named = purposeOf(system, credential, one(headers["x-mandate-purpose"]));
  if ("refusal" in named) return named;
  const verified = verifyUser(
    one(headers["x-mandate-user"]),
    system,
    Math.floor(runtime.now() / 1000),
    compiled.issuerKeys,
    credential?.token?.user ?? null,
  );
  if ("refusal" in verified) return verified;
  const session = runtime.sessions.open(sessionName(headers), system, credential?.id ?? "");
  const answered = runtime.emitted.recognise(system.name, turns);
  const recognised = runtime.mcp.emitted.recognise(system, answered.turns, compiled.toolsByCalledName);
  const seen =
    turns.length === 0 && session === null
      ? { ...cleanLabels, untrusted: true }
      : labelsFromMessages(recognised, system, compiled.snapshot.facts);
  let labels = session === null ? seen : joinLabels(session.labels, seen);
  for (const known of [answered.labels, runtime.mcp.emitted.labelsIn(system, turns), runtime.emitted.labelsOf(system.name, references)])
    if (known !== null) labels = joinLabels(labels, known);
  // What no check can read may hold anything: untrusted, and as sensitive as the boundary allows.
  if (opaque)
    labels = joinLabels(labels, { ...cleanLabels, untrusted: true, maxSensitivity: system.boundary.sensitivity });
  return {
    purpose: named.purpose,
    user: verified.user,
    session,
    labels,
    userTexts: userTextsFromMessages(turns, system),
    declassified: declassifiedIn(recognised, compiled.snapshot.facts),
  };
}

/**
 * GUARDRAILS, Information flow 4: the caller's own session, else the trace that the call belongs to. Whatever names one
 * can only raise labels, so a made-up name gains nothing.
 */
export function sessionName(headers: IncomingHttpHeaders): string | undefined {
  const named = one(headers["x-mandate-session"]);
  if (named !== undefined && named !== "") return named;
  // W3C Trace Context 1 §3.2: version, trace id, parent id, flags
  const trace = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(one(headers.traceparent) ?? "")?.[1];
  return trace === undefined || /^0+$/.test(trace) ? undefined : `traceparent:${trace}`;
}

export interface Detected {
  readonly types: readonly string[];
  readonly classes: readonly string[];
}

/** @throws whatever a detector throws: a check that did not run must refuse (G11) */
export function detectIn(texts: readonly string[], channel: Channel = "tool"): Detected {
  return summarized(texts.flatMap((text) => (text.length < 4 ? [] : detect(text, { channel }))));
}

/** As `detectIn`, each turn by its own channel. */
export function detectInTurns(texts: TextsRead, turns: readonly Turn[]): Detected {
  return texts.readAll(turns.map(({ role, text }) => ({ text, channel: channelOf[role] })));
}

export function merged(first: Detected, second: Detected): Detected {
  return {
    types: [...new Set([...first.types, ...second.types])],
    classes: [...new Set([...first.classes, ...second.classes])],
  };
}

export function summarized(findings: readonly Finding[]): Detected {
  const types = new Set<string>();
  const classes = new Set<string>();
  for (const finding of findings) {
    types.add(finding.type);
    const named = finding.type.startsWith("secret.") ? "secret" : classOfType[finding.type];
    if (named !== undefined && finding.confidence >= minConfidence) classes.add(named);
  }
  return { types: [...types], classes: [...classes] };
}

export function modelQuestion(
  runtime: Runtime,
  system: SystemFacts,
  model: string,
  context: CallerContext,
  detected: Detected,
  opaque: boolean,
): DecisionRequest {
  return {
    system: system.name,
    action: "model.call",
    resource: { type: "model", id: model },
    now: Math.floor(runtime.now() / 1000),
    purpose: context.purpose,
    labels: context.labels,
    session: context.user?.claims ?? {},
    input: null,
    argumentsFromUser: false,
    data: { classes: detected.classes, region: null, sensitivity: opaque ? system.boundary.sensitivity : null },
    digest: null,
    approval: null,
  };
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value;
}
