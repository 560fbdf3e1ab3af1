import { readFileSync } from "node:fs";
import { prohibitedPractices, tiers } from "@mandate/model";
import type { Tier } from "@mandate/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { tierTerms } from "./catalog.ts";
import { determineTier, lowestTier } from "./determine-tier.ts";
import type { TierInputs } from "./inputs.ts";
import { withObserved } from "./observed.ts";
import { problemsOfOwnRules } from "./own-rules.ts";
import type { OwnTierRules } from "./own-rules.ts";
import { tierRules } from "./catalog.ts";

interface Golden {
  readonly base: TierInputs;
  readonly systems: readonly { readonly name: string; readonly tier: Tier; readonly rules: readonly string[]; readonly flags?: readonly string[]; readonly with: Record<string, unknown> }[];
}
const golden = parse(readFileSync(new URL("./fixtures/golden.yaml", import.meta.url), "utf8")) as Golden;
const { base } = golden;

function inputsOf(parts: Record<string, unknown>): TierInputs {
  const { intake, ...rest } = parts;
  const answers = intake === null ? undefined : Object.fromEntries(Object.entries({ ...base.intake, ...(intake as object) }).filter(([, answer]) => answer !== null));
  return { ...base, ...rest, intake: answers };
}

describe("the golden set", () => {
  it("holds at least 40 systems, each Article 5 practice and each area of Annex III among them", () => {
    const text = JSON.stringify(golden.systems);
    expect(golden.systems.length).toBeGreaterThanOrEqual(40);
    for (const practice of prohibitedPractices) expect(text).toContain(`"${practice}"`);
    for (const area of [1, 2, 3, 4, 5, 6, 7, 8]) expect(text).toContain(`"ANX-III.${area}.`);
  });

  for (const one of golden.systems) {
    it(`${one.name}: ${one.tier} by ${one.rules.join(", ")}`, () => {
      const found = determineTier(inputsOf(one.with));
      expect({ tier: found.tier, rules: found.reasons.map((reason) => reason.rule).toSorted(), flags: found.flags.map((flag) => flag.flag) }).toEqual({ tier: one.tier, rules: one.rules.toSorted(), flags: one.flags ?? [] });
      expect(found.reasons.every((reason) => reason.citations.length > 0)).toBe(true);
    });
  }
});

const rank = (tier: Tier): number => tiers.indexOf(tier);
const anySystem = fc.constantFrom(...golden.systems.map((one) => inputsOf(one.with)));
const tool = fc.record({ effect: fc.constantFrom("reads", "writes", "deletes", "sends", "pays", "executes", "grants"), reversible: fc.boolean() } as const);

/** Each makes a system riskier and nothing else. */
const risks = fc.oneof(
  tool.map((one) => (of: TierInputs): TierInputs => ({ ...of, tools: [...of.tools, one] })),
  fc.constantFrom("personal", "health", "payment", "secret").map((name) => (of: TierInputs): TierInputs => ({ ...of, classes: [...of.classes, name] })),
  fc.constantFrom<((of: TierInputs) => TierInputs)[]>(
    (of) => ({ ...of, audience: "public" }),
    (of) => ({ ...of, autonomy: "acts" }),
    (of) => ({ ...of, sensitivity: "restricted" }),
    (of) => ({ ...of, externalEffect: true }),
    (of) => ({ ...of, interactsWithPeople: true }),
    (of) => ({ ...of, syntheticOutput: true }),
    (of) => ({ ...of, affected: [...of.affected, "customers"] }),
    (of) => ({ ...of, calledTiers: [...of.calledTiers, "T3"] }),
    (of) => ({ ...of, intake: { ...of.intake, prohibited: ["ART-5.1.c"] } }),
    (of) => ({ ...of, intake: { ...of.intake, annex3: [...(of.intake?.annex3 ?? []), "ANX-III.4.a"] } }),
    (of) => ({ ...of, intake: { ...of.intake, annex1: true } }),
    (of) => ({ ...of, intake: { ...of.intake, profiling: true } }),
    (of) => ({ ...of, intake: { ...of.intake, decisionEffect: "decides" } }),
    (of) => ({ ...of, intake: { ...of.intake, vulnerable: true } }),
    (of) => ({ ...of, intake: { ...of.intake, reversibility: false } }),
  ),
);

