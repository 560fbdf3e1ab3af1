import { authenticate, type CallingCredential } from "../auth/authenticate.ts";
import type { Compiled } from "../compiled.ts";
import type { Exchange } from "../http/exchange.ts";
import { readBody } from "../http/read-body.ts";
import { type Refusal, refuse, statusOf } from "../http/refusal.ts";
import { hasExactNumbers, parseStrictObject, UnreadableJson } from "../json/strict-json.ts";
import type { AuthzenCaller } from "../options.ts";
import { refuseKnown } from "../pipeline/refuse-known.ts";
import type { Runtime } from "../pipeline/runtime.ts";
import { FieldProblem, type Members } from "../surfaces/fields.ts";

export interface Known {
  /** The subject's own gateway key; null for an API token. */
  readonly credential: CallingCredential | null;
  /** The credential's system may not operate: asking is answered, with that. */
  readonly stateRefusal: Refusal | null;
}

/** Who asks. @returns null once the exchange was refused */
export function knownCaller(
  runtime: Runtime,
  exchange: Exchange,
  compiled: Compiled,
  caller: AuthzenCaller | null,
  countUnknown: (refusal: Refusal) => void,
): Known | null {
  if (caller !== null) return { credential: null, stateRefusal: null };
  const known = authenticate(compiled, exchange.req, Math.floor(runtime.now() / 1000), runtime.proofs);
  if (!known.known || (known.refusal !== null && statusOf(known.refusal.code) === 401)) {
    const refusal = known.refusal!;
    countUnknown(refusal);
    exchange.refuse(refusal);
    return null;
  }
  return { credential: known.credential, stateRefusal: known.refusal };
}

/**
 * Refuses the whole request. A caller whose gateway key is known leaves a record of it, as on every other surface; an API
 * token's holder manages this installation, and is told alone.
 */
export async function refuseQuestion(
  runtime: Runtime,
  exchange: Exchange,
  compiled: Compiled,
  { credential }: Pick<Known, "credential">,
  refusal: Refusal,
): Promise<void> {
  // What can't be written down can't be written down a second time.
  if (credential === null || refusal.code === "evidence_unavailable") return exchange.refuse(refusal);
  const system = credential.system === null ? null : (compiled.systems.get(credential.system) ?? null);
  return refuseKnown(runtime, { exchange, compiled, system, credential, surface: "authzen", action: "external", resource: "question:unread" }, refusal);
}

/**
 * The question as JSON: whatever is not, or is ill-typed once `read` looks at it, is 400 (AuthZEN 1.0 §10.1.2).
 * @returns undefined once the exchange was refused, or its caller left
 */
export async function readQuestion<T>(
  runtime: Runtime,
  exchange: Exchange,
  refuseIt: (refusal: Refusal) => Promise<void> | void,
  read: (value: Members) => T,
): Promise<T | undefined> {
  const body = await exchange.time.during(readBody(exchange.req, runtime.limits, exchange.held));
  if (body === undefined) return undefined;
  const question = Buffer.isBuffer(body) ? parse(runtime, exchange.req.headers["content-type"], body, read) : { refusal: body };
  if ("value" in question) return question.value;
  await refuseIt(question.refusal);
  return undefined;
}

function parse<T>(
  runtime: Runtime,
  type: string | undefined,
  body: Buffer,
  read: (value: Members) => T,
): { readonly value: T } | { readonly refusal: Refusal } {
  if (type !== undefined && !/^application\/json(?:\s*;|$)/i.test(type))
    return {
      refusal: refuse("unreadable_body", "The question is not sent as JSON.", "Send it with Content-Type: application/json.", "content-type"),
    };
  try {
    const { value } = parseStrictObject(body, runtime.limits.maxJsonDepth);
    if (!hasExactNumbers(body.toString("utf8")))
      throw new UnreadableJson("A number has more digits than can be read exactly; send it as text.");
    return { value: read(value) };
  } catch (error) {
    if (error instanceof UnreadableJson)
      return { refusal: refuse("unreadable_body", error.message, "Send one well-formed JSON object in UTF-8.") };
    if (error instanceof FieldProblem) return { refusal: illTyped(error) };
    throw error;
  }
}

export function illTyped(problem: FieldProblem): Refusal {
  return refuse("unreadable_body", problem.message, "Correct the field and ask again.", problem.param);
}
