import { createHmac, generateKeyPairSync, randomFillSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { cleanLabels } from "@mandate/model";
import { testNowMs, testSystem } from "../testing/facts.ts";
import { verificationKeys } from "./jws.ts";
import { createSessionBooks } from "./session-token.ts";
import { verifyUser } from "./user-token.ts";

const key = new Uint8Array(32).fill(7);
const books = () => createSessionBooks({ key: () => key, clock: () => testNowMs, random: (bytes) => randomFillSync(bytes) });
const tainted = { ...cleanLabels, untrusted: true };

describe("session tokens", () => {
  test("labels only rise, also for a caller that keeps an older token", () => {
    const held = books();
    const clean = held.close(held.open("my-session", "notes", "cred")!, cleanLabels, "notes", "cred");
    held.close(held.open(clean, "notes", "cred")!, tainted, "notes", "cred");
    expect(held.open(clean, "notes", "cred")!.labels.untrusted).toBe(true);
    expect(held.open("my-session", "notes", "cred")!.labels.untrusted).toBe(true);
  });

  test("a forged, foreign or broken token taints", () => {
    const held = books();
    const token = held.close(held.open("s", "notes", "cred")!, cleanLabels, "notes", "cred");
    expect(held.open(token, "notes", "cred")!.labels.untrusted).toBe(false);
    const [, payload] = token.split(".");
    const forged = `mss1.${payload}.${createHmac("sha256", "other").update(payload!).digest("base64url")}`;
    for (const bad of [forged, `${token}x`, "mss1.", "mss1.e30.AAAA", token.replace("mss1.", "mss1.A")])
      expect(held.open(bad, "notes", "cred")!.labels.untrusted, bad).toBe(true);
    expect(held.open(token, "other-system", "cred")!.labels.untrusted).toBe(true);
  });

  test("an older token says nothing good at another gateway, nor here after a start", () => {
    let nowMs = testNowMs;
    const at = () => createSessionBooks({ key: () => key, clock: () => nowMs, random: (bytes) => randomFillSync(bytes) });
    const [east, west] = [at(), at()];
    const clean = east.close(east.open("talk", "notes", "cred")!, cleanLabels, "notes", "cred");
    // A conversation that moves on at once is what it was.
    expect(west.open(clean, "notes", "cred")!.labels.untrusted).toBe(false);
    east.close(east.open(clean, "notes", "cred")!, tainted, "notes", "cred");
    nowMs += 60_000;
    expect(west.open(clean, "notes", "cred")!.labels.untrusted).toBe(true);
    expect(at().open(clean, "notes", "cred")!.labels.untrusted).toBe(true);
    // Where it was given out the floor is known, however old it is.
    const kept = east.close(east.open("other", "notes", "cred")!, cleanLabels, "notes", "cred");
    nowMs += 3_600_000;
    expect(east.open(kept, "notes", "cred")!.labels.untrusted).toBe(false);
    // What it saw elsewhere since goes along with the newer token.
    const moved = west.close(west.open(clean, "notes", "cred")!, cleanLabels, "notes", "cred");
    expect(east.open(moved, "notes", "cred")!.labels.untrusted).toBe(true);
  });

  test("a token whose session was forgotten here is not taken at its word", () => {
    const held = books();
    const clean = held.close(held.open("s", "notes", "cred")!, cleanLabels, "notes", "cred");
    for (let n = 0; n < 60_000; n++) held.close({ id: `ses_${n}`, labels: cleanLabels }, cleanLabels, "notes", "cred");
    expect(held.open(clean, "notes", "cred")!.labels.untrusted).toBe(true);
  });

  test("two credentials that pick the same id share no session", () => {
    const held = books();
    expect(held.open("s", "notes", "a")!.id).not.toBe(held.open("s", "notes", "b")!.id);
  });
});

describe("user tokens", () => {
  const system = testSystem("T2");
  const now = testNowMs / 1000;
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...pair.publicKey.export({ format: "jwk" }), kid: "k1" };
  const held = { keys: verificationKeys([jwk]), until: now + 3_600 };
  const keys = new Map([["https://login.halden.example", held]]);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const jwt = (claims: Record<string, unknown>, header: Record<string, unknown> = { alg: "ES256", kid: "k1" }) => {
    const signed = `${part(header)}.${part({ iss: "https://login.halden.example", sub: "u1", exp: now + 60, ...claims })}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), { key: pair.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };

  test("a good one gives the listed claims and no other", () => {
    expect(verifyUser(jwt({ customer: "C1", role: "admin" }), system, now, keys)).toEqual({
      user: { subject: "https://login.halden.example#u1", claims: { customer: "C1" } },
    });
  });

  test("every bad one is refused, never ignored", () => {
    const good = jwt({ customer: "C1" });
    const bad: [string, string][] = [
      ["expired", jwt({ exp: now - 31 })],
      ["without an end", jwt({ exp: undefined })],
      ["not yet", jwt({ nbf: now + 31 })],
      ["another issuer", jwt({ iss: "https://evil.example" })],
      ["no algorithm", jwt({}, { alg: "none" })],
      ["an algorithm of another key", jwt({}, { alg: "RS256", kid: "k1" })],
      ["an unknown key id", jwt({}, { alg: "ES256", kid: "k2" })],
      ["critical extensions", jwt({}, { alg: "ES256", kid: "k1", crit: ["x"] })],
      [
        "changed claims",
        `${good.split(".")[0]}.${part({ iss: "https://login.halden.example", exp: now + 60, customer: "C2" })}.${good.split(".")[2]}`,
      ],
      ["nonsense", "a.b.c"],
      ["text", "hello"],
    ];
    for (const [what, token] of bad) expect("refusal" in verifyUser(token, system, now, keys), what).toBe(true);
    expect("refusal" in verifyUser(good, system, now, new Map()), "no keys held").toBe(true);
    const stale = new Map([["https://login.halden.example", { ...held, until: now }]]);
    expect("refusal" in verifyUser(good, system, now, stale), "keys not confirmed for too long").toBe(true);
  });
});
