import type { DecisionRequest, RegisterFacts } from "@mandate/model";
import { evaluate } from "../decision-point.ts";
import { referenceQuestion } from "../reference.ts";
import { buildRuleBook } from "../rule-book.ts";
import { buildWorld } from "../world.ts";

/** The question as cedar-wasm takes it: the call with the entities it touches, and all policies by id. */
export function questionForReference(
  facts: RegisterFacts,
  request: DecisionRequest,
): ReturnType<typeof referenceQuestion> {
  const system = facts.systems.find((candidate) => candidate.name === request.system);
  if (system === undefined) throw new Error("the benchmark asks about a system that is not in its facts");
  const book = buildRuleBook(facts);
  const evaluation = evaluate(request, system, buildWorld(facts), book);
  const { permits, permitsOn } = evaluation.slice;
  const grants = [...permits, ...[...permitsOn.values()].flat()];
  return referenceQuestion(evaluation, [...book.guardrails, ...book.custom, ...grants]);
}
