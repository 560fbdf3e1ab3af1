import { generateKeyPairSync, sign } from "node:crypto";
import {
  canonicalJson,
  DenseTree,
  formatVerifierKey,
  inclusionProof,
  leafHash,
  parseVerifierKey,
  signCheckpoint,
  toBase64,
  utf8,
} from "@mandate/ledger";

// A believable organization in the shapes of API.md, with a real log behind its decisions: proofs verify in the browser.

export const now = Date.now();
const day = 86_400_000;
const iso = (ms: number): string => new Date(ms).toISOString();

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

export const reach = {
  nodes: [
    {
      id: "source:customers",
      kind: "source",
      name: "Retail customers",
      note: "Web chat",
      sensitivity: "confidential",
      region: "EEA",
      inside: true,
    },
    { id: "system:support-concierge", kind: "system", name: "Support Concierge", inside: true },
    {
      id: "model:claude-sonnet-4-5",
      kind: "model",
      name: "claude-sonnet-4-5",
      note: "Anthropic",
      region: "EEA",
      inside: true,
    },
    {
      id: "model:mistral-large-2",
      kind: "model",
      name: "mistral-large-2",
      note: "Self-hosted, fallback",
      region: "EEA",
      inside: true,
    },
    {
      id: "tool:orders.lookup",
      kind: "tool",
      name: "orders.lookup",
      note: "Own customer only",
      sensitivity: "confidential",
      region: "EEA",
      inside: true,
    },
    {
      id: "tool:refunds.issue",
      kind: "tool",
      name: "refunds.issue",
      note: "Above €80 a person decides",
      region: "EEA",
      inside: true,
    },
    {
      id: "destination:zendesk-eu",
      kind: "destination",
      name: "zendesk-eu",
      note: "Names and cards masked",
      sensitivity: "internal",
      region: "EEA",
      inside: true,
    },
    {
      id: "tool:translate.text",
      kind: "tool",
      name: "translate.text",
      note: "Hosted in Virginia, US",
      sensitivity: "confidential",
      region: "US",
      inside: false,
    },
    {
      id: "dataset:order-history",
      kind: "dataset",
      name: "order-history",
      note: "730 days",
      sensitivity: "confidential",
      region: "EEA",
      inside: true,
    },
    { id: "vendor:adyen", kind: "vendor", name: "adyen", note: "Payments", inside: true },
    { id: "vendor:zendesk", kind: "vendor", name: "zendesk", note: "Kept 30 days", inside: true },
  ],
  edges: [
    { from: "source:customers", to: "system:support-concierge", outcome: "allow" },
    {
      from: "system:support-concierge",
      to: "model:claude-sonnet-4-5",
      outcome: "allow",
      rule: "grant",
      terms: "Anthropic, EEA. 4M tokens a day, no training, nothing kept",
      count24h: { allow: 12_904, hold: 0, deny: 0 },
    },
    {
      from: "system:support-concierge",
      to: "model:mistral-large-2",
      outcome: "allow",
      rule: "grant",
      terms: "Fallback only. Self-hosted, EEA",
      count24h: { allow: 218, hold: 0, deny: 0 },
    },
    {
      from: "system:support-concierge",
      to: "tool:orders.lookup",
      outcome: "allow",
      rule: "own-customer",
      terms: "Only the customer in the conversation",
      count24h: { allow: 4871, hold: 0, deny: 0 },
    },
    {
      from: "system:support-concierge",
      to: "tool:refunds.issue",
      outcome: "hold",
      rule: "refund-limit",
      terms: "Up to €80 alone. Above that care-leads decide within 30 min",
      count24h: { allow: 212, hold: 38, deny: 0 },
    },
    {
      from: "system:support-concierge",
      to: "destination:zendesk-eu",
      outcome: "allow",
      rule: "mask-export",
      terms: "Names, addresses and card numbers masked",
      count24h: { allow: 64, hold: 0, deny: 0 },
    },
    {
      from: "system:support-concierge",
      to: "tool:translate.text",
      outcome: "deny",
      rule: "data-boundary",
      terms: "Not permitted: sends Confidential data to the US",
      count24h: { allow: 0, hold: 0, deny: 133 },
    },
    { from: "tool:orders.lookup", to: "dataset:order-history", outcome: "allow" },
    { from: "tool:refunds.issue", to: "vendor:adyen", outcome: "allow" },
    { from: "destination:zendesk-eu", to: "vendor:zendesk", outcome: "allow" },
  ],
};

