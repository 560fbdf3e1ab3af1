import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BrowserSession } from "../testing/browser-session.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { SoftPasskey } from "../testing/soft-passkey.ts";

let mandate: TestServer;
const api = (method: string, path: string, body?: unknown, token?: string) => mandate.request(method, `/api/v1${path}`, { ...(body === undefined ? {} : { body }), ...(token === undefined ? {} : { token }) });
const invite = async (email: string, ...roles: string[]): Promise<void> => {
  const answer = await api("POST", "/people", { email, name: email.split("@")[0], roles });
  expect(answer.status, answer.text).toBe(201);
};
const arrived = async (email: string, by?: string): Promise<BrowserSession> => {
  const browser = new BrowserSession(mandate);
  const answer = await browser.arrive(email, by);
  expect(answer.status, answer.text).toBe(200);
  return browser;
};
/** Someone who took an invitation and added a passkey in it. */
const member = async (email: string, ...roles: string[]): Promise<{ browser: BrowserSession; passkey: SoftPasskey }> => {
  await invite(email, ...roles);
  const browser = await arrived(email);
  const passkey = new SoftPasskey();
  const added = await browser.addPasskey(passkey);
  expect(added.status, added.text).toBe(201);
  return { browser, passkey };
};
const decide = async (browser: BrowserSession, choice: "approve" | "refuse", id: string) => browser.request("POST", `/approvals/${id}/${choice}`, { reason: "Known to me, spoke on the phone." });

let root: { browser: BrowserSession; passkey: SoftPasskey };
let second: { browser: BrowserSession; passkey: SoftPasskey };

beforeAll(async () => {
  mandate = await startTestServer();
  root = await member("root@halden.example", "administrator");
  second = await member("second@halden.example", "administrator");
});
afterAll(() => mandate?.close());

describe("a first passkey", () => {
  it("enrolled by invitation signs at once, and signs in without an e-mail", async () => {
    await invite("ann@halden.example", "developer");
    const browser = await arrived("ann@halden.example");
    const passkey = new SoftPasskey();
    expect((await browser.addPasskey(passkey)).body).toMatchObject({ name: "Laptop", coolingUntil: null, addedByWayOf: "invitation", blocked: false });
    const elsewhere = new BrowserSession(mandate);
    expect((await elsewhere.signInWith(passkey)).body).toEqual({ email: "ann@halden.example", first: false });
    expect((await elsewhere.request("GET", "/session")).body).toMatchObject({ proof: "passkey", passkeys: true, phoneLinks: { on: false } });
  });

  it("added in an own session that wasn't the invitation's cools for 24 hours", async () => {
    await invite("late@halden.example", "developer");
    const first = await arrived("late@halden.example");
    const made = await first.request("POST", "/people/late@halden.example/sign-in-links", {});
    const later = new BrowserSession(mandate);
    await later.request("POST", "/session/sign-in", { link: made.body.url });
    const added = await later.addPasskey();
    expect(added.body).toMatchObject({ addedByWayOf: "sign-in" });
    expect(Date.parse(added.body.coolingUntil) - mandate.now()).toBeGreaterThan(23.9 * 3_600_000);
  });

  it("isn't an administrator's to add: a session from their link for someone who arrived already can't", async () => {
    await invite("token-user@halden.example", "developer");
    await arrived("token-user@halden.example");
    const minted = await arrived("token-user@halden.example", undefined);
    expect((await minted.request("GET", "/session")).body.proof).toBe("minted");
    const answer = await minted.addPasskey();
    expect([answer.status, answer.body.code]).toEqual([403, "passkeys.needs_administrators"]);
  });

  it("of two invitations only the first is one: the other lets its maker in as nobody who approves", async () => {
    await invite("twice@halden.example", "developer");
    const links = [];
    for (let made = 0; made < 2; made++) links.push((await api("POST", "/people/twice@halden.example/sign-in-links", {})).body.url);
    const person = new BrowserSession(mandate);
    await person.request("POST", "/session/sign-in", { link: links[0] });
    const maker = new BrowserSession(mandate);
    await maker.request("POST", "/session/sign-in", { link: links[1] });
    expect((await maker.request("GET", "/session")).body.proof).toBe("minted");
    expect((await maker.addPasskey()).body.code).toBe("passkeys.needs_administrators");
    expect((await person.addPasskey()).status).toBe(201);
  });

  it("can't be added with a token: it may sit in a file", async () => {
    await invite("program@halden.example", "developer");
    const token = (await api("POST", "/people/program@halden.example/tokens", { notAfter: new Date(mandate.now() + 3_600_000).toISOString() })).body.token;
    expect((await api("POST", "/account/passkeys/options", {}, token)).body.code).toBe("identity.session_required");
  });
});

