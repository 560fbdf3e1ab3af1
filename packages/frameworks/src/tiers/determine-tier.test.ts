import { describe, expect, it } from "vitest";
import { prohibitedPractices } from "@mandate/model";
import { determineTier } from "./determine-tier.ts";
import type { TierInputs } from "./inputs.ts";
import { tierRules, tierTerms } from "./catalog.ts";

const screen = { prohibited: [], annex3: [] };
const full = { ...screen, annex1: false, profiling: false, decisionEffect: "informs" as const, reversibility: "can't be undone", vulnerable: false, publicBody: false, euNexus: true };
const helper: TierInputs = { intake: screen, audience: "internal", autonomy: "suggests", affected: [], sensitivity: "internal", classes: [], tools: [], externalEffect: false, interactsWithPeople: false, syntheticOutput: false, calledTiers: [] };
const pays = [{ effect: "pays" as const, reversible: false }];
const concierge: TierInputs = { ...helper, intake: full, audience: "public", autonomy: "acts", affected: ["customers"], sensitivity: "confidential", classes: ["personal", "payment"], tools: pays, externalEffect: true };

/** name, inputs, tier, deciding rule */
const golden: readonly [string, TierInputs, string, string][] = [
  ["internal helper that answered none of these", helper, "T0", "R99"],
  ["reads internal data through a tool", { ...helper, tools: [{ effect: "reads", reversible: false }] }, "T0", "R99"],
  ["nobody answered the intake", { ...helper, intake: undefined }, "T2", "R12"],
  ["the Annex III screen is unanswered", { ...helper, intake: { prohibited: [] } }, "T2", "R12"],
  ["personal data, decision effect unanswered", { ...helper, classes: ["personal"] }, "T2", "R12"],
  ["confidential drafts", { ...helper, intake: full, sensitivity: "confidential" }, "T1", "R11"],
  ["personal data, answered", { ...helper, intake: full, classes: ["personal"] }, "T1", "R11"],
  ["chats with staff", { ...helper, interactsWithPeople: true }, "T1", "R10"],
  ["public audience", { ...helper, intake: full, audience: "public" }, "T2", "R08"],
  ["sends mail", { ...helper, intake: full, tools: [{ effect: "sends", reversible: false }] }, "T2", "R07"],
  ["health data", { ...helper, intake: full, classes: ["health"] }, "T2", "R09"],
  ["vulnerable people", { ...helper, intake: { ...full, vulnerable: true } }, "T2", "R09"],
  ["support-concierge pays alone, irreversibly", concierge, "T3", "R05"],
  ["its sibling asks a person first", { ...concierge, autonomy: "acts-with-approval", audience: "internal" }, "T2", "R07"],
  ["pays reversibly but the answer says it can't be undone", { ...concierge, tools: [{ effect: "pays", reversible: true }], intake: { ...full, reversibility: false } }, "T3", "R05"],
  ["CV screen", { ...helper, intake: { ...full, annex3: ["ANX-III.4.a"] } }, "T3", "R03"],
  ["CV screen with a derogation", { ...helper, intake: { ...full, annex3: ["ANX-III.4.a"], article6_3: { condition: "a", reason: "narrow procedural task" } } }, "T2", "R06"],
  ["a derogation doesn't hold for profiling", { ...helper, intake: { ...full, profiling: true, annex3: ["ANX-III.4.a"], article6_3: { condition: "a", reason: "narrow" } } }, "T3", "R03"],
  ["a derogation doesn't hold while profiling is unanswered", { ...helper, intake: { ...screen, annex3: ["ANX-III.4.a"], article6_3: { condition: "a", reason: "narrow" } } }, "T3", "R03"],
  ["safety component", { ...helper, intake: { ...full, annex1: true } }, "T3", "R02"],
  ["decides on personal data", { ...helper, intake: { ...full, decisionEffect: "decides" }, classes: ["personal"] }, "T3", "R04"],
  ["calls an agent of a T3 system", { ...helper, calledTiers: ["T3"] }, "T3", "floor"],
];

describe("the tier", () => {
  for (const [name, inputs, tier, rule] of golden) {
    it(`of "${name}" is ${tier} by ${rule}`, () => {
      const result = determineTier(inputs);
      expect(result.tier).toBe(tier);
      expect(result.reasons.filter((reason) => reason.tier === tier).map((reason) => reason.rule)).toContain(rule);
    });
  }

  for (const practice of prohibitedPractices) {
    it(`is X for ${practice}, whatever else is answered`, () => {
      expect(determineTier({ ...helper, intake: { ...full, prohibited: [practice] } }).tier).toBe("X");
    });
  }

  it("keeps every matching rule with its citations", () => {
    const rules = determineTier(concierge).reasons;
    expect(rules.map((reason) => reason.rule)).toEqual(["R05", "R07", "R08", "R09", "R11"]);
    expect(rules.every((reason) => reason.citations.length > 0)).toBe(true);
  });

  it("has a condition for each rule of the data file", () => {
    expect(tierRules.map((rule) => rule.id)).toEqual(["R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R11", "R12", "R99"]);
  });
});

describe("a tier's terms", () => {
  it("come from the data file, stricter as the tier rises", () => {
    const terms = (["T0", "T1", "T2", "T3"] as const).map((tier) => tierTerms(tier));
    expect(terms.map((one) => one.pilotDays)).toEqual([90, 60, 45, 30]);
    expect(terms.map((one) => one.runtime.stalenessSeconds)).toEqual([300, 120, 30, 5]);
    expect(terms.map((one) => one.runtime.unlistedField)).toEqual(["pass", "pass", "refuse", "refuse"]);
    expect(terms.map((one) => one.runtime.logDetail)).toEqual(["metadata", "redacted", "full", "full"]);
    expect(terms.map((one) => one.runtime.gatewayKeysInProduction)).toEqual([true, true, true, false]);
    expect(terms[2]!.pilotCaps).toEqual({ calls: 5000, tokens: 2000000, euros: "100", people: 50 });
  });

  it("of X give no day and no call", () => {
    expect(tierTerms("X")).toMatchObject({ pilotDays: 0, authorizationMaxDays: 0, pilotGrantedBy: "nobody", pilotCaps: { calls: 0 } });
  });
});
