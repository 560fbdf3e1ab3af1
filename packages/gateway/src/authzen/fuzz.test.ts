import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FieldProblem } from "../surfaces/fields.ts";
import { testFacts, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { readBatch, readSearch } from "./request.ts";

/** Bounded, so that every run of the tests can afford it; longer by the environment. */
const interruptAfterTimeLimit = Number(process.env["MANDATE_FUZZ_MS"] ?? 400);
const bounded = { numRuns: 1_000_000, interruptAfterTimeLimit, markInterruptAsFailure: false } as const;
/** Bounded by number: a run cut off in the middle would leave a call behind for the next test. */
const overTheWire = { numRuns: Math.ceil(interruptAfterTimeLimit / 3) } as const;

const words = "subject action resource context evaluations options evaluations_semantic execute_all deny_on_first_deny type id name properties system tool tool.call data.export model.call support-concierge refunds.issue input messages role user content data class region session purpose approval page token limit __proto__ constructor".split(" ");
const word = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null), fc.double()), fc.array(tie("value"), { maxLength: 3 }), fc.dictionary(word, tie("value"), { maxKeys: 4 })),
}));
const thing = fc.oneof({ weight: 4, arbitrary: fc.record({ type: word, id: word, properties: value }, { requiredKeys: ["type", "id"] }) }, { weight: 1, arbitrary: value });
const question = fc.record({ subject: thing, action: fc.oneof(fc.record({ name: word, properties: value }, { requiredKeys: ["name"] }), value), resource: thing, context: value, page: value }, { requiredKeys: [] });
const body = fc.oneof(question, fc.tuple(question, fc.array(question, { maxLength: 4 }), value).map(([one, evaluations, options]) => ({ ...one, evaluations, options })));

test("whatever a question holds, it is read or its field is named", () => {
  fc.assert(
    fc.property(body, fc.constantFrom("subject", "action", "resource"), (given, wanted) => {
      for (const read of [() => readBatch(given), () => readSearch(given, wanted)])
        try {
          read();
        } catch (error) {
          expect(error).toBeInstanceOf(FieldProblem);
        }
    }),
    bounded,
  );
});

let gateway: TestGateway;
beforeAll(async () => {
  const system = testSystem("T2", { grants: { models: [], tools: ["refunds.issue"], datasets: [], prompts: [], destinations: [] } });
  gateway = await startTestGateway(testSnapshot(testFacts("http://127.0.0.1:9/v1", system, { tools: [testTool("refunds.issue", { effect: "pays", reversible: false, critical: [{ arg: "order", type: "id" }] })] })));
});
afterAll(() => gateway.close());

test("whatever is asked over the wire, the answer is a decision that is recorded, or names what is ill-typed; a payment nobody asked for is never allowed", async () => {
  await fc.assert(
    fc.asyncProperty(body, async (given) => {
      gateway.evidence.entries.length = 0;
      const many = "evaluations" in given;
      const reply = await gateway.call(many ? "/access/v1/evaluations" : "/access/v1/evaluation", JSON.stringify(given));
      expect([200, 400, 403], reply.text).toContain(reply.status);
      if (reply.status !== 200) return;
      const answers = (reply.body.evaluations ?? [reply.body]) as { decision: unknown; context?: { decision_id?: string; error?: unknown } }[];
      for (const { decision, context } of answers) {
        expect(typeof decision).toBe("boolean");
        if (context?.error === undefined) expect(gateway.evidence.entries.some((entry) => entry.decisionId === context?.decision_id)).toBe(true);
      }
      // Nothing that these words can make is a conversation in which a user asks for it.
      for (const entry of gateway.evidence.entries) if (entry.summary?.resource === "tool:refunds.issue") expect(entry.outcome).not.toBe("allow");
    }),
    overTheWire,
  );
});
