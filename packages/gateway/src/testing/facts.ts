import { createHash } from "node:crypto";
import type { CredentialFacts, ModelFacts, RegisterFacts, SystemFacts, Tier, ToolFacts } from "@mandate/model";
import type { Snapshot } from "../snapshot.ts";

/** Epoch milliseconds at which the tests live. */
export const testNowMs = 1_800_000_000_000;
const nowSeconds = testNowMs / 1000;

export const testKey = "mdt_test_0123456789abcdef0123456789abcdef";

export function testModel(endpoint: string, changes: Partial<ModelFacts> = {}): ModelFacts {
  return {
    name: "gpt-test",
    vendor: null,
    protocol: "openai",
    endpoint,
    upstream: "gpt-test",
    served: ["gpt-test"],
    credential: null,
    region: "EEA",
    training: "never",
    maxSensitivity: "confidential",
    visibility: "full",
    fallback: false,
    ...changes,
  };
}

export function testTool(name: string, changes: Partial<ToolFacts> = {}): ToolFacts {
  return {
    name,
    names: [name.replaceAll(".", "_")],
    server: null,
    effect: "reads",
    reversible: true,
    critical: [],
    recipients: null,
    recipientsFrom: [],
    output: "untrusted",
    input: null,
    pinned: null,
    changed: false,
    hosted: name.startsWith("hosted."),
    region: "EEA",
    returns: null,
    ...changes,
  };
}

const streamModes = { T0: "pass", T1: "window", T2: "window", T3: "full", X: "full" } as const;

export function testSystem(tier: Tier, changes: Partial<SystemFacts> = {}): SystemFacts {
  const strict = tier === "T2" || tier === "T3";
  return {
    name: "notes",
    title: "Meeting notes",
    unit: null,
    tier,
    lifecycle: "pilot",
    status: "operating",
    statusCode: null,
    missing: [],
    owners: { business: "bea@halden.example", technical: "tom@halden.example" },
    purposes: ["summarize"],
    audience: "internal",
    autonomy: "acts-with-approval",
    environments: ["prod"],
    boundary: { sensitivity: "confidential", classes: ["personal", "payment"], regions: ["EEA"], training: "never" },
    grants: { models: ["gpt-test", "claude-test"], tools: [], datasets: [], prompts: [], destinations: [] },
    differences: [],
    authorization: {
      id: "auth_1",
      number: 1,
      type: "pilot",
      state: "granted",
      versionDigest: "d1",
      starts: nowSeconds - 1000,
      ends: nowSeconds + 100_000,
    },
    versionDigest: "d1",
    parameters: {
      stalenessSeconds: { T0: 300, T1: 120, T2: 30, T3: 5, X: 5 }[tier],
      streamMode: streamModes[tier],
      unlistedField: strict ? "refuse" : "pass",
      unlistedServedModelGraceDays: strict ? 0 : 14,
      logDetail: tier === "T0" ? "metadata" : "full",
      gatewayKeysInProduction: tier !== "T3",
      retentionDays: 183,
    },
    limits: {
      callsPerDay: null,
      tokensPerDay: null,
      eurosPerDay: null,
      eurosPerMonth: null,
      peoplePerDay: null,
      callsPerMinute: null,
    },
    session: { user: "token", issuers: ["https://login.halden.example"], claims: ["customer"], userChannel: "clean" },
    policies: [],
    reassessmentDue: null,
    ...changes,
  };
}

export function testCredential(changes: Partial<CredentialFacts> = {}, key = testKey): CredentialFacts {
  return {
    id: "cred_test",
    keyHash: createHash("sha256").update(key).digest("hex"),
    name: "ci",
    system: "notes",
    state: "active",
    notAfter: nowSeconds + 10_000,
    kind: "gateway-key",
    accountable: "tom@halden.example",
    purposes: [],
    scope: [],
    ...changes,
  };
}

export function testFacts(endpoint: string, system: SystemFacts, changes: Partial<RegisterFacts> = {}): RegisterFacts {
  return {
    systems: [system],
    models: [
      testModel(endpoint),
      testModel(endpoint, {
        name: "claude-test",
        protocol: "anthropic",
        upstream: "claude-test",
        served: ["claude-test"],
      }),
    ],
    tools: [],
    mcpServers: [],
    datasets: [],
    destinations: [],
    vendors: [],
    groups: [{ name: "leads", members: ["lea@halden.example"] }],
    policies: [],
    externals: [],
    ...changes,
  };
}

export function testSnapshot(facts: RegisterFacts, changes: Partial<Snapshot> = {}): Snapshot {
  return {
    version: 7,
    organization: { id: "org_test", name: "Halden" },
    facts,
    credentials: [testCredential()],
    secrets: [],
    sealingKeys: [],
    outboundAllow: ["127.0.0.0/8", "::1/128"],
    consoleUrl: "http://localhost:4600",
    gatewayUrl: "http://localhost:4601",
    ...changes,
  };
}
