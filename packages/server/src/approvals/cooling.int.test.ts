import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BrowserSession } from "../testing/browser-session.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { Reply, TestServer } from "../testing/running-server.ts";
import { SoftPasskey } from "../testing/soft-passkey.ts";
import { loadDirectory } from "./directory.ts";
import { Somebody } from "../testing/somebody.ts";

const dayMs = 86_400_000;
const password = "four words in a row";
let mandate: TestServer;
let bea: Somebody;

/** `acts-with-approval` with a payment is T2, which a session or token may approve. */
const system = (name: string) => `apiVersion: v1
kind: Model
metadata: { name: local }
spec: { host: self, protocol: openai, endpoint: "http://localhost:9/v1", region: EEA }
---
apiVersion: v1
kind: Tool
metadata: { name: payouts.send }
spec: { effect: pays, reversible: false, critical: [{ arg: order, type: id }] }
---
apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  title: Payouts
  purposes: [{ id: pay, text: Pays customers back. }]
  owners: { business: bea@x.example, technical: tom@x.example }
  audience: internal
  autonomy: acts-with-approval
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, regions: [EEA], training: never }
  session: { user: token, issuers: [], claims: [], userChannel: clean }
  uses: { models: [model:local], tools: [tool:payouts.send] }
`;

const root = (method: string, path: string, body?: unknown) => mandate.request(method, `/api/v1${path}`, body === undefined ? {} : { body });
const ok = (reply: Reply): Reply => {
  expect(reply.status, reply.text).toBeLessThan(300);
  return reply;
};
/** The T2 question that the business owner answers. */
const ask = async (name: string): Promise<string> => {
  ok(await mandate.request("POST", "/api/v1/apply", { body: system(name) }));
  return (await root("GET", `/authorizations?system=${name}`)).body.items[0].approval;
};
const answered = async (session: BrowserSession, id: string): Promise<unknown[]> => {
  const reply = await session.request("POST", `/approvals/${id}/approve`, { reason: "looked at it" });
  return [reply.status, reply.body.code ?? reply.body.signature.kind];
};

beforeAll(async () => {
  mandate = await startTestServer();
  ok(await root("POST", "/people", { email: "bea@x.example", name: "Bea", roles: ["business-owner"] }));
  ok(await root("POST", "/people", { email: "kim@x.example", name: "Kim", roles: ["developer"] }));
  for (const name of ["ada", "otto"]) ok(await root("POST", "/people", { email: `${name}@x.example`, name, roles: ["administrator"] }));
  bea = await new Somebody(mandate, "bea@x.example").arrive();
});
afterAll(() => mandate?.close());

describe("a password and code set today", () => {
  it("approve nothing at T2 for 24 hours, and refuse at once; afterwards they are the weaker signature", async () => {
    const own = new BrowserSession(mandate);
    ok(await own.signInWith(bea.passkey));
    const { secret } = ok(await own.request("POST", "/account/password", { password })).body;
    const code = (): string => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: mandate.now() });
    ok(await own.request("POST", "/account/password/confirm", { code: code() }));
    mandate.advance(30_000);
    const signIn = async (): Promise<BrowserSession> => {
      const session = new BrowserSession(mandate);
      ok(await session.request("POST", "/session/password", { email: bea.email, password, code: code() }));
      return session;
    };
    const fresh = await signIn();
    const id = await ask("cooled");
    expect(await answered(fresh, id)).toEqual([403, "approvals.sign_in_cooling"]);
    expect((await fresh.request("POST", `/approvals/${await ask("refused")}/refuse`, { reason: "no" })).status).toBe(200);
    mandate.advance(dayMs);
    expect(await answered(await signIn(), id)).toEqual([200, "totp"]);
  });
});

