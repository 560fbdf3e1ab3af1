import {
  cleanLabels,
  type DecisionRequest,
  type RegisterFacts,
  type ResourceType,
  type SystemFacts,
} from "@mandate/model";
import { compilePolicy } from "../decision-point.ts";
import type { PolicyTest, PolicyTestResult } from "../types.ts";

const actions = { tool: "tool.call", model: "model.call", destination: "data.export" } as const;

/**
 * Runs `spec.tests` of one policy: they see a granted system, a clean session and all policies in force. The system is
 * the first that carries the policy, taken as if it were granted what the test calls.
 * @param now epoch seconds
 */
export function runPolicyTests(
  facts: RegisterFacts,
  policyName: string,
  tests: readonly PolicyTest[],
  now: number,
): readonly PolicyTestResult[] {
  const system = grantedSystem(facts, policyName, tests, now);
  const point = compilePolicy({ ...facts, systems: [system] });
  return tests.map((test) => {
    const decision = point.decide(requestOf(test, system, now));
    return { name: test.name, passed: decision.outcome === test.expect, expected: test.expect, decision };
  });
}

function targetOf(call: string): { readonly type: keyof typeof actions; readonly id: string } {
  const split = call.indexOf(":");
  const type = call.slice(0, split);
  // what is none of these can't be granted, so a test that expects allow fails and says why
  return { type: Object.hasOwn(actions, type) ? (type as keyof typeof actions) : "tool", id: call.slice(split + 1) };
}

function requestOf(test: PolicyTest, system: SystemFacts, now: number): DecisionRequest {
  const { type, id } = targetOf(test.call);
  const resource: { type: ResourceType; id: string } = { type, id };
  return {
    system: system.name,
    action: actions[type],
    resource,
    now,
    purpose: test.purpose ?? system.purposes[0] ?? null,
    labels: cleanLabels,
    session: test.session ?? {},
    input: test.input ?? null,
    argumentsFromUser: false,
    data: { classes: test.class === undefined ? [] : [test.class], region: test.region ?? null, sensitivity: null },
    digest: null,
    approval: null,
  };
}

function grantedSystem(
  facts: RegisterFacts,
  policyName: string,
  tests: readonly PolicyTest[],
  now: number,
): SystemFacts {
  const template = facts.systems.find((system) => system.policies.includes(policyName)) ?? emptySystem(policyName);
  const targets = tests.map((test) => targetOf(test.call));
  const names = (type: string): readonly string[] =>
    targets.filter((target) => target.type === type).map((target) => target.id);
  const called = facts.tools.filter((tool) => names("tool").includes(tool.name));
  return {
    ...template,
    tier: template.tier === "X" ? "T3" : template.tier,
    lifecycle: "pilot",
    status: "operating",
    statusCode: null,
    missing: [],
    owners: { business: "business-owner", technical: "technical-owner" },
    differences: [],
    reassessmentDue: null,
    grants: {
      models: [...template.grants.models, ...names("model")],
      tools: [...template.grants.tools, ...names("tool")],
      datasets: [
        ...template.grants.datasets,
        ...called.flatMap((tool) => (tool.returns === null ? [] : [tool.returns.replace(/^dataset:/, "")])),
      ],
      prompts: template.grants.prompts,
      destinations: [...template.grants.destinations, ...names("destination")],
    },
    authorization: {
      id: "test",
      number: 1,
      type: "pilot",
      state: "granted",
      versionDigest: template.versionDigest,
      starts: now,
      ends: now + 1,
    },
  };
}

/** For a policy that no system carries yet. */
function emptySystem(policyName: string): SystemFacts {
  return {
    name: "policy-test",
    title: "A granted system",
    unit: null,
    tier: "T1",
    lifecycle: "pilot",
    status: "operating",
    statusCode: null,
    missing: [],
    owners: { business: null, technical: null },
    purposes: ["test"],
    audience: "internal",
    autonomy: "acts",
    environments: [],
    boundary: {
      sensitivity: "restricted",
      classes: ["personal", "payment", "health"],
      regions: ["EEA"],
      training: "never",
    },
    grants: { models: [], tools: [], datasets: [], prompts: [], destinations: [] },
    differences: [],
    authorization: null,
    versionDigest: "test",
    parameters: {
      stalenessSeconds: 60,
      streamMode: "full",
      unlistedField: "refuse",
      unlistedServedModelGraceDays: 0,
      logDetail: "metadata",
      gatewayKeysInProduction: false,
      retentionDays: 1,
    },
    limits: {
      callsPerDay: null,
      tokensPerDay: null,
      eurosPerDay: null,
      eurosPerMonth: null,
      peoplePerDay: null,
      callsPerMinute: null,
    },
    session: { user: "none", issuers: [], claims: [], userChannel: "mixed" },
    policies: [policyName],
    reassessmentDue: null,
  };
}
