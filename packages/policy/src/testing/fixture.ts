import {
  cleanLabels,
  type DecisionRequest,
  type RegisterFacts,
  type SystemFacts,
  type ToolFacts,
} from "@mandate/model";
import { compileRules } from "../rules/compile-rules.ts";
import type { PolicyRule, PolicyTest } from "../types.ts";

/** Support Concierge as the register would hand it over, for tests and the benchmark. */
export const now = 1_800_000_000;

export const conciergeRules: readonly PolicyRule[] = [
  {
    id: "own-customer",
    on: "tool:orders.lookup",
    denyUnless: "context.input.customer == context.session.customer",
    because: "It may read only the customer in the conversation.",
    remedies: [{ text: "Look up the customer who is signed in." }],
  },
  {
    id: "refund-limit",
    on: "tool:refunds.issue",
    holdUnless:
      'context.input.amount.currency == "EUR" && context.input.amount.value.lessThanOrEqual(decimal("80.00"))',
    approvers: { group: "care-leads", count: 1, within: "30m" },
    because: "Refunds above €80 need a person.",
    remedies: [{ text: "A refund of €80 or less needs no approval." }],
  },
  {
    id: "mask-export",
    on: "destination:zendesk-eu",
    redact: ["person", "address", "credit_card"],
    because: "Support tickets leave without names, addresses and cards.",
  },
];

export const conciergeTests: readonly PolicyTest[] = [
  {
    name: "small refund",
    call: "tool:refunds.issue",
    input: { order: "A1", amount: { value: "40.00", currency: "EUR" } },
    expect: "allow",
  },
  {
    name: "large refund",
    call: "tool:refunds.issue",
    input: { order: "A1", amount: { value: "146.20", currency: "EUR" } },
    expect: "hold",
  },
  {
    name: "wrong currency",
    call: "tool:refunds.issue",
    input: { order: "A1", amount: { value: "40.00", currency: "USD" } },
    expect: "hold",
  },
  {
    name: "someone else",
    call: "tool:orders.lookup",
    input: { customer: "C9" },
    session: { customer: "C1" },
    expect: "deny",
  },
  { name: "no customer claim", call: "tool:orders.lookup", input: { customer: "C1" }, expect: "deny" },
];

export function systemFacts(changes: Partial<SystemFacts> = {}): SystemFacts {
  return {
    name: "support-concierge",
    title: "Support Concierge",
    unit: "customer-care",
    tier: "T3",
    lifecycle: "pilot",
    status: "operating",
    statusCode: null,
    missing: [],
    owners: { business: "marta@halden.example", technical: "tomasz@halden.example" },
    purposes: ["customer-support"],
    audience: "public",
    autonomy: "acts",
    environments: ["staging", "prod"],
    boundary: { sensitivity: "confidential", classes: ["personal", "payment"], regions: ["EEA"], training: "never" },
    grants: {
      models: ["claude-sonnet-4-5", "mistral-large-2"],
      tools: ["orders.lookup", "refunds.issue"],
      datasets: ["order-history", "help-center"],
      prompts: ["concierge"],
      destinations: ["zendesk-eu"],
    },
    differences: [],
    authorization: {
      id: "auth_1",
      number: 1,
      type: "pilot",
      state: "granted",
      versionDigest: "d1",
      starts: now - 1000,
      ends: now + 1000,
    },
    versionDigest: "d1",
    parameters: {
      stalenessSeconds: 5,
      streamMode: "full",
      unlistedField: "refuse",
      unlistedServedModelGraceDays: 0,
      logDetail: "full",
      gatewayKeysInProduction: false,
      retentionDays: 730,
    },
    limits: {
      callsPerDay: null,
      tokensPerDay: 4_000_000,
      eurosPerDay: null,
      eurosPerMonth: "2500.00",
      peoplePerDay: null,
      callsPerMinute: null,
    },
    session: { user: "token", issuers: ["https://login.halden.example"], claims: ["customer"], userChannel: "clean" },
    policies: ["support-concierge"],
    reassessmentDue: null,
    ...changes,
  };
}

