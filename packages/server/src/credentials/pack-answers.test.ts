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

test("keys that live elsewhere stand beside those of the gateway, once somebody imported them", () => {
  const item = "credential inventory without values";
  const one = { id: "ext_1", name: "ci deploy key", location: "vault", kind: "token", system: null, owner: "ann@x.example", created: "2026-01-01", ends: null, importedAt: day(1), goneAt: null };
  expect(credentialSections([], "all", [one]).E11?.[item]).toMatchObject({ elsewhere: [one], gaps: [expect.stringContaining("somebody imported")] });
  expect(credentialSections([], "all").E11?.[item]).toMatchObject({ elsewhere: [], gaps: [expect.stringContaining("No credential kept elsewhere was imported")] });
});
