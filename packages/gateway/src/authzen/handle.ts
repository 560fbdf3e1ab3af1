import { isProbe, newId, type SystemFacts } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import type { Exchange } from "../http/exchange.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import type { AuthzenCaller } from "../options.ts";
import { stalenessRefusal } from "../pipeline/refuse-known.ts";
import type { Runtime } from "../pipeline/runtime.ts";
import { FieldProblem } from "../surfaces/fields.ts";
import { illTyped, knownCaller, readQuestion, refuseQuestion } from "./caller.ts";
import { type Asked, type Asker, type AuthzenAnswer, evaluate } from "./evaluate.ts";
import { type Batch, type Evaluation, readBatch, readEvaluation, searches } from "./request.ts";
import { handleSearch } from "./search.ts";

/**
 * OpenID AuthZEN Authorization API 1.0: evaluation, evaluations and the searches. A deny is 200; ill-typed input is 400.
 * @param caller the API token's, checked by the control plane; null: the bearer must be the subject's gateway key
 */
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
  const known = knownCaller(runtime, exchange, compiled, caller, countUnknown);
  if (known === null) return;
  const path = (req.url ?? "").split("?")[0]!;
  const wanted = searches.find((one) => path === `/access/v1/search/${one}`);
  const refused = (refusal: Refusal): Promise<void> => refuseQuestion(runtime, exchange, compiled, known, refusal);
  // INVARIANT: a system's own key learns what it may do by asking, not who else may.
  if (wanted !== undefined)
    return caller === null
      ? refused(refuse("not_granted", "A gateway key does not search.", "Search with an API token, on the control listener."))
      : handleSearch(runtime, exchange, compiled, caller, wanted);
  const batch = await readQuestion<Batch>(runtime, exchange, refused, (value) =>
    path.endsWith("/evaluations")
      ? readBatch(value)
      : { evaluations: [readEvaluation(value)], semantic: "execute_all", many: false },
  );
  if (batch === undefined) return;

  const { credential, stateRefusal } = known;
  const asker: Asker = {
    credential,
    id: credential?.id ?? caller?.id ?? "",
    accountable: credential?.accountable ?? caller?.accountable ?? "",
  };
  if (!isProbe(credential?.id)) exchange.time.kind = "decision";
  const answers: AuthzenAnswer[] = [];
  for (const [index, evaluation] of batch.evaluations.entries()) {
    const decisionId = index === 0 ? exchange.decisionId : newId("decision", runtime.now(), runtime.options.random);
    const answer =
      evaluation instanceof FieldProblem
        ? evaluation
        : await one(runtime, { exchange, compiled, decisionId, asker, stateRefusal }, evaluation);
    if ("code" in answer) return refused(answer);
    if (answer instanceof FieldProblem && !batch.many) return refused(illTyped(answer));
    const body = answer instanceof FieldProblem ? failed(answer) : answer;
    answers.push(body);
    if (batch.semantic === "deny_on_first_deny" && !body.decision) break;
    if (batch.semantic === "permit_on_first_permit" && body.decision) break;
  }
  exchange.json(200, batch.many ? { evaluations: answers } : answers[0]);
}

/** @returns the answer, what is ill-typed in the question, or why the whole request is refused */
async function one(
  runtime: Runtime,
  asking: Omit<Asked, "evaluation" | "system">,
  evaluation: Evaluation,
): Promise<AuthzenAnswer | FieldProblem | Refusal> {
  const { subject } = evaluation;
  const { credential } = asking.asker;
  if (credential !== null && (subject.type !== "system" || subject.id !== credential.system))
    return refuse(
      "not_granted",
      "A gateway key asks for its own system alone.",
      "Ask with an API token, or name the key's system as the subject.",
      "subject",
    );
  const system: SystemFacts | null =
    subject.type === "system" ? (asking.compiled.systems.get(subject.id) ?? null) : null;
  const stale = system === null ? null : stalenessRefusal(runtime, system);
  if (stale !== null) return stale;
  try {
    const answer = await evaluate(runtime, { ...asking, evaluation, system });
    return "refusal" in answer ? answer.refusal : answer.body;
  } catch (error) {
    if (error instanceof FieldProblem) return error;
    throw error;
  }
}

/** One question of several that can't be answered: its decision is no, and says why (§7.3). */
function failed({ message, param }: FieldProblem): AuthzenAnswer {
  return {
    decision: false,
    context: {
      outcome: "deny",
      code: "unreadable_body",
      param,
      reason: message,
      rule: null,
      remedies: [{ text: "Correct the field and ask again." }],
      obligations: [],
      error: { status: 400, message },
    },
  };
}

/**
 * AuthZEN 1.0 §9: what a listener answers, at its configured address. Never at the request's Host: whoever sends that
 * would tell every reader of a cached copy where to ask.
 * @param more whether this listener searches and takes access requests: the control listener alone does
 */
export function authzenConfiguration(
  base: string,
  more: { readonly searches: boolean } = { searches: false },
): Readonly<Record<string, unknown>> {
  return {
    policy_decision_point: base,
    access_evaluation_endpoint: `${base}/access/v1/evaluation`,
    access_evaluations_endpoint: `${base}/access/v1/evaluations`,
    ...(more.searches
      ? {
          ...Object.fromEntries(searches.map((one) => [`search_${one}_endpoint`, `${base}/access/v1/search/${one}`])),
          access_request_endpoint: `${base}/access/v1/requests`,
          capabilities: ["urn:openid:authzen:capability:access-request"],
        }
      : {}),
    supported_obligations: ["custom"],
  };
}