export function toolFacts(changes: Partial<ToolFacts> & { readonly name: string }): ToolFacts {
  return {
    names: [changes.name],
    server: null,
    effect: "reads",
    reversible: false,
    critical: [],
    recipients: null,
    recipientsFrom: [],
    output: "untrusted",
    input: null,
    pinned: "h1",
    changed: false,
    hosted: false,
    region: null,
    returns: null,
    ...changes,
  };
}

const model = {
  vendor: null,
  protocol: "openai",
  endpoint: "https://api.example/v1",
  upstream: "m",
  served: ["m"],
  credential: null,
  region: "EEA",
  training: "never",
  maxSensitivity: "confidential",
  visibility: "full",
  fallback: false,
} as const;

export function registerFacts(system: Partial<SystemFacts> = {}, changes: Partial<RegisterFacts> = {}): RegisterFacts {
  return {
    systems: [systemFacts(system)],
    models: [
      { ...model, name: "claude-sonnet-4-5" },
      { ...model, name: "mistral-large-2" },
      { ...model, name: "us-model", region: "US" },
      { ...model, name: "unplaced-model", region: null },
      { ...model, name: "internal-model", maxSensitivity: "internal" },
      { ...model, name: "learning-model", training: "allowed" },
    ],
    tools: [
      toolFacts({
        name: "refunds.issue",
        server: "payments",
        effect: "pays",
        critical: [
          { arg: "order", type: "id" },
          { arg: "amount", type: "amount" },
        ],
        region: "EEA",
        input: {
          type: "object",
          required: ["order", "amount"],
          properties: { order: { type: "string" }, amount: { $ref: "mandate:money" } },
        },
      }),
      toolFacts({
        name: "orders.lookup",
        server: "orders",
        returns: "order-history",
        input: { type: "object", required: ["customer"], properties: { customer: { type: "string" } } },
      }),
      toolFacts({
        name: "mail.send",
        effect: "sends",
        critical: [{ arg: "to", type: "email" }],
        recipientsFrom: ["to", "cc"],
      }),
    ],
    mcpServers: [],
    datasets: [
      { name: "order-history", sensitivity: "confidential", classes: ["personal"], region: "EEA", purposes: [] },
      { name: "help-center", sensitivity: "public", classes: [], region: "EEA", purposes: [] },
      { name: "patients", sensitivity: "restricted", classes: ["health"], region: "EEA", purposes: [] },
    ],
    destinations: [
      {
        name: "zendesk-eu",
        kind: "external",
        vendor: "zendesk",
        region: "EEA",
        classes: ["personal"],
        maxSensitivity: "internal",
        purposes: ["customer-support"],
      },
      {
        name: "lake-de",
        kind: "internal",
        vendor: null,
        region: "DE",
        classes: ["personal", "payment"],
        maxSensitivity: "confidential",
        purposes: [],
      },
      {
        name: "lake-us",
        kind: "internal",
        vendor: null,
        region: "US",
        classes: ["personal", "payment"],
        maxSensitivity: "confidential",
        purposes: [],
      },
    ],
    vendors: [],
    groups: [{ name: "care-leads", members: ["jonas@halden.example"] }],
    policies: [
      { name: "support-concierge", version: 1, cedar: compileRules("support-concierge", conciergeRules).cedar },
    ],
    externals: [],
    ...changes,
  };
}

export function request(changes: Partial<DecisionRequest> = {}): DecisionRequest {
  return {
    system: "support-concierge",
    action: "tool.call",
    resource: { type: "tool", id: "refunds.issue" },
    now,
    purpose: null,
    labels: cleanLabels,
    session: {},
    input: { order: "A1", amount: { value: "40.00", currency: "EUR" } },
    argumentsFromUser: false,
    data: { classes: [], region: null, sensitivity: null },
    digest: null,
    approval: null,
    ...changes,
  };
}
