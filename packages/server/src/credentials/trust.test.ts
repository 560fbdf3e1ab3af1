import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { keySourceOf, trustCovers, trustSchema } from "./trust.ts";
import type { Trust } from "./trust.ts";

const jwk = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
const github: Trust = { issuer: "https://token.actions.githubusercontent.com", audience: "mandate", conditions: { sub: "repo:halden/pay*:ref:refs/heads/main" } };
const claims = (sub: string, more: Record<string, unknown> = {}) => ({ iss: github.issuer, aud: "mandate", sub, ...more });

describe("what a trust covers", () => {
  test("a star stands for one segment: another owner, branch or pull request doesn't fit", () => {
    expect(trustCovers(github, claims("repo:halden/payouts:ref:refs/heads/main"))).toBe(true);
    for (const sub of [
      "repo:halden/pay:ref:refs/heads/main",
      "repo:halden/payouts/evil:ref:refs/heads/main",
      "repo:halden/payouts:pull_request:ref:refs/heads/main",
      "repo:evil/payouts:ref:refs/heads/main",
      "repo:halden/payouts:ref:refs/heads/main-2",
      "xrepo:halden/payouts:ref:refs/heads/main",
      "repo:halden/payouts:ref:refs/heads/main\n",
    ])
      expect(trustCovers(github, claims(sub)), sub).toBe(false);
  });

  test("another issuer, audience, kind of claim or a claim from the prototype doesn't fit", () => {
    const sub = "repo:halden/payouts:ref:refs/heads/main";
    expect(trustCovers(github, claims(sub, { iss: "https://evil.example" }))).toBe(false);
    expect(trustCovers(github, claims(sub, { aud: ["other"] }))).toBe(false);
    expect(trustCovers(github, claims(sub, { aud: ["other", "mandate"] }))).toBe(true);
    expect(trustCovers({ ...github, conditions: { ...github.conditions, constructor: "Object" } }, claims(sub))).toBe(false);
    expect(trustCovers({ ...github, conditions: { ...github.conditions, ref: "refs/heads/main" } }, claims(sub, { ref: ["refs/heads/main"] }))).toBe(false);
  });

  test("a SPIFFE domain is known by its subjects, and only its own", () => {
    const spiffe: Trust = { issuer: "spiffe://halden.example", audience: "mandate", jwks: { keys: [{ ...jwk }] }, conditions: { sub: "spiffe://halden.example/ns/prod/sa/*" } };
    expect(trustCovers(spiffe, { aud: ["mandate"], sub: "spiffe://halden.example/ns/prod/sa/payouts" })).toBe(true);
    expect(trustCovers(spiffe, { aud: ["mandate"], sub: "spiffe://halden.example.evil/ns/prod/sa/payouts" })).toBe(false);
    expect(trustCovers(spiffe, { aud: ["mandate"], sub: "spiffe://halden.example/ns/prod/sa/a/b" })).toBe(false);
    expect(keySourceOf(spiffe)).toBeNull();
    expect(keySourceOf(github)).toBe(github.issuer);
  });

  test("many stars against a long claim cost nothing", () => {
    // Backtracking would take some 10^8 steps for each of these: the test would run into its time limit.
    const many: Trust = { ...github, conditions: { sub: "aaaaaa*a*a*a*b" } };
    for (let n = 0; n < 1000; n++) expect(trustCovers(many, claims("a".repeat(1000)))).toBe(false);
  });
});

test("a trust without a subject, or with one that says nothing, is no trust", () => {
  const base = { issuer: github.issuer, audience: "mandate" };
  const bad: unknown[] = [
    { ...base, conditions: {} },
    { ...base, conditions: { repository: "halden/payouts" } },
    { ...base, conditions: { sub: "*" } },
    { ...base, conditions: { sub: "*:ref:refs/heads/main" } },
    { ...base, conditions: { sub: "r*" } },
    { ...base, conditions: { sub: "repo:a*b*c*d*e*" } },
    { ...base, issuer: "http://issuer.example", conditions: github.conditions },
    { ...base, issuer: "spiffe://halden.example", conditions: { sub: "spiffe://halden.example/a" } },
    { ...base, conditions: github.conditions, jwksUri: "http://keys.example/jwks" },
    { ...base, conditions: github.conditions, jwks: { keys: [{ kty: "oct", k: "c2VjcmV0" }] } },
  ];
  for (const one of bad) expect(trustSchema.safeParse(one).success, JSON.stringify(one)).toBe(false);
  expect(trustSchema.safeParse(github).success).toBe(true);
});