describe("a tier", () => {
  it("never falls when risk is added", () => {
    fc.assert(fc.property(anySystem, fc.array(risks, { minLength: 1, maxLength: 6 }), (start, added) => {
      let inputs = start;
      for (const add of added) {
        const next = add(inputs);
        expect(rank(determineTier(next).tier)).toBeGreaterThanOrEqual(rank(determineTier(inputs).tier));
        inputs = next;
      }
    }), { numRuns: 2000 });
  });

  it("never falls by what traffic shows, and each contradiction names what was said and seen", () => {
    const traffic = fc.record({
      calls: fc.nat(5), outside: fc.subarray(["partner-drop"]), classes: fc.subarray(["personal", "health"]), audience: fc.constantFrom("internal", "partner", "public", undefined),
      tools: fc.array(fc.record({ name: fc.constant("t"), effect: fc.constantFrom("reads", "sends", "pays"), reversible: fc.boolean(), allowed: fc.nat(3), approved: fc.nat(3) }), { maxLength: 3 }),
    });
    fc.assert(fc.property(anySystem, traffic, (declared, seen) => {
      const after = withObserved(declared, seen);
      const [was, is] = [determineTier(declared), determineTier(after.inputs)];
      expect(rank(is.tier)).toBeGreaterThanOrEqual(rank(was.tier));
      if (is.tier !== was.tier) expect(after.contradictions.length).toBeGreaterThan(0);
    }), { numRuns: 2000 });
  });

  it("never falls below a rule that cites Article 5 or 6, or through a called agent, whoever decides", () => {
    fc.assert(fc.property(anySystem, fc.constantFrom(...tiers), (inputs, wanted) => {
      const without = determineTier(inputs);
      const lowered = determineTier(inputs, undefined, { tier: wanted, reason: "so said", covers: without.reasons.map((reason) => reason.rule) });
      expect(rank(lowered.tier)).toBeGreaterThanOrEqual(rank(lowestTier(without)));
      expect(lowered.reasons.length).toBe(without.reasons.length + 1);
    }));
  });

  it("isn't lowered for a reason that came after the decision", () => {
    const before = determineTier(base);
    const override = { tier: "T0" as const, reason: "harmless", covers: before.reasons.map((reason) => reason.rule) };
    expect(determineTier({ ...base, audience: "public" }, undefined, override).tier).toBe("T2");
  });
});

describe("an organization's own rules", () => {
  const own: OwnTierRules = { rules: [{ id: "O-MONEY", title: "Touches invoices", when: { classes: ["invoice"], audience: "internal" }, tier: "T2", cite: ["Policy 4"] }], parameters: { T2: { pilotDays: 10, stalenessSeconds: 10 } } };

  it("raise, with their own citation, and never lower", () => {
    expect(determineTier({ ...base, classes: ["invoice"] }, own)).toMatchObject({ tier: "T2", reasons: [{ rule: "O-MONEY", citations: ["Policy 4"] }] });
    fc.assert(fc.property(anySystem, (inputs) => rank(determineTier(inputs, own).tier) >= rank(determineTier(inputs).tier)));
  });

  it("tighten a tier's terms and can't loosen them, even when stored so", () => {
    expect(tierTerms("T2", own)).toMatchObject({ pilotDays: 10, runtime: { stalenessSeconds: 10 } });
    expect(tierTerms("T2", { rules: [], parameters: { T2: { pilotDays: 400 } } }).pilotDays).toBe(tierTerms("T2").pilotDays);
  });

  it("are refused where they would weaken a term or take the place of a rule of ours", () => {
    const ours = tierRules.map((rule) => rule.id);
    const problems = (rules: OwnTierRules) => problemsOfOwnRules(rules, tierTerms, ours);
    expect(problems(own)).toEqual([]);
    expect(problems({ rules: [], parameters: { T3: { pilotDays: 31 } } })[0]).toContain("at most 30");
    expect(problems({ rules: [{ ...own.rules[0]!, id: "R01" }], parameters: {} })[0]).toContain("R01");
    expect(problems({ rules: [{ ...own.rules[0]!, when: {} }], parameters: {} })[0]).toContain("no condition");
  });
});
