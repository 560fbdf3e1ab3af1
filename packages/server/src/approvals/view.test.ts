import { expect, test } from "vitest";
import type { ApprovalRecord } from "./read.ts";
import { viewApproval } from "./view.ts";
import type { Reader } from "./view.ts";

const at = new Date("2026-11-01T00:00:00Z");
const reader = {
  actor: { id: "per_1", kind: "person", email: "lea@x.example", roles: [], proof: "session" },
  directory: { nowMs: at.getTime(), people: [], delegations: [], groups: new Map() },
  tier: "T2", consoleUrl: "http://localhost", rpId: null, passkeys: [],
} as unknown as Reader;

function shown(action: string, resource: string | null, statement: Readonly<Record<string, unknown>>) {
  const record: ApprovalRecord = {
    id: "apr_1", action, system: "helper", resource, callHash: null, statement: { approval: "apr_1", action, ...statement }, digest: "", tier: "T2", requester: "ann@x.example", requesterPerson: "per_2",
    rules: [], approvers: [], context: {}, stored: "pending", reason: null, createdAt: at, expiresAt: new Date("2026-11-15T00:00:00Z"), decidedAt: null, spentAt: null, minutes: null, signatures: [],
  };
  const { title, question, facts } = viewApproval(record, reader, null);
  return { title, question, facts: Object.fromEntries(facts.map(({ label, value }) => [label, value])) };
}

test("a lowered tier is asked with what it was, what it would be and until when, never with its reason alone", () => {
  expect(shown("tier.lower", "system:helper", { from: "T3", to: "T1", covers: ["R03"], until: "2027-01-31T00:00:00.000Z", reason: "fine" })).toMatchObject({
    title: "helper: a lower tier",
    question: "Shall helper count as T1 instead of T3 until 2027-01-31?",
    facts: { from: "T3", to: "T1", "covers.0": "R03" },
  });
});

test("whoever signs tier rules reads them", () => {
  const { title, facts } = shown("tier.rules", "settings:tier-rules", { rules: { rules: [{ id: "OWN-1", tier: "T2", when: { audience: "public" } }], parameters: {} } });
  expect(title).toBe("Tier rules of your organization");
  expect(Object.values(facts).join(" ")).toContain("OWN-1");
});

test("an exception says what is let pass, for whom, until when, and what is done instead", () => {
  expect(shown("exception", "gate:GATE-05", { terms: { compensating: "A person checks each", ends: "2026-12-01T00:00:00.000Z" } })).toMatchObject({
    question: "Shall gate GATE-05 be let pass for helper until 2026-12-01?",
    facts: { compensating: "A person checks each" },
  });
});

test("a break-glass plan is asked about by what it would lift, where, and by whom", () => {
  const terms = { people: ["a@x.example", "b@x.example"], rules: ["no-large-refund", "untrusted-session"], systems: ["desk"], minutes: 60 };
  expect(shown("break-glass", "night", { terms })).toMatchObject({
    question: "May two of a@x.example, b@x.example lift no-large-refund, untrusted-session for desk, 60 minutes at a time?",
    facts: { rules: "no-large-refund, untrusted-session" },
  });
});

test("what is too long to be shown says so: nothing is signed behind an ellipsis", () => {
  const { facts } = shown("tier.rules", null, { rules: { note: `${"a".repeat(4_000)}HIDDEN`, ...Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`r${n}`, n])) } });
  const values = Object.values(facts);
  expect(values.some((value) => value.includes("and 6 more characters that can't be shown here"))).toBe(true);
  expect(values.some((value) => value.startsWith("More than can be shown here"))).toBe(true);
});