describe("a further passkey", () => {
  it("needs one that is there, and cools for 24 hours", async () => {
    const { browser, passkey } = await member("bob@halden.example", "developer");
    const options = (await browser.request("POST", "/account/passkeys/options", {})).body;
    const add = (by: SoftPasskey | null, challenge = options.confirmation.challenge) => browser.request("POST", "/account/passkeys", { name: "Key", registration: new SoftPasskey().create(options.creation), confirmation: by?.assert(challenge) ?? null });
    expect((await add(null)).body.code).toBe("passkeys.confirmation");
    expect((await add(root.passkey)).body.code).toBe("passkeys.assertion");
    expect((await add(passkey, Buffer.alloc(32).toString("base64url"))).body.code).toBe("passkeys.assertion");
    const added = await browser.addPasskey(new SoftPasskey(), passkey);
    expect(added.body).toMatchObject({ addedByWayOf: "passkey", coolingUntil: expect.any(String) });
    expect((await browser.request("GET", "/account")).body.passkeys).toHaveLength(2);
  });

  it("is renamed and removed by its owner alone, and the person is told of both changes", async () => {
    const { browser } = await member("carol@halden.example", "developer");
    const [{ id }] = (await browser.request("GET", "/account")).body.passkeys;
    expect((await browser.request("PUT", `/account/passkeys/${id}`, { name: "Blue key" })).body.name).toBe("Blue key");
    expect((await root.browser.request("DELETE", `/account/passkeys/${id}`)).status).toBe(404);
    expect((await browser.request("DELETE", `/account/passkeys/${id}`)).status).toBe(204);
    const after = await browser.addPasskey();
    expect(after.body.code, "a removed first passkey makes no new first one").toBe("passkeys.needs_administrators");
  });
});

describe("signing in with a passkey refuses", () => {
  const refused = async (passkey: SoftPasskey, answer: Parameters<SoftPasskey["assert"]>[1]) => {
    const browser = new BrowserSession(mandate);
    const { challenge } = (await browser.request("POST", "/session/passkey/options", {})).body;
    const reply = await browser.request("POST", "/session/passkey", { assertion: passkey.assert(challenge, answer) });
    expect(browser.cookie).toBeNull();
    return [reply.status, reply.body.code];
  };

  it("another origin, another domain, a frame of another site, and a person who wasn't verified", async () => {
    const { passkey } = await member("dave@halden.example", "developer");
    expect(await refused(passkey, { origin: "http://localhost:9999" })).toEqual([403, "passkeys.assertion"]);
    expect(await refused(passkey, { origin: "https://mandate.evil.example" })).toEqual([403, "passkeys.assertion"]);
    expect(await refused(passkey, { rpId: "evil.example" })).toEqual([403, "passkeys.assertion"]);
    expect(await refused(passkey, { crossOrigin: true })).toEqual([403, "passkeys.assertion"]);
    expect(await refused(passkey, { userVerified: false })).toEqual([403, "passkeys.assertion"]);
  });

  it("a challenge used before, one that has ended, and one asked for something else", async () => {
    const { browser, passkey } = await member("erin@halden.example", "developer");
    const other = new BrowserSession(mandate);
    const { challenge } = (await other.request("POST", "/session/passkey/options", {})).body;
    const assertion = passkey.assert(challenge);
    expect((await other.request("POST", "/session/passkey", { assertion })).status).toBe(200);
    expect((await other.request("POST", "/session/passkey", { assertion })).body.code).toBe("passkeys.challenge");
    expect((await other.request("POST", "/session/passkey", { assertion: passkey.assert(challenge) })).body.code).toBe("passkeys.challenge");
    const adding = (await browser.request("POST", "/account/passkeys/options", {})).body.creation.challenge;
    expect((await other.request("POST", "/session/passkey", { assertion: passkey.assert(adding) })).body.code).toBe("passkeys.challenge");
    expect((await other.request("POST", "/session/passkey", { assertion: passkey.assert(Buffer.alloc(54)) })).body.code).toBe("passkeys.challenge");
  });

  it("a copied authenticator: its counter falls behind, the passkey is blocked and a finding opens", async () => {
    const { passkey } = await member("frank@halden.example", "developer");
    expect((await new BrowserSession(mandate).signInWith(passkey)).status).toBe(200);
    expect((await new BrowserSession(mandate).signInWith(passkey)).status).toBe(200);
    expect(await refused(passkey, { counter: 1 })).toEqual([403, "passkeys.counter"]);
    expect(await refused(passkey, { counter: 900 }), "the blocked key's next answer too").toEqual([403, "passkeys.counter"]);
    const { items } = (await api("GET", "/findings?limit=100")).body;
    expect(items.filter((one: { cause: string }) => one.cause === "passkey_copied")).toHaveLength(1);
  });

  it("someone who was deactivated", async () => {
    const { browser, passkey } = await member("gone@halden.example", "developer");
    expect((await api("DELETE", "/people/gone@halden.example")).status).toBe(204);
    expect((await new BrowserSession(mandate).signInWith(passkey)).body.code).toBe("identity.person_deactivated");
    expect((await browser.request("GET", "/account")).status).toBe(401);
  });
});

