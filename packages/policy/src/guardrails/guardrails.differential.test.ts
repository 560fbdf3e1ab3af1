import { expect, it } from "vitest";
import { Random } from "../cedar/random-worlds.ts";
import { compilePolicy } from "../decision-point.ts";
import { randomFacts, randomRequest } from "../testing/random-register.ts";
import { guardrailIds } from "./guardrails.ts";

const requests = Number(process.env.MANDATE_DIFFERENTIAL_DECISIONS ?? 60);

it("guardrails, grants and custom rules answer as in the reference engine, on random registers and calls", () => {
  const reached = new Set<string>();
  for (let seed = 0; seed < requests; seed += 1) {
    const random = new Random(seed + 77);
    const point = compilePolicy(randomFacts(random));
    const question = randomRequest(random);
    expect(point.compareWithReference(question), `seed ${seed}`).toEqual({ equal: true, difference: null });
    const decision = point.decide(question);
    // no guardrail errs on any register: an alert here would be a hole in the guardrails themselves
    expect(decision.alert, `seed ${seed}`).toBeNull();
    for (const id of decision.matched) reached.add(id);
  }
  // cheap without the reference: every guardrail is reachable, so none is dead text
  for (let seed = 0; seed < 6000; seed += 1) {
    const random = new Random(seed + 1_000_000);
    for (const id of compilePolicy(randomFacts(random)).decide(randomRequest(random)).matched) reached.add(id);
  }
  expect(guardrailIds.filter((id) => !reached.has(id))).toEqual([]);
}, 120_000);
