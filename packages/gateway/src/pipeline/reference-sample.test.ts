import { expect, test, vi } from "vitest";
import type { DecisionRequest } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import type { ControlPort } from "../control-port.ts";
import { ask } from "./ask.ts";
import { ReferenceSample } from "./reference-sample.ts";
import type { Runtime } from "./runtime.ts";

const question = { system: "notes", action: "model.call" } as DecisionRequest;

function sampled(every: number) {
  const report = vi.fn<ControlPort["report"]>();
  const later: (() => void)[] = [];
  const clock = { nowMs: 10_000 };
  const options = { control: { report } as unknown as ControlPort, log: { warn: vi.fn(), error: vi.fn() } };
  const reference = new ReferenceSample({ options, every, now: () => clock.nowMs, later: (work) => later.push(work) });
  const runtime = { options, reference } as unknown as Runtime;
  const rules = (version: string, equal = true, alert: string | null = null) => {
    const compareWithReference = vi.fn(() => ({ equal, difference: equal ? null : "permit against forbid" }));
    const decide = vi.fn(() => ({
      outcome: alert === null ? "allow" : "deny",
      alert,
      rule: "r",
      policyVersion: version,
    }));
    return {
      compiled: { policy: { policyVersion: version, compareWithReference, decide } } as unknown as Compiled,
      compareWithReference,
    };
  };
  return { report, later, clock, runtime, rules };
}

test("one decision in so many is compared, after it was made and at most once a second", () => {
  const { later, clock, runtime, rules } = sampled(10);
  const { compiled, compareWithReference } = rules("v1");
  for (let call = 0; call < 30; call++) ask(runtime, compiled, question);
  expect([compareWithReference.mock.calls.length, later.length]).toEqual([0, 1]);
  later.shift()!();
  expect(compareWithReference).toHaveBeenCalledTimes(1);
  for (let call = 0; call < 30; call++) ask(runtime, compiled, question);
  expect(later).toHaveLength(0);
  clock.nowMs += 1_001;
  ask(runtime, compiled, question);
  expect(later).toHaveLength(1);
});

test("rules that differ from the reference decide nothing more, and somebody hears of it", () => {
  const { later, report, runtime, rules } = sampled(1);
  const wrong = rules("v1", false);
  expect(ask(runtime, wrong.compiled, question).outcome).toBe("allow");
  later.shift()!();
  expect(report).toHaveBeenCalledWith(expect.objectContaining({ kind: "policy_mismatch", system: "notes" }));
  const after = ask(runtime, wrong.compiled, question);
  expect([after.outcome, after.alert]).toEqual(["deny", "the compiled rules and the reference engine disagree"]);
  expect(ask(runtime, rules("v2", false).compiled, question).outcome, "a new version as wrong").toBe("deny");
  expect(ask(runtime, rules("v3").compiled, question).outcome, "one that agrees").toBe("allow");
});

test("a rule that can't be evaluated is a finding, not a line in a log alone", () => {
  const { report, runtime, rules } = sampled(1_000);
  expect(ask(runtime, rules("v1", true, "attribute absent").compiled, question).outcome).toBe("deny");
  expect(report).toHaveBeenCalledWith(
    expect.objectContaining({ kind: "policy_alert", detail: expect.stringContaining("attribute absent") }),
  );
});