const script = [
  [
    "support-concierge",
    "tool.call",
    "tool",
    "refunds.issue",
    "hold",
    "approval_required",
    "Refund of €146.20 is above the €80 limit. Refunds above €80 need a person.",
    "refund-limit",
  ],
  [
    "support-concierge",
    "model.call",
    "model",
    "claude-sonnet-4-5",
    "allow",
    null,
    "Within purpose, boundary and budget.",
    "grant",
  ],
  ["invoice-reader", "model.call", "model", "mistral-large-2", "allow", null, "Within its terms.", "grant"],
  [
    "support-concierge",
    "tool.call",
    "tool",
    "orders.lookup",
    "allow",
    null,
    "Customer matches the conversation.",
    "own-customer",
  ],
  [
    "cv-screening",
    "model.call",
    "model",
    "mistral-large-2",
    "deny",
    "authorization_expired",
    "Its pilot ended on 20 Nov, so no call is allowed.",
    "lifecycle",
  ],
  [
    "support-concierge",
    "tool.call",
    "tool",
    "translate.text",
    "deny",
    "data_boundary",
    "translate.text would have sent Confidential data to the United States. Support Concierge may share Confidential data inside the EEA only.",
    "data-boundary",
  ],
  [
    "support-concierge",
    "tool.call",
    "tool",
    "refunds.issue",
    "allow",
    null,
    "€92.00 approved: late twice, loyal customer.",
    "refund-limit",
  ],
  ["demand-forecast", "tool.call", "tool", "warehouse.query", "allow", null, "Read only, Internal.", "grant"],
  ["legal-search", "model.call", "model", "claude-sonnet-4-5", "allow", null, "Within its terms.", "grant"],
  [
    "route-planner",
    "model.call",
    "model",
    "claude-sonnet-4-5",
    "deny",
    "authorization_expired",
    "Its authorization ended on 19 Nov, so no call is allowed.",
    "lifecycle",
  ],
] as const;

export const logOrigin = "halden.example/mandate/gw-local-1";
export const decisions = Array.from({ length: 60 }, (_, index) => {
  const [system, action, type, id, outcome, code, reason, rule] = script[index % script.length]!;
  return {
    id: `dec_${(9000 - index).toString(36)}`,
    at: iso(now - index * 13_000 - 8000),
    system,
    action,
    resource: { type, id },
    outcome,
    code,
    reason,
    rule,
    terminal: outcome === "allow" ? (index % 19 === 7 ? "unknown" : "done") : "refused",
    intent: index === 0 ? null : { log: logOrigin, index: 59 - index },
    ...(reason.includes("approved")
      ? { byPerson: { name: "Jonas Brandt", reason: "late twice, loyal customer" } }
      : {}),
  };
});

const keys = generateKeyPairSync("ed25519");
const raw = new Uint8Array(keys.publicKey.export({ format: "der", type: "spki" }).subarray(-32));
export const vkey = formatVerifierKey(logOrigin, raw);
const key = parseVerifierKey(vkey);
const headers = decisions
  .filter((item) => item.intent !== null)
  .toReversed()
  .map((item, index) => ({
    v: 1,
    type: "call.intent",
    id: `ent_${index}`,
    at: item.at,
    shard: logOrigin,
    seq: index,
    seen: Math.max(0, index - 4),
    system: item.system,
    policy: "support-concierge@3",
    register: 41,
    decision: item.id,
    outcome: item.outcome,
  }));
const leaves = headers.map((header) => utf8(canonicalJson(header)));
const hashes = new Uint8Array(leaves.length * 32);
leaves.forEach((leaf, index) => hashes.set(leafHash(leaf), index * 32));
const tree = new DenseTree(hashes);
export const root = toBase64(tree.root());
const checkpoint = signCheckpoint({ origin: logOrigin, size: tree.size, root: tree.root() }, [
  { name: logOrigin, keyId: key.keyId, sign: (text) => new Uint8Array(sign(null, utf8(text), keys.privateKey)) },
]);

