import type { RegisterFacts } from "@mandate/model";
import { describe, expect, it } from "vitest";
import { compilePolicy } from "./decision-point.ts";
import { registerFacts, systemFacts } from "./testing/fixture.ts";

describe("compiling", () => {
  const many = (): RegisterFacts => {
    const systems = Array.from({ length: 500 }, (_, index) =>
      systemFacts({ name: `system-${index}`, policies: [`policy-${index * 2}`, `policy-${index * 2 + 1}`] }),
    );
    const policies = Array.from({ length: 1000 }, (_, index) => ({
      name: `policy-${index}`,
      version: 1,
      cedar: `@id("rule-${index}") forbid (principal, action == Mandate::Action::"tool.call", resource == Mandate::Tool::"refunds.issue") unless { context has input.order && context.input.order like "A*" };`,
    }));
    return registerFacts({}, { systems, policies });
  };
  it("500 systems and 1,000 policies compile once: after one change only what changed", () => {
    const facts = many();
    // processor time, not the clock: other tests share the machine
    const spentMs = (): number => process.cpuUsage().user / 1000;
    const started = spentMs();
    compilePolicy(facts);
    const first = spentMs() - started;
    compilePolicy({ ...facts, systems: [systemFacts({ name: "system-0", tier: "T2" }), ...facts.systems.slice(1)] });
    const second = spentMs() - started - first;
    console.info(`compile: first ${first.toFixed(0)} ms, after one change ${second.toFixed(0)} ms`);
    expect(second).toBeLessThan(first);
  });
  it("the version changes with any policy", () => {
    const base = compilePolicy(registerFacts()).policyVersion;
    expect(base).toMatch(/^[0-9a-f]{64}$/);
    expect(compilePolicy(registerFacts({}, { policies: [] })).policyVersion).not.toBe(base);
    expect(compilePolicy(registerFacts({ tier: "T1" })).policyVersion).toBe(base);
  });
});
