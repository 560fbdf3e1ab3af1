import type { RegisterFacts } from "@mandate/model";
import { type InvariantProof, Prover, type StandingInvariant } from "@mandate/policy/proof";
import { conciergeRules, registerFacts } from "@mandate/policy/testing";
import { compileRules } from "@mandate/policy";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z3Solver } from "./z3.ts";

let solver: Awaited<ReturnType<typeof z3Solver>>;
beforeAll(async () => {
  solver = await z3Solver(1024);
});
afterAll(() => solver?.close());

const options = { timeoutMs: 20_000, budgetMs: 120_000, now: Date.now };
const facts = registerFacts();
/** The concierge under these rules instead of its own. */
const under = (cedar: string): RegisterFacts => ({ ...facts, policies: [{ name: "support-concierge", version: 2, cedar }] });
const onRefunds = (effect: string, condition: string, annotations = ""): string => `${annotations} ${effect} (principal, action == Mandate::Action::"tool.call", resource == Mandate::Tool::"refunds.issue") ${condition};`;
const onLookups = (condition: string): string => `forbid (principal, action == Mandate::Action::"tool.call", resource == Mandate::Tool::"orders.lookup") ${condition};`;

async function prove(invariant: Partial<StandingInvariant>, cedar: string): Promise<InvariantProof> {
  const [proof] = await new Prover(solver, options).invariants([{ id: "asked", policy: "support-concierge", on: "tool:refunds.issue", of: "carriers", ...invariant }], under(cedar));
  return proof!;
}
const widening = (before: string, after: string) => new Prover(solver, options).widening(under(before), under(after));

describe("proofs say what the engine does", () => {
  test("a rule that errs refuses the call, so it keeps what it would have let through", async () => {
    const erring = onRefunds("forbid", 'when { context has input.amount.value && context.input.amount.value.lessThan(decimal("x")) }');
    expect((await prove({ deniedWhen: "true" }, erring)).state).toBe("refuted");
    expect((await prove({ deniedWhen: "context has input.amount.value" }, erring)).state).toBe("proven");
  });

  test("64-bit overflow is an error, at its very limit", async () => {
    const sum = (limit: string) => onRefunds("permit", `when { context.now + ${limit} > 0 }`);
    // 9007199254740991 * 1024 is 1024 short of what a Long can't hold
    expect((await prove({ deniedWhen: "context.now == 1023" }, sum("9007199254740991 * 1024"))).state).toBe("refuted");
    expect((await prove({ deniedWhen: "context.now == 1024" }, sum("9007199254740991 * 1024"))).state).toBe("proven");
  });

  test("a hold is neither allowed nor refused: it is what `heldWhen` asks, and not what `deniedWhen` asks", async () => {
    const held = onRefunds("forbid", 'unless { context has input.amount.value && context.input.amount.value.lessThanOrEqual(decimal("80.00")) }', '@hold("care-leads;1;30m")');
    const large = 'context.input.amount.value.greaterThan(decimal("80.00"))';
    expect((await prove({ heldWhen: large }, held)).state).toBe("proven");
    const refuted = await prove({ deniedWhen: large }, held);
    expect(refuted).toMatchObject({ state: "refuted", example: { after: { outcome: "hold" }, words: expect.stringContaining("people") } });
    expect((await prove({ heldWhen: large.replace("80.00", "79.99") }, held)).state).toBe("refuted");
  });

  test("patterns: what one matches another may imply, and an example is a text that matches", async () => {
    const internal = onLookups('unless { context has input.customer && context.input.customer like "C-*" }');
    const on = "tool:orders.lookup";
    expect((await prove({ on, deniedWhen: '!(context.input.customer like "C*")' }, internal)).state).toBe("proven");
    const refuted = await prove({ on, deniedWhen: 'context.input.customer like "*-1"' }, internal);
    expect(refuted.state).toBe("refuted");
    expect(refuted.example?.details.find((one) => one.path === "context.input.customer")?.value).toMatch(/^"C-.*1"$/);
  });

  test("sets: all, any, none", async () => {
    const within = 'forbid (principal, action == Mandate::Action::"data.export", resource) unless { ["personal", "payment"].containsAll(context.data.classes) };';
    const on = "data.export";
    expect((await prove({ on, deniedWhen: 'context.data.classes.contains("health")' }, within)).state).toBe("proven");
    expect((await prove({ on, deniedWhen: 'context.data.classes.containsAny(["health", "trade"])' }, within)).state).toBe("proven");
    expect((await prove({ on, deniedWhen: '!context.data.classes.isEmpty()' }, within)).state).toBe("refuted");
    expect((await prove({ on, deniedWhen: 'context.data.classes == ["payment"]' }, within)).state).toBe("refuted");
  });

  test("`has`: a call that lacks the attribute is a call too", async () => {
    const naive = onRefunds("forbid", 'when { context has input.amount && context.input.amount has currency && context.input.amount.currency == "USD" }');
    expect((await prove({ deniedWhen: 'context.input.amount.currency == "USD"' }, naive)).state).toBe("proven");
    expect((await prove({ deniedWhen: "!(context has input.amount)" }, naive)).state).toBe("refuted");
    expect((await prove({ deniedWhen: '!(context.input.amount.currency == "USD")' }, naive)).state).toBe("refuted");
    expect((await prove({ deniedWhen: 'context.input.amount.currency == "USD" || context.input.order == "A1"' }, naive)).state).toBe("refuted");
  });

  test("`in`: of a unit, a server, an action's group", async () => {
    const fromCare = onRefunds("forbid", 'unless { principal in Mandate::Unit::"customer-care" && resource in Mandate::McpServer::"payments" && action in Mandate::Action::"use" }');
    expect((await prove({ deniedWhen: '!(principal in Mandate::Unit::"customer-care")' }, fromCare)).state).toBe("proven");
    expect((await prove({ deniedWhen: 'resource in Mandate::McpServer::"payments"' }, fromCare)).state).toBe("refuted");
    expect((await prove({ deniedWhen: 'resource in Mandate::McpServer::"orders"' }, fromCare)).state).toBe("proven");
  });

  test("regions: what lies in a union lies in it, and review is asked where the data goes beyond", async () => {
    const on = "data.export";
    expect((await prove({ on, of: "everybody", deniedWhen: '!context.data.cleared && context.labels.residency.contains("DE") && resource.region == "US"' }, "")).state).toBe("proven");
    expect((await prove({ on, of: "everybody", deniedWhen: '!context.data.cleared && context.labels.residency.contains("DE") && resource.region == "FR"' }, "")).state).toBe("refuted");
    expect((await prove({ on, of: "everybody", deniedWhen: 'principal.regions.contains("EEA") && !principal.regions.contains("DE")' }, "")).state).toBe("proven");
  });

  test("what can't be followed is never called proven", async () => {
    const parsed = onLookups("unless { context has input.customer && decimal(context.input.customer).lessThan(decimal(\"1.0\")) }");
    const proof = await prove({ on: "tool:orders.lookup", deniedWhen: "context has input.customer && decimal(context.input.customer).greaterThan(decimal(\"2.0\"))" }, parsed);
    expect(proof.state).not.toBe("proven");
    expect(proof.example === null ? proof.reason : "").toContain("reads a decimal");
  });

  test("a system registered tomorrow carries no policy: only `of: carriers` leaves it out", async () => {
    const never = onRefunds("forbid", "");
    expect((await prove({ deniedWhen: "true" }, never)).state).toBe("proven");
    expect(await prove({ of: "everybody", deniedWhen: "true" }, never)).toMatchObject({ state: "refuted", example: { system: "some-system" } });
  });
});