export const logs = [{ origin: logOrigin, vkey, size: tree.size, root, checkpointAt: iso(now - 120_000) }];
export function evidenceEntry(index: number) {
  const leaf = leaves[index];
  if (leaf === undefined) return undefined;
  return {
    header: headers[index],
    leaf: toBase64(leaf),
    proof: {
      index,
      size: tree.size,
      hashes: inclusionProof(index, tree.size, tree.read).map((hash) => toBase64(hash)),
    },
    checkpoint,
    vkey,
  };
}
export const entryList = headers.map((header, index) => ({ index, header })).toReversed();

export const approvalMetrics = {
  since: "2026-10-24T00:00:00Z",
  asked: 41,
  approved: 33,
  refused: 6,
  lapsed: 1,
  pending: 1,
  yesRate: 0.846,
  medianSeconds: 412,
  people: [],
};
export const delegations = [
  {
    id: "dlg_1",
    from: "marta.lindqvist@halden.example",
    to: "aylin.kaya@halden.example",
    reason: "On leave",
    starts: "2026-11-20T08:00:00Z",
    ends: "2099-01-01T00:00:00Z",
    state: "active",
    signed: true,
    approval: null,
  },
];
export const approvals = [
  {
    id: "apr_1",
    state: "pending",
    digest: "9f3c41d0".repeat(8),
    expiresAt: iso(now + 26 * 60_000 + 12_000),
    signature: null,
    statement: {
      approval: "apr_1",
      nonce: "x",
      system: "support-concierge",
      action: "tool.call",
      resource: { type: "tool", id: "refunds.issue" },
      argumentsHash: "ab".repeat(32),
      choice: "approve",
    },
    title: "Refund of €146.20",
    question: "Refund €146.20 to the customer of order 88-10442?",
    effect: "Support Concierge may refund up to €80 alone. This one is above that.",
    system: "support-concierge",
    facts: [
      { label: "Order", value: "88-10442" },
      { label: "Amount", value: "€146.20" },
    ],
    claim: "Parcel arrived 9 days late, customer asked twice for the delivery fee and one item.",
    checks: [
      { text: "Order belongs to this customer", outcome: "allow" },
      { text: "No instructions hidden in the chat were found", outcome: "allow" },
      { text: "Carrier's delivery date not confirmed", outcome: "unknown" },
    ],
    rule: "refund-limit",
    reason: "Refunds above €80 need a person.",
    requester: "tomasz.wrona@halden.example",
    decisionId: decisions[0]!.id,
    mayDecide: true,
    method: "session",
  },
  {
    id: "apr_2",
    state: "pending",
    digest: "c41e02b9".repeat(8),
    expiresAt: iso(now + 2 * day),
    signature: null,
    statement: {
      approval: "apr_2",
      system: "invoice-reader",
      action: "tool.call",
      resource: { type: "tool", id: "sap.post" },
    },
    title: "Post a batch of 14 invoices",
    question: "Post 14 invoices to SAP?",
    effect: "Invoice Reader writes only with a person's yes.",
    system: "invoice-reader",
    requester: person.email,
    mayDecide: false,
    cannotBecause: "You asked for this, so someone else decides. Marta Lindqvist can.",
    method: "session",
  },
];
export const credentials = [
  {
    id: "cred_7f3a",
    name: "concierge-prod",
    system: "support-concierge",
    state: "active",
    hint: "gw_live_7f3a…",
    accountable: "tomasz.wrona@halden.example",
    kind: "gateway-key",
    thumbprints: [],
    trust: null,
    bound: false,
    createdAt: iso(now - 49 * day),
    notAfter: iso(now + 41 * day),
    lastUsed: iso(now - 9000),
  },
  {
    id: "cred_02",
    name: "refunds-02",
    system: "support-concierge",
    state: "suspended",
    hint: "gw_live_11bc…",
    accountable: "tomasz.wrona@halden.example",
    kind: "gateway-key",
    thumbprints: [],
    trust: null,
    bound: false,
    createdAt: iso(now - 80 * day),
    notAfter: iso(now + 2 * day),
    lastUsed: null,
  },
  {
    id: "cred_03",
    name: "planner",
    system: "route-planner",
    state: "revoked",
    hint: "gw_live_90de…",
    accountable: "marta.lindqvist@halden.example",
    kind: "gateway-key",
    thumbprints: [],
    trust: null,
    bound: false,
    createdAt: iso(now - 200 * day),
    notAfter: iso(now - 12 * day),
    lastUsed: iso(now - 30 * day),
  },
];
export const findings = [
  {
    id: "fnd_1",
    cause: "Authorization ended",
    title: "Renew or retire Route Planner",
    detail: "Its authorization ended on 19 Nov. 412 calls were refused since.",
    system: "route-planner",
    owner: "marta.lindqvist@halden.example",
    openedAt: iso(now - 3 * day),
    due: iso(now + 4 * day),
    fix: { text: "Ask for a renewal, or retire it.", command: "npx mandate system renew route-planner" },
  },
  {
    id: "fnd_2",
    cause: "Owner missing",
    title: "Store Assistant has no business owner",
    detail: "It stays proposed and reaches nothing until it has one.",
    system: "store-assistant",
    owner: "tomasz.wrona@halden.example",
    openedAt: iso(now - day),
    due: iso(now + 13 * day),
    fix: { text: "Name a business owner in its manifest." },
  },
];
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
export const overview = {
  counts: { operating: 7, pilot: 3, expired: 2, waiting: 2, proposed: 1, suspended: 1, retired: 1, total: 12 },
  expiring: systems
    .filter((entry) => entry.authorization !== null && entry.lifecycle !== "suspended")
    .map((entry) => ({
      name: entry.name,
      title: entry.title,
      tier: entry.tier,
      lifecycle: entry.lifecycle,
      type: entry.authorization?.type,
      ends: entry.authorization?.ends,
      status: entry.status,
      statusCode: entry.statusCode,
    })),
  byTier: [
    { tier: "T0", proposed: 0, pilot: 1, production: 1, expired: 0, retired: 1, noOwner: 0 },
    { tier: "T1", proposed: 0, pilot: 1, production: 2, expired: 1, retired: 0, noOwner: 0 },
    { tier: "T2", proposed: 1, pilot: 1, production: 1, expired: 0, retired: 0, noOwner: 1 },
    { tier: "T3", proposed: 0, pilot: 0, production: 1, expired: 1, retired: 0, noOwner: 0 },
  ],
  needs: [
    {
      kind: "finding",
      outcome: "deny",
      title: "Renew or retire Route Planner",
      detail: "Expired 19 Nov. 412 calls refused since",
      href: "/systems/route-planner",
    },
    {
      kind: "approval",
      outcome: "hold",
      title: "Refund of €146.20 is waiting",
      detail: "Lapses to a refusal in 26 min",
      href: "/approve/apr_1",
    },
    {
      kind: "finding",
      outcome: "unknown",
      title: "Store Assistant has no business owner",
      detail: "It reaches nothing until it has one",
      href: "/findings",
    },
  ],
  traffic: { known: null },
  gateways: [
    { name: "gw-4c1e09aa", confirmed: true, lastSeen: iso(now), added: { since: iso(now - 3_590_000), calls: 18_204, medianMs: 3.1, p99Ms: 9.2, kinds: [{ kind: "model", calls: 16_010, medianMs: 3.2, p99Ms: 9.4 }, { kind: "mcp", calls: 0, medianMs: null, p99Ms: null }, { kind: "decision", calls: 2_194, medianMs: 1.4, p99Ms: 4.8 }] } },
    { name: "eu-1", confirmed: true, lastSeen: iso(now), added: { since: iso(now - 900_000), calls: 0, medianMs: null, p99Ms: null, kinds: [] } },
    { name: "payouts-1", confirmed: false, lastSeen: iso(now - 420_000), added: null },
  ],
  evidence: {
    entries: leaves.length,
    checkpoints: 48,
    root,
    checkedAt: iso(now - 120_000),
    trust: "self-attested",
    unanchored: 48_210,
    problems: [],
  },
};
export const activity = {
  hours: Array.from({ length: 24 }, (_, hour) => {
    const busy = Math.round(520 + 420 * Math.sin((hour - 3) / 4));
    return {
      at: iso(now - (24 - hour) * 3_600_000),
      allow: Math.max(240, busy),
      hold: hour % 5 === 0 ? 4 : 1,
      deny: hour > 15 && hour < 21 ? 24 : 3,
    };
  }),
  totals: { allow: 18_269, hold: 38, deny: 162 },
  byResource: [],
  p95AddedMs: 4,
};
