import { registerFacts } from "@mandate/policy/testing";
import { afterAll, describe, expect, test } from "vitest";
import { createProofs, type ProofLimits, proofLimits } from "./prover.ts";

const opened: { close(): Promise<void> }[] = [];
const proofs = (limits: Partial<ProofLimits> = {}) => {
  const faults: unknown[] = [];
  const made = createProofs((error) => faults.push(error), { ...proofLimits, ...limits });
  opened.push(made);
  return { prove: made.prove, close: made.close, faults };
};
afterAll(() => Promise.all(opened.map((one) => one.close())));

const facts = registerFacts();
const invariant = (id: string) => ({ id, policy: "support-concierge", on: "data.export", deniedWhen: 'context.data.classes.contains("secret")' });
const ask = (id: string) => ({ before: null, after: facts, invariants: [invariant(id)], builtIn: false });

describe("a proof can't hold up the control plane", () => {
  test("beyond its time it is given up, said not to be known, and the next is asked in a fresh thread", async () => {
    const impatient = proofs({ budgetMs: -5000 });
    const { invariants } = await impatient.prove(ask("late"));
    expect(invariants).toMatchObject([{ id: "late", state: "cant_tell", reason: expect.stringContaining("too long"), example: null }]);
    expect(impatient.faults).toEqual([]);
  });

  test("more than may wait are told so at once, and mustn't pass for proven", async () => {
    const busy = proofs({ maxWaiting: 1 });
    const [first, second] = await Promise.all([busy.prove(ask("first")), busy.prove(ask("second"))]);
    expect(first.invariants[0]!.state).toBe("proven");
    expect(second.invariants[0]).toMatchObject({ state: "cant_tell", reason: expect.stringContaining("waiting") });
  });

  test("policies made to be hard end in no answer within the budget, and never in a proof", async () => {
    const products = Array.from({ length: 12 }, (_, index) => `context.now * principal.authorization.starts * ${index + 2} + context.now * context.now * principal.authorization.ends == 7919 * principal.authorization.ends * principal.authorization.ends`).join(" || ");
    const hard = `forbid (principal, action == Mandate::Action::"data.export", resource) unless { principal has authorization && (${products}) };`;
    const long = Array.from({ length: 400 }, (_, index) => `forbid (principal, action == Mandate::Action::"data.export", resource) when { context has purpose && context.purpose like "*${index}*a*" && context.data.classes.containsAll(["c${index}", "d${index}"]) };`).join("\n");
    const bounded = proofs({ timeoutMs: 3000, budgetMs: 9000 });
    for (const cedar of [hard, long]) {
      const under = { ...facts, policies: [{ name: "support-concierge", version: 1, cedar }] };
      const { invariants } = await bounded.prove({ before: null, after: under, invariants: [{ ...invariant("hard"), deniedWhen: "context.now > 5", of: "carriers" }], builtIn: false });
      expect(invariants[0]!.state).not.toBe("proven");
    }
    // and whoever asks next is answered
    expect((await bounded.prove(ask("next"))).invariants[0]!.state).toBe("proven");
  }, 60_000);

  test("a solver without memory ends in no answer", async () => {
    const poor = proofs({ maxMemoryMb: 1 });
    expect((await poor.prove(ask("poor"))).invariants[0]!.state).toBe("cant_tell");
  });

  test("after closing nothing is asked", async () => {
    const closed = proofs();
    await closed.close();
    expect((await closed.prove(ask("closed"))).invariants[0]!.state).toBe("cant_tell");
  });
});