describe("does it widen", () => {
  const rules = (change: (rule: (typeof conciergeRules)[number]) => (typeof conciergeRules)[number]): string => compileRules("support-concierge", conciergeRules.map(change)).cedar;
  const same = rules((rule) => rule);

  test("masking less, asking fewer people, dropping a rule: each is said with what it would show", async () => {
    expect(await widening(same, rules((rule) => (rule.id === "mask-export" ? { ...rule, redact: ["person"] } : rule)))).toMatchObject({ state: "yes", example: { words: expect.stringContaining("would be seen") } });
    const two = rules((rule) => (rule.id === "refund-limit" ? { ...rule, approvers: { group: "care-leads", count: 2 } } : rule));
    expect(await widening(two, same)).toMatchObject({ state: "yes", example: { words: expect.stringContaining("fewer people") } });
    expect((await widening(same, two)).state).toBe("no");
    expect(await widening(same, "")).toMatchObject({ state: "yes" });
  });

  test("masking more may let data out that stayed in: that is widening too", async () => {
    const export1 = 'forbid (principal, action == Mandate::Action::"data.export", resource) when { context.data.classes.contains("trade") };';
    const masking = '@obligation("redact trade") permit (principal, action == Mandate::Action::"data.export", resource);';
    expect(await widening(export1, `${export1} ${masking}`)).toMatchObject({ state: "yes", example: { action: "data.export", before: { outcome: "deny" }, after: { outcome: "allow" } } });
  });

  test("a system that stops carrying a policy is no longer bound by it", async () => {
    const before = under(compileRules("support-concierge", conciergeRules.filter((rule) => rule.id === "refund-limit")).cedar);
    const after = { ...before, systems: before.systems.map((system) => ({ ...system, policies: [] })), policies: [] };
    expect((await new Prover(solver, options).widening(before, after)).state).toBe("yes");
    expect((await new Prover(solver, options).widening(after, before)).state).toBe("no");
  });
});