describe("administrators who reset a passkey and sign in with the one they put there", () => {
  it("approve nothing at T2 by session, by a token or link made in it, nor by a delegate", async () => {
    const ada = await new Somebody(mandate, "ada@x.example").arrive();
    const otto = await new Somebody(mandate, "otto@x.example").arrive();
    const { approval } = ok(await ada.session.request("POST", `/people/${bea.email}/passkey-reset`, { reason: "Lost the phone" })).body;
    ok(await otto.sign(approval, "approve"));
    const minted = new BrowserSession(mandate);
    ok(await minted.arrive(bea.email));
    const theirs = new SoftPasskey();
    ok(await minted.addPasskey(theirs));
    const taken = new BrowserSession(mandate);
    ok(await taken.signInWith(theirs));

    const id = await ask("taken-over");
    expect(await answered(taken, id)).toEqual([403, "approvals.sign_in_cooling"]);
    const { token } = ok(await taken.request("POST", `/people/${bea.email}/tokens`, { notAfter: new Date(mandate.now() + 2 * dayMs).toISOString() })).body;
    const byToken = await mandate.request("POST", `/api/v1/approvals/${id}/approve`, { token, body: { reason: "quick" } });
    expect([byToken.status, byToken.body.code]).toEqual([403, "approvals.sign_in_cooling"]);
    const { url } = ok(await taken.request("POST", `/people/${bea.email}/sign-in-links`, {})).body;
    const linked = new BrowserSession(mandate);
    ok(await linked.request("POST", "/session/sign-in", { link: url }));
    expect(await answered(linked, id)).toEqual([403, "approvals.sign_in_cooling"]);
    const delegated = await taken.request("POST", "/delegations", { to: "kim@x.example", reason: "leave", ends: new Date(mandate.now() + 5 * dayMs).toISOString() });
    expect([delegated.status, delegated.body.code]).toEqual([403, "identity.sign_in_cooling"]);

    mandate.advance(dayMs);
    const later = await mandate.request("POST", `/api/v1/approvals/${id}/approve`, { token, body: { reason: "its time is over" } });
    expect([later.status, later.body.signature?.kind]).toEqual([200, "token"]);
  });
});

describe("a member added to a group of approvers", () => {
  it("by an edit answers nothing for 24 hours, and is a finding meanwhile", async () => {
    const group = (members: string) => `apiVersion: v1\nkind: Group\nmetadata: { name: leads }\nspec: { members: [${members}] }\n`;
    const changes = async () => (await root("GET", "/findings")).body.items.filter((one: { cause: string }) => one.cause === "approvers.changed");
    const answering = () =>
      mandate.server.evidence.read(async (tx) => (await loadDirectory(tx, mandate.server.org, mandate.now(), [{ system: null, approvers: [{ seat: { kind: "group", name: "leads" } }] }])).holders({ kind: "group", name: "leads" }, null).map((one) => one.email));
    ok(await mandate.request("POST", "/api/v1/apply", { body: group("kim@x.example") }));
    expect(await answering()).toEqual(["kim@x.example"]);
    ok(await mandate.request("POST", "/api/v1/apply", { body: group("kim@x.example, Mallory@x.example") }));
    expect(await answering()).toEqual(["kim@x.example"]);
    await mandate.server.jobs.runAll();
    expect(await changes()).toMatchObject([{ state: "open", detail: expect.stringContaining("mallory@x.example") }]);
    mandate.advance(dayMs);
    expect(await answering()).toEqual(["kim@x.example", "mallory@x.example"]);
    await mandate.server.jobs.runAll();
    expect(await changes()).toMatchObject([{ state: "closed" }]);
  });
});

describe("an owner who took another's seat by an edit", () => {
  it("stops and keys at once, approves nothing for 24 hours, and is a finding of whoever held it", async () => {
    const kim = await new Somebody(mandate, "kim@x.example").arrive();
    const id = await ask("captured");
    const { spec } = (await root("GET", "/systems/captured")).body;
    ok(await kim.session.request("PUT", "/systems/captured", { spec: { ...spec, owners: { ...spec.owners, business: "Kim@x.example" } } }));
    expect(await answered(kim.session, id)).toEqual([403, "approvals.seat_new"]);
    await mandate.server.jobs.runAll();
    expect((await root("GET", "/findings?system=captured&kind=approvers.changed")).body.items).toMatchObject([{ state: "open", owner: "bea@x.example", detail: expect.stringContaining("kim@x.example put kim@x.example in the place of bea@x.example") }]);
    mandate.advance(dayMs);
    const later = new BrowserSession(mandate);
    ok(await later.signInWith(kim.passkey));
    expect((await answered(later, id))[0]).toBe(200);
  });
});