describe("an administrator who resets a passkey", () => {
  it("needs a second one, tells the person, and what is enrolled then can't sign T2 for 24 hours", async () => {
    const { browser, passkey } = await member("judge@halden.example", "developer");
    const asked = await root.browser.request("POST", "/people/judge@halden.example/passkey-reset", { reason: "Lost the phone." });
    expect(asked.status, asked.text).toBe(202);
    const early = await arrived("judge@halden.example");
    expect((await early.addPasskey()).body.code, "nobody confirmed yet").toBe("passkeys.needs_administrators");
    expect((await decide(root.browser, "approve", asked.body.approval)).status, "the same administrator twice").toBe(403);
    expect((await decide(browser, "approve", asked.body.approval)).status, "the person themselves").toBe(403);
    const confirmed = await decide(second.browser, "approve", asked.body.approval);
    expect(confirmed.status, confirmed.text).toBe(200);
    const impostor = await arrived("judge@halden.example");
    const added = await impostor.addPasskey(new SoftPasskey());
    expect(added.body).toMatchObject({ addedByWayOf: "administrators" });
    expect(Date.parse(added.body.coolingUntil)).toBeGreaterThan(mandate.now() + 23 * 3_600_000);
    expect((await new BrowserSession(mandate).signInWith(passkey)).body.code, "the earlier passkey has ended").toBe("passkeys.assertion");
    expect((await impostor.addPasskey()).body.code, "the leave is for one").toBe("passkeys.needs_administrators");
  });

  it("can't ask for their own, and not with a token somebody else made", async () => {
    expect((await root.browser.request("POST", "/people/root@halden.example/passkey-reset", { reason: "Mine." })).body.code).toBe("identity.two_administrators");
    expect((await api("POST", "/people/judge@halden.example/passkey-reset", { reason: "Bootstrap." })).body.code).toBe("identity.two_administrators");
  });
});

describe("sessions", () => {
  it("ended elsewhere cut the live updates of an open page", async () => {
    const { browser, passkey } = await member("listener@halden.example", "developer");
    const stream = await fetch(`${mandate.url}/api/v1/events`, { headers: { cookie: browser.cookie! } });
    const reader = stream.body!.getReader();
    await reader.read();
    const other = new BrowserSession(mandate);
    await other.signInWith(passkey);
    await other.request("POST", "/account/sessions/end-others", {});
    while (!(await reader.read()).done);
  });

  it("are the person's to see and end, one or all others", async () => {
    const { browser, passkey } = await member("henry@halden.example", "developer");
    const other = new BrowserSession(mandate);
    await other.signInWith(passkey);
    const { sessions } = (await browser.request("GET", "/account")).body;
    expect(sessions.map((one: { openedBy: string; current: boolean }) => [one.openedBy, one.current])).toEqual([["passkey", false], ["link", true]]);
    expect(sessions[0].browser).toBe("Test Browser/1.0");
    expect((await root.browser.request("DELETE", `/account/sessions/${sessions[0].id}`)).status).toBe(204);
    expect((await other.request("GET", "/account")).status, "somebody else's id ends nothing").toBe(200);
    expect((await browser.request("POST", "/account/sessions/end-others", {})).body).toEqual({ ended: 1 });
    expect((await other.request("GET", "/account")).status).toBe(401);
  });

  it("never take over a cookie that a browser came with (fixation)", async () => {
    const { passkey } = await member("ivy@halden.example", "developer");
    const victim = new BrowserSession(mandate);
    victim.cookie = `mandate_session=${root.browser.cookie!.split("=")[1]!.replace(/.$/, (last) => (last === "A" ? "Q" : "A"))}`;
    const before = victim.cookie;
    await victim.signInWith(passkey);
    expect(victim.cookie).not.toBe(before);
    expect((await victim.request("GET", "/session")).body.person.email).toBe("ivy@halden.example");
  });
});
