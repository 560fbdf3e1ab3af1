import { now, person } from "./sample.ts";

// Answers of the pages beyond the register and the log, by path. `items` is emptied in the scene "empty".

const day = 86_400_000;
const iso = (ms: number): string => new Date(ms).toISOString();
const list = (...items: readonly object[]) => ({ items, nextCursor: null });
const marta = "marta.lindqvist@halden.example";
const tomasz = "tomasz.wrona@halden.example";
const row = (name: string, spec: object) => ({
  name,
  spec,
  usedBy: ["support-concierge"],
  version: 1,
  updatedAt: iso(now - 12 * day),
  updatedBy: tomasz,
});

const controlResult = (control: string, outcome: string, faults: number) => ({
  id: `cres_${control}`,
  run: "crun_1",
  control,
  at: iso(now - 3_600_000),
  grade: "declared",
  outcome,
  reason: faults === 0 ? "4 systems, none of them otherwise." : "1 of 4 systems: No evaluation is recorded.",
  unit: "systems",
  population: 4,
  faults,
  excepted: 0,
  exceptions: faults === 0 ? [] : [{ subject: "support-concierge", system: "support-concierge", fault: "No evaluation is recorded.", exception: null }],
  systems: {},
  query: "Each system of the tier: an evaluation is recorded, current, and meets its threshold",
  window: { since: iso(now - 30 * day), until: iso(now) },
  position: [{ origin: "localhost/halden-retail/control/1", size: 4812 }],
  proof: { how: "sample", saw: "No evaluation is recorded.", at: iso(now - 3_600_000) },
  startedBy: "controls",
});

const refundLimit = { id: "refund-limit", on: "tool:refunds.issue", holdUnless: "context.input.amount <= 80", because: "Refunds above 80 euros need a person." };
const flipped = { id: "dec_flip", at: iso(now - 3_600_000), system: "support-concierge", resource: "tool:refunds.issue", tool: null, recorded: { outcome: "allow", code: null, rule: null, reason: null }, replayed: { outcome: "hold", code: "approval_required", rule: "refund-limit", reason: null } };

