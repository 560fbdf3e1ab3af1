// A believable organization in the shapes of the API.

export const now = Date.now();
export const day = 86_400_000;
export const iso = (ms: number): string => new Date(ms).toISOString();

export const person = {
  email: "ines.navarro@halden.example",
  name: "Ines Navarro",
  roles: ["authorizing-official", "governance-lead"],
};
export const people = [
  { ...person, state: "active", lastSignIn: iso(now - 7_200_000) },
  {
    email: "marta.lindqvist@halden.example",
    name: "Marta Lindqvist",
    roles: ["business-owner"],
    state: "active",
    lastSignIn: iso(now - day),
  },
  {
    email: "tomasz.wrona@halden.example",
    name: "Tomasz Wrona",
    roles: ["technical-owner", "developer"],
    state: "active",
    lastSignIn: iso(now - 3 * day),
  },
  {
    email: "jonas.brandt@halden.example",
    name: "Jonas Brandt",
    roles: ["business-owner"],
    state: "active",
    lastSignIn: iso(now - 4_000_000),
  },
  { email: "dana.okafor@halden.example", name: "Dana Okafor", roles: [], state: "invited" },
];

type Tier = "T0" | "T1" | "T2" | "T3";
interface Row {
  name: string;
  title: string;
  unit: string;
  tier: Tier;
  lifecycle: string;
  type: "pilot" | "production" | null;
  days: number;
  status: string;
  statusCode: string | null;
}
const rows: Row[] = [
  {
    name: "route-planner",
    title: "Route Planner",
    unit: "logistics",
    tier: "T1",
    lifecycle: "production",
    type: "production",
    days: -3,
    status: "refused",
    statusCode: "authorization_expired",
  },
  {
    name: "cv-screening",
    title: "CV Screening",
    unit: "people",
    tier: "T3",
    lifecycle: "pilot",
    type: "pilot",
    days: -2,
    status: "refused",
    statusCode: "authorization_expired",
  },
  {
    name: "price-watch",
    title: "Price Watch",
    unit: "merchandising",
    tier: "T1",
    lifecycle: "production",
    type: "production",
    days: 9,
    status: "operating",
    statusCode: null,
  },
  {
    name: "invoice-reader",
    title: "Invoice Reader",
    unit: "finance",
    tier: "T2",
    lifecycle: "pilot",
    type: "pilot",
    days: 21,
    status: "operating",
    statusCode: null,
  },
  {
    name: "meeting-notes",
    title: "Meeting Notes",
    unit: "people",
    tier: "T0",
    lifecycle: "pilot",
    type: "pilot",
    days: 34,
    status: "operating",
    statusCode: null,
  },
  {
    name: "legal-search",
    title: "Legal Search",
    unit: "legal",
    tier: "T2",
    lifecycle: "production",
    type: "production",
    days: 51,
    status: "operating",
    statusCode: null,
  },
  {
    name: "support-concierge",
    title: "Support Concierge",
    unit: "customer-care",
    tier: "T3",
    lifecycle: "production",
    type: "production",
    days: 80,
    status: "operating",
    statusCode: null,
  },
  {
    name: "hr-helper",
    title: "HR Helper",
    unit: "people",
    tier: "T1",
    lifecycle: "pilot",
    type: "pilot",
    days: 86,
    status: "operating",
    statusCode: null,
  },
  {
    name: "demand-forecast",
    title: "Demand Forecast",
    unit: "merchandising",
    tier: "T0",
    lifecycle: "production",
    type: "production",
    days: 107,
    status: "operating",
    statusCode: null,
  },
  {
    name: "warehouse-vision",
    title: "Warehouse Vision",
    unit: "logistics",
    tier: "T1",
    lifecycle: "suspended",
    type: "production",
    days: 44,
    status: "refused",
    statusCode: "system_suspended",
  },
  {
    name: "store-assistant",
    title: "Store Assistant",
    unit: "stores",
    tier: "T2",
    lifecycle: "proposed",
    type: null,
    days: 0,
    status: "refused",
    statusCode: "not_authorized",
  },
  {
    name: "translation-desk",
    title: "Translation Desk",
    unit: "marketing",
    tier: "T0",
    lifecycle: "retired",
    type: null,
    days: 0,
    status: "refused",
    statusCode: "system_retired",
  },
];

export const systems = rows.map((row, index) => ({
  name: row.name,
  title: row.title,
  unit: row.unit,
  tier: row.tier,
  lifecycle: row.lifecycle,
  status: row.status,
  statusCode: row.statusCode,
  owners: {
    business: row.name === "store-assistant" ? null : "marta.lindqvist@halden.example",
    technical: "tomasz.wrona@halden.example",
  },
  authorization:
    row.type === null
      ? null
      : {
          id: `auth_${142 - index}`,
          number: 142 - index,
          type: row.type,
          state: row.days < 0 ? "expired" : "granted",
          starts: iso(now + (row.type === "pilot" ? row.days - 90 : row.days - 182) * day),
          ends: iso(now + row.days * day),
        },
  missing: row.lifecycle === "proposed" ? ["owners.business", "authorization"] : [],
  decisions24h: {
    allow: row.status === "operating" ? 18_269 - index * 1777 : 0,
    hold: index === 6 ? 38 : 0,
    deny: row.status === "operating" ? 162 - index * 12 : 412,
  },
  findings: index % 4,
}));

