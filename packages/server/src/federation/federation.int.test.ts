import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { callbackPath } from "./index.ts";
import { startTestProvider, TestBrowser } from "./test-provider.ts";
import type { TestProvider } from "./test-provider.ts";

let server: TestServer;
let provider: TestProvider;
let other: TestProvider;
let browser: TestBrowser;
/** Console address as the configuration knows it; the test's socket has another port. */
const redirectUri = `http://localhost:4600${callbackPath}`;

beforeAll(async () => {
  server = await startTestServer();
  provider = await startTestProvider(redirectUri);
  other = await startTestProvider(redirectUri);
  const { status } = await put("company", provider);
  expect(status).toBe(201);
}, 60_000);
afterAll(async () => {
  provider.close();
  other.close();
  await server.close();
});
beforeEach(() => void (browser = new TestBrowser()));

const put = (name: string, one: TestProvider, more: object = {}) => server.request("PUT", `/api/v1/identity-providers/${name}`, { body: { title: "Company", issuer: one.issuer, clientId: one.clientId, secret: one.clientSecret, trustEmail: true, ...more } });
const invite = (email: string) => server.request("POST", "/api/v1/people", { body: { email, name: email, roles: ["developer"] } });

/** Begins here, signs in there, and comes back to the callback with what the provider sent. */
async function signIn(subject: string, options: { at?: string; using?: TestBrowser } = {}): Promise<{ status: number; code: string | undefined; email: string | undefined }> {
  const using = options.using ?? browser;
  const begun = await using.request(`${server.url}/api/v1/session/oidc/${options.at ?? "company"}/start`);
  expect(begun.status).toBe(303);
  const back = new URL(await using.passProvider(begun.location!, subject));
  return finish(`${back.pathname}${back.search}`, using);
}

async function finish(path: string, using: TestBrowser): Promise<{ status: number; code: string | undefined; email: string | undefined }> {
  const arrived = await using.request(server.url + path);
  const session = await using.request(`${server.url}/api/v1/session`);
  const code = arrived.status === 200 ? undefined : (JSON.parse(arrived.text) as { code: string }).code;
  return { status: arrived.status, code, email: session.status === 200 ? (JSON.parse(session.text) as { person: { email: string } }).person.email : undefined };
}

test("an invited person arrives through a provider that others wrote, and is known by subject from then on", async () => {
  await invite("ada@example.com");
  provider.people.set("sub-ada", { email: "ada@example.com", email_verified: true });
  expect(await signIn("sub-ada")).toEqual({ status: 200, code: undefined, email: "ada@example.com" });
  // The address changes at the provider, the subject doesn't.
  provider.people.set("sub-ada", { email: "somebody.else@example.com", email_verified: true });
  expect(await signIn("sub-ada", { using: new TestBrowser() })).toMatchObject({ email: "ada@example.com" });
});

test("an address proves nothing about somebody who is here already", async () => {
  provider.people.set("sub-eve", { email: "ada@example.com", email_verified: true });
  expect(await signIn("sub-eve")).toEqual({ status: 403, code: "federation.not_linked", email: undefined });
});

test("an unverified address, an untrusted provider or nobody's invitation let no one in", async () => {
  await invite("ben@example.com");
  provider.people.set("sub-ben", { email: "ben@example.com", email_verified: false });
  expect(await signIn("sub-ben")).toMatchObject({ code: "federation.not_linked", email: undefined });
  await put("elsewhere", other, { trustEmail: false });
  other.people.set("sub-ben", { email: "ben@example.com", email_verified: true });
  expect(await signIn("sub-ben", { at: "elsewhere", using: new TestBrowser() })).toMatchObject({ code: "federation.not_linked", email: undefined });
  provider.people.set("sub-nobody", { email: "nobody@example.com", email_verified: true });
  expect(await signIn("sub-nobody", { using: new TestBrowser() })).toMatchObject({ code: "federation.not_linked" });
});

test("the same subject at another issuer is another person", async () => {
  await put("elsewhere", other, { trustEmail: true });
  other.people.set("sub-ada", { email: "not-invited@example.com", email_verified: true });
  expect(await signIn("sub-ada", { at: "elsewhere" })).toMatchObject({ code: "federation.not_linked", email: undefined });
});

