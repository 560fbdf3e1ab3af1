/**
 * Decision latency with the guardrails and one system's rules alone, then at 100 and 1,000 policies: our compiled decision point, parsing of the call's JSON included,
 * beside the fastest call the reference engine offers (policies parsed beforehand, no schema). Interleaved in one run.
 *
 *   node bench/decision.ts [--seconds 2] [--differential 100000]
 */
import { preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import type { DecisionRequest, RegisterFacts } from "@mandate/model";
import { compilePolicy, guardrailIds } from "@mandate/policy";
import { questionForReference, registerFacts, request, runDifferential, systemFacts } from "@mandate/policy/testing";

function option(name: string, fallback: number): number {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? fallback : Number(process.argv[index + 1]);
}

/** Support Concierge among others: each other policy binds some other system by name, as policies of an organization do. */
function factsWith(policyCount: number): RegisterFacts {
  const base = registerFacts();
  const fixed = guardrailIds.length + 3;
  const others = Array.from({ length: Math.max(0, policyCount - fixed) }, (_, index) => ({
    name: `policy-${index}`,
    version: 1,
    cedar: `@id("rule-${index}") forbid (principal == Mandate::System::"system-${index % 500}", action == Mandate::Action::"tool.call", resource) unless { context has input.order && context.input.order like "A*" };`,
  }));
  const systems = Array.from({ length: Math.min(500, Math.max(1, others.length)) }, (_, index) =>
    systemFacts({ name: `system-${index}`, policies: [] }),
  );
  return { ...base, systems: [...base.systems, ...systems], policies: [...base.policies, ...others] };
}

const questions: readonly DecisionRequest[] = [
  request({ input: { order: "A1", amount: { value: "40.00", currency: "EUR" } } }),
  request({ action: "model.call", resource: { type: "model", id: "claude-sonnet-4-5" }, input: null }),
  request({ resource: { type: "tool", id: "orders.lookup" }, input: { customer: "C1" }, session: { customer: "C1" } }),
];
const questionTexts = questions.map((question) => JSON.stringify(question));

interface Timing {
  readonly median: number;
  readonly p99: number;
}

function summarise(microseconds: number[]): Timing {
  microseconds.sort((a, b) => a - b);
  return {
    median: microseconds[microseconds.length >> 1]!,
    p99: microseconds[Math.floor(microseconds.length * 0.99)]!,
  };
}

/** Batches of a call too short for the clock; returns µs a call for each batch. */
function sample(run: (index: number) => void, batch: number, untilMs: number): number[] {
  const samples: number[] = [];
  const end = performance.now() + untilMs;
  for (let index = 0; performance.now() < end; ) {
    const started = process.hrtime.bigint();
    for (let call = 0; call < batch; call += 1) run(index++);
    samples.push(Number(process.hrtime.bigint() - started) / 1000 / batch);
  }
  return samples;
}

function measure(policyCount: number, seconds: number): void {
  const facts = factsWith(policyCount);
  const compileStarted = performance.now();
  const point = compilePolicy(facts);
  const compileMs = performance.now() - compileStarted;
  for (const question of questions) {
    const decision = point.decide(question);
    if (decision.outcome !== "allow")
      throw new Error(`the benchmark's call was ${decision.outcome}: ${decision.reason}`);
  }
  const reference = questions.map((question) => questionForReference(facts, question));
  const sets = reference.map(({ policies }, index) => {
    const id = `bench-${policyCount}-${index}`;
    if (preparsePolicySet(id, { staticPolicies: policies }).type !== "success")
      throw new Error("the reference can't read the policies");
    return id;
  });
  const askReference = (index: number): void => {
    const which = index % questions.length;
    const answer = statefulIsAuthorized({ ...reference[which]!.call, preparsedPolicySetId: sets[which]! });
    if (answer.type !== "success" || answer.response.decision !== "allow")
      throw new Error("the reference did not allow");
  };
  const askOurs = (index: number): void => {
    const question = JSON.parse(questionTexts[index % questions.length]!) as DecisionRequest;
    if (point.decide(question).outcome !== "allow") throw new Error("not allowed");
  };
  sample(askOurs, 100, 300);
  sample(askReference, 1, 100);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    ours.push(...sample(askOurs, 20, seconds * 50));
    theirs.push(...sample(askReference, 1, seconds * 50));
  }
  const [a, b] = [summarise(ours), summarise(theirs)];
  const us = (value: number): string => `${value.toFixed(1)} µs`;
  console.log(
    `${String(Object.keys(reference[0]!.policies).length).padStart(5)} policies: ours ${us(a.median)} median, ${us(a.p99)} p99; reference ${us(b.median)} median, ${us(b.p99)} p99; ` +
      `${Math.round(b.median / a.median)} × faster (target ≥ 100 × and ≤ 10 µs at 1,000); compiled in ${compileMs.toFixed(0)} ms`,
  );
}

for (const count of [0, 100, 1000]) measure(count, option("seconds", 2));
const requests = option("differential", 0);
if (requests > 0) {
  const started = performance.now();
  const { mismatches, satisfied, errors } = runDifferential(requests, Date.now() % 1_000_000);
  console.log(
    `differential: ${requests} random requests, ${mismatches.length} mismatches (${satisfied} satisfied, ${errors} erring policies), ${Math.round((performance.now() - started) / 1000)} s`,
  );
  if (mismatches.length > 0) console.log(mismatches[0]);
}