export const pages: Readonly<Record<string, object>> = {
  policies: {
    items: [{ name: "support-concierge", spec: { rules: [refundLimit], tests: [{ name: "large ones wait", call: "tool:refunds.issue", input: { amount: 900 }, expect: "hold" }] }, version: 2, updatedAt: iso(now - 9 * day), usedBy: ["support-concierge"] }],
    nextCursor: null,
  },
  "policies/support-concierge/history": {
    items: [
      { version: 2, action: "update", by: "marta@halden.example", at: iso(now - 9 * day), reason: "The month showed that 80 is enough.", spec: { rules: [refundLimit] } },
      { version: 1, action: "create", by: "marta@halden.example", at: iso(now - 102 * day), reason: null, spec: { rules: [{ ...refundLimit, holdUnless: "context.input.amount <= 150" }] } },
    ],
    nextCursor: null,
  },
  "policies/support-concierge/watches": { items: [{ id: "wat_1", startedBy: "marta@halden.example", startedAt: iso(now - 2 * day), endsAt: iso(now + 5 * day), endedAt: null, reason: "Is 50 enough?", decisions: 412, differences: 9 }] },
  "policies/support-concierge/watches/wat_1/flips": { items: [flipped] },
  exports: { items: [{ name: "oscal-catalog", title: "OSCAL catalog", holds: "Requirements as OSCAL 1.2.2 has them", extension: "json", mediaType: "application/json", needsSystem: false }] },
  reach: {
    items: [
      { system: "support-concierge", owner: "tomasz@halden.example", node: { id: "dataset:order-history", kind: "dataset", name: "order-history", region: "EEA", sensitivity: "confidential", inside: true }, through: ["tool:orders.lookup"], outcome: "allow", terms: null },
      { system: "support-concierge", owner: "tomasz@halden.example", node: { id: "model:us-model", kind: "model", name: "us-model", region: "US", sensitivity: "internal", inside: false }, through: [], outcome: "deny", terms: "us-model does not run inside the regions of its boundary." },
    ],
    total: 2,
  },
  account: {
    passkeys: [
      {
        id: "pk_1",
        name: "Work laptop",
        createdAt: iso(now - 90 * day),
        lastUsedAt: iso(now - 7_200_000),
        coolingUntil: null,
        synced: false,
        blocked: false,
      },
    ],
    sessions: [
      {
        id: "ses_1",
        current: true,
        openedBy: "passkey",
        minted: false,
        browser: "Firefox on Linux",
        createdAt: iso(now - 7_200_000),
        lastSeenAt: iso(now - 60_000),
        expiresAt: iso(now + 36_000_000),
      },
    ],
    password: { set: false, blocked: false, coolingUntil: null },
  },
  "account/identities": list({
    id: "idn_1",
    issuer: "https://login.halden.example",
    linkedBy: person.email,
    linkedAt: iso(now - 40 * day),
  }),
  "session/providers": list(),
  "identity-providers": list({
    name: "halden",
    title: "Halden login",
    issuer: "https://login.halden.example",
    clientId: "mandate",
    trustEmail: true,
    redirectUri: "https://mandate.halden.example/api/v1/session/oidc/halden/callback",
    state: "active",
  }),
  "notification-channels": list({
    name: "mail",
    kind: "email",
    config: { host: "smtp.halden.example", from: "mandate@halden.example" },
    kinds: ["approval", "finding"],
    state: "active",
    stateReason: null,
  }),
  "service-accounts": list({ name: "pipeline", owner: tomasz, scopes: ["read"], tokens: [{}] }),
  "evidence/witnesses": { trust: "witnessed", unanchored: 12, quorum: 1, anchoredAt: "2026-05-03T08:00:00.000Z", items: [
    { name: "tuv-north", vkey: "tuv-north.example+1a2b3c4d+BHl5", url: "https://witness.tuv-north.example/", outside: true, size: 48_210, signedAt: "2026-05-03T08:00:00.000Z", failing: null },
    { name: "backup-site", vkey: "backup.halden.example+5e6f7a8b+BHl6", url: "https://10.2.0.9:7443/", outside: false, size: 0, signedAt: null, failing: "It did not answer within 5 s." },
  ] },
  "evidence/mirror": { settings: { endpoint: "https://s3.eu-central-1.amazonaws.com", bucket: "halden-evidence", region: "eu-central-1", prefix: "logs/", secret: "mirror", retainDays: 2_555, lock: "COMPLIANCE" }, failing: null, logs: [{ origin: "halden.example/retail/gw-1", size: 48_000, at: "2026-05-03T08:00:00.000Z" }] },
  "event-streams": { items: [
    { name: "splunk", settings: { kind: "http", url: "https://splunk.halden.example:8088/services/collector", secret: "splunk", scheme: "Splunk" }, failing: null, failures: 0, deliveredAt: "2026-05-03T08:00:00.000Z", waiting: 0, logs: [] },
    { name: "archive", settings: { kind: "syslog", host: "syslog.halden.example", port: 6514, tls: true, ca: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", certificate: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", key: "archive-key" }, failing: "The certificate is another host's.", failures: 4, deliveredAt: null, waiting: 812, logs: [] },
  ] },
  "settings/outbound": { allow: ["10.2.0.0/16", "models.internal:8443"], default: false },
  "settings/tier-rules": {
    rules: [
      {
        id: "O-MONEY",
        title: "It pays without a person",
        when: { effects: ["pays"], autonomy: "acts" },
        tier: "T3",
        cite: ["Halden payment policy 4"],
      },
    ],
    parameters: { T3: { reviewDays: 60 } },
    waiting: ["apr_1"],
  },
  "break-glass": list({
    id: "bgp_1",
    name: "peak-season",
    systems: ["support-concierge"],
    rules: ["policy:support-concierge:limit"],
    people: [person.email, marta],
    minutes: 60,
    reason: "Refunds stop when the order system is down in December.",
    compensating: "A care lead reads each refund the same day.",
    approval: "apr_1",
    state: "ready",
    endsAt: iso(now + 60 * day),
    uses: [
      {
        id: "bgu_1",
        startedBy: marta,
        startedAt: iso(now - 5 * day),
        reason: "Order system down.",
        confirmedBy: person.email,
        endsAt: iso(now - 5 * day + 3_600_000),
        reviewDue: iso(now + 2 * day),
        reviewedBy: null,
        review: null,
      },
    ],
  }),
  risks: list(
    row("wrong-refund", {
      title: "Refunds to the wrong customer",
      systems: ["system:support-concierge"],
      owner: marta,
      likelihood: "low",
      impact: "high",
      treatment: "reduce",
      residual: "medium",
      controls: ["GATE-05"],
      review: iso(now + 30 * day).slice(0, 10),
    }),
  ),
  evaluations: list(
    row("harmful", {
      title: "No harmful suggestion",
      system: "system:support-concierge",
      owner: tomasz,
      metric: "harmful-share",
      threshold: { direction: "at-most", value: 0.01 },
      score: 0.004,
      measured: iso(now - 3 * day).slice(0, 10),
    }),
  ),
  "outcome-reviews": list(
    row("october", {
      title: "October",
      system: "system:support-concierge",
      reviewer: marta,
      from: "2026-10-01",
      until: "2026-10-31",
      population: 12_904,
      sampled: 200,
      adverse: 3,
      complaints: 1,
      tolerated: 0.02,
    }),
  ),
  documents: list(
    row("dpia", {
      title: "Data protection impact assessment",
      type: "dpia",
      systems: ["system:support-concierge"],
      owner: marta,
      ends: iso(now + 90 * day).slice(0, 10),
    }),
  ),
  "training-records": list(),
  "risk-acceptances": list(),
  concerns: list(),
  exceptions: list({
    id: "exc_1",
    system: "support-concierge",
    scope: { kind: "gate", id: "GATE-05" },
    state: "in_force",
    reason: "The evaluation runs next week.",
    compensating: "A person reads each answer.",
    requester: tomasz,
    approval: "apr_1",
    grantedBy: [person.email],
    ends: iso(now + 9 * day),
  }),
  incidents: list({
    id: "inc_1",
    title: "Refunds to a wrong account",
    severity: "high",
    state: "open",
    systems: ["support-concierge"],
    aware: iso(now - 3_600_000),
    openedAt: iso(now - 3_000_000),
    openedBy: marta,
    closed: null,
    clocks: [],
    nextDue: null,
    overdue: false,
  }),
  "incidents/questions": list({ id: "death", question: "Did a person die or come to serious harm?" }),
  gateways: list({ name: "gw-local-1", confirmed: true }),
  reassessments: list({
    id: "rea_1",
    title: "Anthropic added a subprocessor",
    class: "B",
    state: "open",
    observedBy: "vendor notice",
    openedAt: iso(now - 2 * day),
    due: iso(now + 9 * day),
    overdue: false,
    url: null,
    systems: [{ system: "support-concierge", outcome: null }],
  }),
  "reassessments/rea_1": {
    id: "rea_1", title: "Anthropic added a subprocessor", class: "B", state: "open", observedBy: "vendor notice", openedAt: iso(now - 2 * day), due: iso(now + 9 * day), overdue: false, url: "https://terms.example/subprocessors",
    systems: [{
      system: "support-concierge", class: "B", differences: ["vendor:anthropic"], due: iso(now + 9 * day), outcome: null, reason: null, decidedBy: null, approval: null, refusesNow: 0, refusesFromDue: 12_904,
      changes: [{ class: "B", subject: "vendor:anthropic", what: "has another sub-processor", diff: [{ member: "subprocessors", old: "Cloud West", new: "Cloud West, Cloud Ohio", answer: "boundary.share", answered: "none", contradicts: true }] }],
    }],
    history: [],
  },
  "legal-reviews": list(),
  "legal-reviews/flows": list({ system: "support-concierge", target: "tool:translate.text", calls: 133 }),
  "owner-vacancies": list(),
  frameworks: list({ key: "eu-ai-act", name: "EU AI Act", short: "AI Act", version: "2024/1689", items: 44 }),
  controls: list(
    {
      id: "GATE-02", statement: "Every pilot has an end date and stops working at it", kind: "runtime", measure: "Accepted calls of pilots past their end", evidence: "Expiry events and probe", appliesTo: "all",
      supports: { "eu-ai-act": ["ART-9"] }, grade: "enforced", outcome: "pass", gapOwner: null, result: controlResult("GATE-02", "pass", 0),
    },
    {
      id: "GATE-05", statement: "Evaluation results required for the tier exist, are recent and met the thresholds before release", kind: "query", measure: "Releases lacking required evaluation", evidence: "Evaluation results", appliesTo: "T2+",
      supports: { "eu-ai-act": ["ART-9"] }, grade: "declared", outcome: "fail", gapOwner: { role: "business-owner", email: null }, result: controlResult("GATE-05", "fail", 1),
    },
    {
      id: "DATA-05", statement: "Retrieval respects the caller's rights and keeps tenants apart", kind: "runtime", measure: "Retrieval results outside caller entitlement", evidence: "Retrieval decision records", appliesTo: "T1+",
      supports: { "owasp-llm": ["LLM08:2025"] }, grade: "cant_tell", outcome: "unproven", gapOwner: { role: "legal-reviewer", email: null }, result: null,
    },
  ),
  "controls/GATE-05/results": list(controlResult("GATE-05", "fail", 1)),
  "frameworks/eu-ai-act": {
    key: "eu-ai-act", name: "Artificial Intelligence Act", short: "EU AI Act", version: "2024/1689", publisher: "European Union", titleStatus: "official",
    items: [
      { id: "ART-9", kind: "article", title: "Risk management system", summary: null, parent: null, heading: false, appliesFrom: "2027-12-02", inForce: false, controls: ["GATE-02", "GATE-05"], outcome: "fail" },
      { id: "ART-53", kind: "article", title: "Obligations for providers of models", summary: null, parent: null, heading: false, appliesFrom: "2025-08-02", inForce: true, controls: [], outcome: null },
    ],
    dates: [{ date: "2025-02-02", what: "Prohibitions, AI literacy", basis: "original", inForce: true }, { date: "2027-12-02", what: "High-risk uses of Annex III", basis: "2026/1744", inForce: false }],
  },
  "reports/governance": {
    kind: "governance", organization: "halden-retail", month: "2026-11", until: iso(now), complete: false, made: iso(now), position: [{ origin: "localhost/halden-retail/control/1", size: 4812, root: "q1b2" }],
    figures: [
      { id: "systems", section: "systems", label: "AI systems on record", unit: "systems", value: 46, before: 41, better: null, asks: "Systems in the register at the end of the month", query: "select count(*) as value from register_history", href: "/systems", why: null },
      { id: "known", section: "calls", label: "Share of known AI traffic under control", unit: "", value: null, before: null, better: null, asks: "", query: null, href: null, why: "Nothing tells this installation yet how much AI traffic goes past it." },
    ],
    gaps: [{ control: "GATE-05", statement: "Evaluation results exist", outcome: "fail", grade: "declared", reason: "1 of 4 systems: no evaluation is recorded." }],
    denials: [{ code: "not_granted", calls: 12 }],
  },
  "systems/support-concierge/gates": {
    tier: "T3",
    versionDigest: "5b1f0c9a".repeat(8),
    ready: false,
    gates: [
      {
        id: "GATE-01",
        title: "Both owners are named",
        state: "met",
        detail: "Marta Lindqvist and Tomasz Wrona.",
        evidence: null,
        who: { role: "business-owner", email: marta },
        fix: { text: "Name them in the manifest.", page: "/systems/support-concierge" },
        waiver: null,
      },
      {
        id: "GATE-05",
        title: "A current evaluation",
        state: "not_met",
        detail: "The last one is 120 days old.",
        evidence: null,
        who: { role: "technical-owner", email: tomasz },
        fix: { text: "Measure it anew.", page: "/reviews" },
        waiver: null,
      },
    ],
    approvers: [{ group: "authorizing-official", count: 1, people: [person.email] }],
  },
  "systems/support-concierge/authorizations": list(),
  "systems/support-concierge/visibility": {
    minimum: "full",
    models: [{ model: "claude-sonnet-4-5", visibility: "full", below: false }],
    capture: "full",
    gap: null,
  },
  "systems/support-concierge/tier": {
    tier: "T3",
    lowest: "T0",
    reasons: [
      {
        rule: "R05",
        tier: "T3",
        text: "It pays, and that can't be undone, without a person.",
        cite: ["MAP 3.5", "ASI02"],
      },
    ],
    flags: [],
    unanswered: [],
    inputs: [],
    contradictions: [],
    override: null,
    overrides: [],
    history: [],
  },
};