test("a return that another browser began, a repeated one or a changed one signs nobody in", async () => {
  const begun = await browser.request(`${server.url}/api/v1/session/oidc/company/start`);
  const back = new URL(await browser.passProvider(begun.location!, "sub-ada"));
  const victim = new TestBrowser();
  expect(await finish(`${back.pathname}${back.search}`, victim)).toMatchObject({ status: 403, code: "federation.attempt_ended", email: undefined });
  // Login CSRF: an attacker's code in a browser that began an attempt of its own.
  await victim.request(`${server.url}/api/v1/session/oidc/company/start`);
  expect(await finish(`${back.pathname}${back.search}`, victim)).toMatchObject({ status: 403, code: "federation.failed", email: undefined });
  const attempt = browser.cookie(server.url, "mandate_oidc")!;
  expect(await finish(`${back.pathname}${back.search}`, browser)).toMatchObject({ status: 200, email: "ada@example.com" });
  const again = new TestBrowser();
  again.setCookie(server.url, "mandate_oidc", attempt);
  expect(await finish(`${back.pathname}${back.search}`, again)).toMatchObject({ status: 403, code: "federation.failed", email: undefined });
  // The first character, not the last: of a base64url text's last one some bits carry nothing.
  again.setCookie(server.url, "mandate_oidc", attempt.replace(/^./, (first) => (first === "A" ? "B" : "A")));
  expect(await finish(`${back.pathname}${back.search}`, again)).toMatchObject({ code: "federation.attempt_ended" });
});

test("a person links an identity from a session of their own, never from one that somebody else made", async () => {
  await invite("cy@example.com");
  const link = (await server.request("POST", "/api/v1/people/cy@example.com/sign-in-links", { body: {} })).body.url as string;
  const opened = await fetch(`${server.url}/api/v1/session/sign-in`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ link }) });
  browser.setCookie(server.url, "mandate_session", /mandate_session=([^;]+)/.exec(opened.headers.get("set-cookie") ?? "")![1]!);
  const begun = await browser.request(`${server.url}/api/v1/session/oidc/company/start?link=1`);
  provider.people.set("sub-cy", { email: "private@elsewhere.example", email_verified: false });
  const back = new URL(await browser.passProvider(begun.location!, "sub-cy"));
  expect((await browser.request(server.url + back.pathname + back.search)).status).toBe(200);
  expect(await signIn("sub-cy", { using: new TestBrowser() })).toMatchObject({ email: "cy@example.com" });
  const minted = (await server.request("POST", "/api/v1/people/cy@example.com/tokens", { body: { notAfter: new Date(server.now() + 3_600_000).toISOString() } })).body.token as string;
  const refused = await server.request("GET", "/api/v1/session/oidc/company/start?link=1", { token: minted });
  expect(refused.body).toMatchObject({ code: "federation.own_session" });
});

test("a deactivated person doesn't get in, whatever the provider says", async () => {
  await server.request("DELETE", "/api/v1/people/cy@example.com");
  expect(await signIn("sub-cy")).toMatchObject({ code: "identity.person_deactivated", email: undefined });
});

test("client secrets never come back, and another issuer needs it again", async () => {
  const listed = await server.request("GET", "/api/v1/identity-providers");
  expect(listed.text).toContain('"hasSecret":true');
  expect(listed.text + server.logged()).not.toContain(provider.clientSecret);
  const moved = await put("company", { ...provider, issuer: other.issuer }, { secret: undefined });
  expect(moved.body).toMatchObject({ code: "federation.secret_missing" });
  const plain = await put("company", { ...provider, issuer: "http://idp.example" });
  expect(plain.status).toBe(400);
});

test("a provider that can't be reached is an error that says so and shows nothing of the inside", async () => {
  const socket = createServer();
  await new Promise<void>((done) => socket.listen(0, "127.0.0.1", done));
  const { port } = socket.address() as AddressInfo;
  await new Promise<void>((done) => void socket.close(() => done()));
  await put("gone", { ...provider, issuer: `http://127.0.0.1:${port}` });
  const refused = await server.request("GET", "/api/v1/session/oidc/gone/start", { token: null });
  expect(refused.body).toMatchObject({ code: "federation.failed", status: 403 });
  expect(refused.text).not.toContain(String(port));
});
