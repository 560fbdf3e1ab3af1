import { authorizationStates, type DecisionRequest, lifecycles, type RegisterFacts, sensitivities, type SystemFacts, tiers } from "@mandate/model";
import type { Random } from "../cedar/random-worlds.ts";
import { now, registerFacts, request, systemFacts } from "./fixture.ts";

/** A register in which now and then something is out of order. */
export function randomFacts(random: Random): RegisterFacts {
  const system = systemFacts();
  const usually = <T>(value: T, others: readonly T[]): T => (random.chance(0.93) ? value : random.pick(others));
  const base = registerFacts();
  return {
    ...base,
    systems: [
      {
        ...system,
        tier: usually("T2", tiers),
        lifecycle: usually("pilot", lifecycles),
        status: usually("operating", ["refused"]),
        missing: usually([], [["owners.business"], ["boundary"]]),
        owners: usually(system.owners, [
          { business: null, technical: "t" },
          { business: "t", technical: "t" },
        ]),
        purposes: usually(system.purposes, [[], ["a", "b"]]),
        boundary: usually(system.boundary, [
          { ...system.boundary, regions: ["US", "EEA"] },
          { ...system.boundary, regions: [] },
          { ...system.boundary, sensitivity: "public", classes: [] },
          { ...system.boundary, training: "allowed" },
        ]),
        grants: usually(
          {
            ...system.grants,
            models: base.models.map((model) => model.name),
            destinations: ["zendesk-eu", "lake-de", "lake-us"],
            tools: [...system.grants.tools, "mail.send"],
          },
          [system.grants, { ...system.grants, datasets: [] }],
        ),
        differences: usually([], [["tool:refunds.issue"], ["dataset:order-history"], ["model:us-model"]]),
        reassessmentDue: usually(null, [now - 1, now + 1]),
        ownerVacantDue: usually(null, [now, now + 1]),
        conditionDues: usually<NonNullable<SystemFacts["conditionDues"]>>({}, [{ suspend: now }, { reassess: now }, { restrict: now }, { suspend: now + 1, restrict: now - 1 }]),
        clearedFlows: usually([], [[{ review: "lgr_1", target: "destination:lake-us", region: "US", from: ["EEA"], classes: [], purposes: [], until: now + 1 }]]),
        authorization: usually(system.authorization, [
          null,
          { ...system.authorization!, ends: now },
          { ...system.authorization!, starts: now + 1 },
          { ...system.authorization!, state: random.pick(authorizationStates) },
        ]),
      },
    ],
    models: base.models.map((model) => ({ ...model, stopped: random.chance(0.08) })),
    destinations: base.destinations.map((destination) => ({ ...destination, stopped: random.chance(0.08) })),
    tools: base.tools.map((tool) => ({
      ...tool,
      stopped: random.chance(0.05),
      changed: random.chance(0.05),
      region: random.pick([null, "EEA", "DE", "US"]),
    })),
    datasets: base.datasets.map((dataset) => ({
      ...dataset,
      purposes: random.pick([[], ["customer-support"], ["other"]]),
    })),
  };
}

export function randomRequest(random: Random): DecisionRequest {
  const ask = random.pick<Partial<DecisionRequest>>([
    {
      resource: { type: "tool", id: random.pick(["refunds.issue", "orders_lookup", "mail.send", "ghost"]) },
      input: random.pick([
        null,
        {},
        { customer: "C1" },
        { to: "a@b.io" },
        {
          order: "A1",
          amount: { value: random.pick(["40", "80.01", "1.23456"]), currency: random.pick(["EUR", "USD"]) },
        },
      ]),
    },
    {
      action: "model.call",
      resource: {
        type: "model",
        id: random.pick([
          "claude-sonnet-4-5",
          "us-model",
          "unplaced-model",
          "internal-model",
          "learning-model",
          "ghost",
        ]),
      },
    },
    {
      action: "data.export",
      resource: { type: "destination", id: random.pick(["zendesk-eu", "lake-de", "lake-us", "ghost"]) },
    },
    {
      action: "deploy",
      resource: { type: "system", id: random.pick(["support-concierge", "ghost"]) },
      digest: random.pick([null, "d1", "d2"]),
    },
  ]);
  return request({
    ...ask,
    purpose: random.pick([null, null, "customer-support", "marketing"]),
    session: random.pick([{}, { customer: "C1" }, { customer: 7 }]),
    argumentsFromUser: random.chance(0.3),
    labels: {
      maxSensitivity: random.pick(sensitivities),
      untrusted: random.chance(0.5),
      residency: random.pick([[], ["DE"], ["US"]]),
      classes: random.pick([[], ["personal"]]),
      purposes: random.pick([null, null, ["customer-support"], []]),
    },
    data: {
      classes: random.pick([[], ["personal"], ["credit_card"], ["secret.aws"], ["health"]]),
      region: random.pick([null, "EEA", "DE", "US"]),
      sensitivity: random.pick([null, ...sensitivities]),
    },
  });
}
