import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BrowserSession } from "../testing/browser-session.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { SoftPasskey } from "../testing/soft-passkey.ts";

const password = "four words in a row";
let mandate: TestServer;
const codeOf = (secret: string, aheadMs = 0): string => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: mandate.now() + aheadMs });
const arrive = async (email: string): Promise<BrowserSession> => {
  await mandate.request("POST", "/api/v1/people", { body: { email, name: "Someone", roles: ["developer"] } });
  const browser = new BrowserSession(mandate);
  expect((await browser.arrive(email)).status).toBe(200);
  return browser;
};
/** Someone who set a password and a code in the session of the invitation. */
const withPassword = async (email: string): Promise<{ browser: BrowserSession; secret: string }> => {
  const browser = await arrive(email);
  const begun = await browser.request("POST", "/account/password", { password });
  expect(begun.status, begun.text).toBe(201);
  expect((await browser.request("POST", "/account/password/confirm", { code: codeOf(begun.body.secret) })).status).toBe(204);
  mandate.advance(30_000);
  return { browser, secret: begun.body.secret };
};
const signIn = (email: string, code: string, pass = password) => new BrowserSession(mandate).request("POST", "/session/password", { email, password: pass, code });

beforeAll(async () => {
  mandate = await startTestServer();
});
afterAll(() => mandate?.close());

describe("password and code", () => {
  it("sign in, and the session says that it was the weaker way", async () => {
    const { secret } = await withPassword("ann@halden.example");
    const browser = new BrowserSession(mandate);
    const answer = await browser.request("POST", "/session/password", { email: "Ann@halden.example", password, code: codeOf(secret) });
    expect(answer.status, answer.text).toBe(200);
    expect((await browser.request("GET", "/session")).body.proof).toBe("password");
  });

  it("a code works once, and an earlier one not after it", async () => {
    const { secret } = await withPassword("bob@halden.example");
    const earlier = codeOf(secret, -30_000);
    const code = codeOf(secret);
    expect((await signIn("bob@halden.example", code)).status).toBe(200);
    expect((await signIn("bob@halden.example", code)).body.code).toBe("identity.sign_in_refused");
    expect((await signIn("bob@halden.example", earlier)).body.code).toBe("identity.sign_in_refused");
  });

  it("answers the same for nobody, for someone without a password and for a wrong one", async () => {
    await arrive("no-password@halden.example");
    await withPassword("carol@halden.example");
    const answers = [];
    for (const email of ["nobody@halden.example", "no-password@halden.example", "carol@halden.example"]) {
      const { status, body } = await signIn(email, "000000", "not the password");
      answers.push(JSON.stringify([status, body.code, body.detail, body.remedies]));
    }
    expect(new Set(answers).size).toBe(1);
  });

  it("five wrong codes beside the right password block it, the person is told, and strangers can't do that", async () => {
    const { secret } = await withPassword("dave@halden.example");
    for (let tried = 0; tried < 5; tried++) {
      await signIn("dave@halden.example", "000000", "wrong password");
      mandate.advance(60_000);
    }
    expect((await signIn("dave@halden.example", codeOf(secret))).status, "wrong passwords lock nobody out").toBe(200);
    for (let tried = 0; tried < 5; tried++) {
      mandate.advance(60_000);
      expect((await signIn("dave@halden.example", codeOf(secret, 600_000))).status).toBe(401);
    }
    mandate.advance(60_000);
    expect((await signIn("dave@halden.example", codeOf(secret))).status, "blocked").toBe(401);
  });

  it("guessing from one address about one person is slowed down, and elsewhere the person still gets in", async () => {
    const { secret } = await withPassword("erin@halden.example");
    const seen: number[] = [];
    for (let tried = 0; tried < 8; tried++) seen.push((await signIn("erin@halden.example", "000000", "guess")).status);
    expect(seen).toContain(429);
    mandate.advance(60_000);
    expect((await signIn("erin@halden.example", codeOf(secret))).status).toBe(200);
  });

  it("whoever has a passkey sets it in a session that the passkey opened, and a short password is refused", async () => {
    const browser = await arrive("frank@halden.example");
    expect((await browser.request("POST", "/account/password", { password: "short" })).body.code).toBe("identity.password_length");
    const passkey = new SoftPasskey();
    await browser.addPasskey(passkey);
    expect((await browser.request("POST", "/account/password", { password })).body.code).toBe("identity.stronger_session");
    const strong = new BrowserSession(mandate);
    await strong.signInWith(passkey);
    const begun = await strong.request("POST", "/account/password", { password });
    expect(begun.status).toBe(201);
    expect((await strong.request("GET", "/account")).body.password, "not before its first code").toMatchObject({ set: false });
    await strong.request("POST", "/account/password/confirm", { code: codeOf(begun.body.secret) });
    expect((await strong.request("GET", "/account")).body.password).toMatchObject({ set: true, coolingUntil: expect.any(String) });
  });

  it("can't be set in a session that somebody else's link opened", async () => {
    await mandate.request("POST", "/api/v1/people", { body: { email: "root@halden.example", name: "Root", roles: ["administrator"] } });
    await new BrowserSession(mandate).arrive("root@halden.example");
    await arrive("grace@halden.example");
    const minted = new BrowserSession(mandate);
    await minted.arrive("grace@halden.example");
    expect((await minted.request("POST", "/account/password", { password })).body.code).toBe("identity.stronger_session");
  });
});

describe("sessions end", () => {
  it("after two hours without a request, and after twelve whatever happens", async () => {
    const idle = await arrive("henry@halden.example");
    mandate.advance(2 * 3_600_000 + 1000);
    expect((await idle.request("GET", "/account")).status).toBe(401);
    const busy = await arrive("ivy@halden.example");
    for (let hour = 0; hour < 11; hour++) {
      mandate.advance(3_600_000);
      expect((await busy.request("GET", "/account")).status, `hour ${hour + 1}`).toBe(200);
    }
    mandate.advance(3_600_000);
    expect((await busy.request("GET", "/account")).status).toBe(401);
  });
});
