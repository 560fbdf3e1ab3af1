import { createHmac, generateKeyPairSync, randomFillSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { cleanLabels } from "@mandate/model";
import { testNowMs, testSystem } from "../testing/facts.ts";
import { verificationKeys } from "./jws.ts";
import { createSessionBooks, joinLabels, type SessionBooks, worstLabels } from "./session-token.ts";
import { verifyUser } from "./user-token.ts";

const key = new Uint8Array(32).fill(7);
const notes = testSystem("T1");
type Take = NonNullable<Parameters<typeof createSessionBooks>[0]["take"]>;
const books = (take?: Take) => createSessionBooks({ key: () => key, clock: () => testNowMs, random: (bytes) => randomFillSync(bytes), take });
const tainted = { ...cleanLabels, untrusted: true };
const worst = worstLabels(notes);
const begin = (at: SessionBooks, name: string, labels = cleanLabels) => at.close(at.open(name, notes, "cred")!, labels, "notes");
const asked = async (at: SessionBooks, header: string) => (await at.settle(header, notes, "cred"), at.open(header, notes, "cred")!.labels);

describe("session tokens", () => {
  test("labels only rise, also for a caller that keeps an older token", () => {
    const held = books();
    const clean = begin(held, "my-session");
    held.close(held.open(clean, notes, "cred")!, tainted, "notes");
    expect(held.open(clean, notes, "cred")!.labels.untrusted).toBe(true);
    expect(held.open("my-session", notes, "cred")!.labels.untrusted).toBe(true);
  });

  test("a forged, foreign or broken token taints", () => {
    const held = books();
    const token = begin(held, "s");
    expect(held.open(token, notes, "cred")!.labels.untrusted).toBe(false);
    const [, payload] = token.split(".");
    const forged = `mss1.${payload}.${createHmac("sha256", "other").update(payload!).digest("base64url")}`;
    for (const bad of [forged, `${token}x`, "mss1.", "mss1.e30.AAAA", token.replace("mss1.", "mss1.A")])
      expect(held.open(bad, notes, "cred")!.labels.untrusted, bad).toBe(true);
    expect(held.open(token, { ...notes, name: "other-system" }, "cred")!.labels.untrusted).toBe(true);
  });

  test("one whose session was forgotten here, or began in another process, counts as the worst its system may hold", () => {
    const held = books();
    const clean = begin(held, "s");
    for (let n = 0; n < 60_000; n++) held.close({ id: `ses_${n}`, labels: cleanLabels }, cleanLabels, "notes");
    for (const at of [held, books()]) expect(at.open(clean, notes, "cred")!.labels).toEqual(worst);
    expect(worst).toMatchObject({ untrusted: true, maxSensitivity: notes.boundary.sensitivity, classes: notes.boundary.classes });
  });

  test("two credentials that pick the same id share no session", () => {
    const held = books();
    expect(held.open("s", notes, "a")!.id).not.toBe(held.open("s", notes, "b")!.id);
  });
});

/** Gateways that ask each other as a control plane would ask for them. */
function several(count: number): { all: SessionBooks[]; questions: () => number; cut: Set<number> } {
  const all: SessionBooks[] = [];
  const cut = new Set<number>();
  let questions = 0;
  for (let n = 0; n < count; n++)
    all.push(
      books((id) => {
        questions++;
        if (cut.has(n)) return Promise.reject(new Error("nobody answers"));
        const others = all.filter((_, at) => at !== n && !cut.has(at)).map((one) => one.give(id)).filter((labels) => labels !== null);
        return Promise.resolve({ labels: others.length === 0 ? null : others.reduce(joinLabels), complete: cut.size === 0 });
      }),
    );
  return { all, questions: () => questions, cut };
}

describe("a session that moves between gateways", () => {
  test("is known where it goes, and an older token finds what it saw at whichever gateway", async () => {
    const { all } = several(3);
    const [east, west, north] = all as [SessionBooks, SessionBooks, SessionBooks];
    const early = begin(east, "talk");
    expect((await asked(west, early)).untrusted).toBe(false);
    west.close(west.open(early, notes, "cred")!, tainted, "notes");
    for (const at of [east, north, west, east]) expect((await asked(at, early)).untrusted).toBe(true);
    // A name of the client's own is the same session everywhere.
    begin(west, "named", { ...cleanLabels, classes: ["health"] });
    expect((await asked(north, "named")).classes).toEqual(["health"]);
  });

  test("costs nothing while it stays, and nothing without other gateways", async () => {
    const { all, questions } = several(2);
    const east = all[0]!;
    await asked(east, "talk");
    let token = begin(east, "talk");
    for (let n = 0; n < 5; n++) {
      expect(east.settle(token, notes, "cred")).toBeUndefined();
      token = east.close(east.open(token, notes, "cred")!, cleanLabels, "notes");
    }
    expect(questions()).toBe(1);
    expect(books().settle(token, notes, "cred")).toBeUndefined();
  });

  test("whose gateway doesn't answer, or is gone for good, counts as the worst; back again it is what it was, and more", async () => {
    const { all, cut } = several(2);
    const [east, west] = all as [SessionBooks, SessionBooks];
    const early = begin(east, "talk");
    cut.add(0);
    expect(await asked(west, early)).toEqual(worst);
    expect(await asked(west, "a new name")).toEqual(worst);
    expect((await asked(books(() => Promise.resolve({ labels: null, complete: true })), early))).toEqual(worst);
    cut.clear();
    // What it was taken for while nobody answered isn't taken back.
    expect(await asked(east, early)).toEqual(cleanLabels);
    expect(await asked(west, early)).toEqual(worst);
    expect(await asked(east, early)).toEqual(worst);
  });

  test("what a call raises that began before it moved is known there before the call's answer leaves", async () => {
    const { all } = several(2);
    const [east, west] = all as [SessionBooks, SessionBooks];
    const early = begin(east, "talk");
    const running = east.open(early, notes, "cred")!;
    expect((await asked(west, early)).untrusted).toBe(false);
    east.close(running, tainted, "notes");
    await east.shared(running.id);
    expect((await asked(west, early)).untrusted).toBe(true);
  });

  test("asked for by two at once belongs to one of them at most", async () => {
    const { all, questions } = several(2);
    const [east, west] = all as [SessionBooks, SessionBooks];
    const waits = [east, west].map((at) => at.settle("talk", notes, "cred"));
    await Promise.all(waits);
    const before = questions();
    for (const at of [east, west]) await at.settle("talk", notes, "cred");
    expect(questions() - before).toBeGreaterThan(0);
    begin(east, "talk", tainted);
    expect((await asked(west, "talk")).untrusted).toBe(true);
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