export const concierge = {
  ...systems.find((item) => item.name === "support-concierge"),
  purposes: [
    {
      id: "customer-support",
      text: "Answers billing and delivery questions from retail customers, and issues refunds up to €80 without a person.",
    },
  ],
  prohibitedUses: ["Judging creditworthiness", "Marketing"],
  boundary: {
    sensitivity: "confidential",
    classes: ["personal", "payment"],
    regions: ["EEA"],
    retention: { prompts: "183d", outputs: "183d" },
    training: "never",
  },
  audience: "public",
  autonomy: "acts",
  policies: ["support-concierge"],
  versionNumber: 3,
  versionDigest: "5b1f0c9a".repeat(8),
  legalClass: { title: "Transparency duties", article: "Article 50" },
  tierReasons: [{ rule: "R05", text: "it pays, irreversibly, without a person", cite: ["MAP 3.5", "ASI02"] }],
  authorization: {
    id: "auth_142",
    number: 142,
    conditions: [],
    needs: [],
    requester: person.email,
    approval: null,
    terms: null,
    tier: "T3",
    versionDigest: "5b1f0c9a".repeat(8),
    type: "production",
    state: "granted",
    starts: iso(now - 102 * day),
    ends: iso(now + 80 * day),
    reviewDue: iso(now + 59 * day),
    pilotStarts: iso(now - 264 * day),
    approvers: [
      { name: "Ines Navarro", email: person.email, role: "authorizing-official", at: iso(now - 102 * day) },
      { name: "Piet Aalbers", email: "piet.aalbers@halden.example", role: "legal-reviewer", at: iso(now - 102 * day) },
    ],
  },
  managedFrom: { file: "systems/support-concierge.yaml", commit: "4c1d9e2" },
};

const item = (name: string, spec: object, usedBy: string[]) => ({
  kind: "Object",
  unit: null,
  labels: {},
  name,
  spec,
  usedBy,
  version: 1,
  updatedAt: iso(now - 12 * day),
  updatedBy: "tomasz.wrona@halden.example",
});
export const inventory: Record<string, object[]> = {
  models: [
    item(
      "claude-sonnet-4-5",
      {
        vendor: "vendor:anthropic",
        protocol: "anthropic",
        region: "EEA",
        training: "never",
        retention: "0d",
        maxSensitivity: "confidential",
        served: ["claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
        price: [{ from: "2026-01-01", input: "2.80", output: "14" }],
      },
      ["support-concierge", "legal-search"],
    ),
    item(
      "mistral-large-2",
      { host: "self", protocol: "openai", region: "EEA", training: "never", maxSensitivity: "confidential" },
      ["support-concierge"],
    ),
  ],
  tools: [
    item("refunds.issue", { server: "mcp-server:payments", effect: "pays", reversible: false, output: "untrusted" }, [
      "support-concierge",
    ]),
    item("orders.lookup", { server: "mcp-server:orders", effect: "reads", output: "untrusted", critical: [{ arg: "customer", type: "id" }], input: { type: "object", properties: { customer: { type: "string" } } }, returns: "dataset:order-history" }, ["support-concierge"]),
  ],
  prompts: [
    item("concierge", { owner: "tomasz.wrona@halden.example", template: "You are Halden's support assistant." }, [
      "support-concierge",
    ]),
  ],
  datasets: [
    item(
      "order-history",
      {
        owner: "dana.okafor@halden.example",
        sensitivity: "confidential",
        classes: ["personal"],
        region: "EEA",
        retention: "730d",
      },
      ["support-concierge"],
    ),
  ],
  destinations: [
    item(
      "zendesk-eu",
      {
        kind: "external",
        vendor: "vendor:zendesk",
        region: "EEA",
        maxSensitivity: "internal",
        purposes: ["customer-support"],
      },
      ["support-concierge"],
    ),
  ],
  vendors: [
    item("anthropic", { contract: { dpa: "DPA-2026-031", expires: "2027-03-31" }, terms: { version: "2026-09", url: "https://terms.example/2026-09" }, subprocessors: ["Cloud West"], regions: ["EEA", "US"], training: "never", visibility: "metadata" }, [
      "support-concierge",
    ]),
  ],
  agents: [item("returns-helper", { owner: "tomasz.wrona@halden.example", tools: ["tool:orders.lookup"], models: ["model:mistral-large-2"], shared: true }, ["support-concierge"])],
  "mcp-servers": [item("orders", { url: "https://orders.halden.example/mcp", region: "EEA", pin: "on-apply" }, ["support-concierge"])],
};
