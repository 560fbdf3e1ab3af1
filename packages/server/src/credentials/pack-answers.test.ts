import { expect, test } from "vitest";
import { credentialSections } from "./pack-answers.ts";
import type { CredentialRow } from "./pack-answers.ts";

const day = (number: number): Date => new Date(Date.UTC(2026, 0, number));
const row = (over: Partial<CredentialRow>): CredentialRow => ({
  id: "crd_1", system: "a", name: "k", state: "active", accountable: "o@x", scope: [], createdAt: day(1), notAfter: day(30), changedAt: day(1), lastUsedAt: null, reason: null, replacedBy: null, ...over,
});

test("a revoked key that was used afterwards is named", () => {
  const sections = credentialSections([row({ state: "revoked", changedAt: day(5), lastUsedAt: day(6) })], "all");
  expect(sections.E11?.["revocation timing"]).toMatchObject({ rows: [{ usedAfterwards: true }] });
});

test("age at use counts from creation, and keys never used are a stated gap", () => {
  const sections = credentialSections([row({ lastUsedAt: day(11) }), row({})], "all");
  expect(sections.E11?.["age at use"]).toMatchObject({ gaps: ["1 credentials were never used."], rows: [{ ageAtLastUseDays: 10 }] });
});
