import { newId, type SystemFacts } from "@mandate/model";
import { authenticate, type CallingCredential } from "../auth/authenticate.ts";
import type { Compiled } from "../compiled.ts";
import type { Exchange } from "../http/exchange.ts";
import { readBody } from "../http/read-body.ts";
import { type Refusal, refuse, statusOf } from "../http/refusal.ts";
import { hasExactNumbers, parseStrictObject, UnreadableJson } from "../json/strict-json.ts";
import type { AuthzenCaller } from "../options.ts";
import { stalenessRefusal } from "../pipeline/refuse-known.ts";
import type { Runtime } from "../pipeline/runtime.ts";
import { FieldProblem } from "../surfaces/fields.ts";
import { type Asked, type Asker, evaluate } from "./evaluate.ts";
import { type Batch, readBatch, readEvaluation } from "./request.ts";

/** OpenID AuthZEN Authorization API 1.0: evaluation and evaluations. A deny is 200; ill-typed input is 400. */
export async function handleAuthzen(
  runtime: Runtime,
  exchange: Exchange,
  compiled: Compiled,
  caller: AuthzenCaller | null,
  countUnknown: (refusal: Refusal) => void,
): Promise<void> {
  const { req } = exchange;
  if (req.method !== "POST") {
    exchange.res.setHeader("allow", "POST");
    return exchange.refuse(refuse("method_not_allowed", "This path takes POST.", "Send the question as a JSON body."));
  }
  let credential: CallingCredential | null = null;
  let stateRefusal: Refusal | null = null;
  if (caller === null) {
    const known = authenticate(compiled, req, Math.floor(runtime.now() / 1000), runtime.proofs);
    if (!known.known) {
      countUnknown(known.refusal);
      return exchange.refuse(known.refusal);
    }
    if (known.refusal !== null && statusOf(known.refusal.code) === 401) {
      countUnknown(known.refusal);
      return exchange.refuse(known.refusal);
    }
    credential = known.credential;
    stateRefusal = known.refusal;
  }
  const body = await readBody(req, runtime.limits);
  if (body === undefined) return;
  if (!Buffer.isBuffer(body)) return exchange.refuse(body);
  let batch: Batch;
  try {
    const { value } = parseStrictObject(body, runtime.limits.maxJsonDepth);
    if (!hasExactNumbers(body.toString("utf8")))
      throw new UnreadableJson("A number has more digits than can be read exactly; send it as text.");
    batch = (req.url ?? "").split("?")[0]!.endsWith("/evaluations")
      ? readBatch(value)
      : { evaluations: [readEvaluation(value)], semantic: "execute_all", many: false };
  } catch (error) {
    if (error instanceof UnreadableJson)
      return exchange.refuse(refuse("unreadable_body", error.message, "Send one well-formed JSON object in UTF-8."));
    if (error instanceof FieldProblem)
      return exchange.refuse(refuse("unreadable_body", error.message, "Correct the field and ask again.", error.param));
    throw error;
  }

  const asker: Asker = {
    credential,
    id: credential?.id ?? caller?.id ?? "",
    accountable: credential?.accountable ?? caller?.accountable ?? "",
  };
  const answers: unknown[] = [];
  for (const [index, evaluation] of batch.evaluations.entries()) {
    const system: SystemFacts | null =
      evaluation.subject.type === "system" ? (compiled.systems.get(evaluation.subject.id) ?? null) : null;
    if (credential !== null && (evaluation.subject.type !== "system" || evaluation.subject.id !== credential.system)) {
      return exchange.refuse(
        refuse(
          "not_granted",
          "A gateway key asks for its own system alone.",
          "Ask with an API token, or name the key's system as the subject.",
          "subject",
        ),
      );
    }
    const stale = system === null ? null : stalenessRefusal(runtime, system);
    if (stale !== null) return exchange.refuse(stale);
    const decisionId = index === 0 ? exchange.decisionId : newId("decision", runtime.now(), runtime.options.random);
    const asked: Asked = { exchange, compiled, decisionId, evaluation, system, asker, stateRefusal };
    let answer: Awaited<ReturnType<typeof evaluate>>;
    try {
      answer = await evaluate(runtime, asked);
    } catch (error) {
      if (!(error instanceof FieldProblem)) throw error;
      return exchange.refuse(refuse("unreadable_body", error.message, "Correct the field and ask again.", error.param));
    }
    if ("refusal" in answer) return exchange.refuse(answer.refusal);
    answers.push(answer.body);
    if (batch.semantic === "deny_on_first_deny" && !answer.body.decision) break;
    if (batch.semantic === "permit_on_first_permit" && answer.body.decision) break;
  }
  exchange.json(200, batch.many ? { evaluations: answers } : answers[0]);
}

/**
 * AuthZEN 1.0 §9: what a listener answers, at its configured address. Never at the request's Host: whoever sends that
 * would tell every reader of a cached copy where to ask.
 */
export function authzenConfiguration(base: string): Readonly<Record<string, string>> {
  return {
    policy_decision_point: base,
    access_evaluation_endpoint: `${base}/access/v1/evaluation`,
    access_evaluations_endpoint: `${base}/access/v1/evaluations`,
  };
}
