import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sql } from "kysely";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { CryptoKey, JWK } from "jose";
import { Provider } from "oidc-provider";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { Reply, TestServer } from "../testing/running-server.ts";

let mandate: TestServer;
let model: { url: string; close(): void };
let platform: { issuer: string; token(audience: string): Promise<string>; close(): void };

const issuer = "http://localhost:4600";
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessType = "urn:ietf:params:oauth:token-type:access_token";
const jwtType = "urn:ietf:params:oauth:token-type:jwt";

const manifest = (name: string, issuers: string) => `apiVersion: v1
kind: Model
metadata: { name: local }
spec: { host: self, protocol: openai, endpoint: "${model.url}/v1", region: EEA }
---
apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  title: ${name}
  purposes: [{ id: notes, text: Writes notes. }, { id: mail, text: Writes mail. }]
  owners: { business: bea@x.example, technical: tom@x.example }
  audience: internal
  autonomy: suggests
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: full, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, regions: [EEA], training: never }
  session: { user: token, issuers: ["${issuers}"], claims: [team], audiences: [mandate-gateway], userChannel: clean }
  uses: { models: [model:local] }
`;

interface Machine {
  readonly id: string;
  readonly key: CryptoKey;
  readonly jwk: JWK;
}

const pair = async (alg = "ES256") => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { key: privateKey, jwk: await exportJWK(publicKey) };
};
const nowSeconds = (): number => Math.floor(mandate.now() / 1000);
const ok = (reply: Reply): Reply => {
  expect(reply.status, reply.text).toBeLessThan(300);
  return reply;
};
const api = (method: string, path: string, body?: unknown) => mandate.request(method, `/api/v1${path}`, body === undefined ? {} : { body });

async function register(system: string, name: string, more: Record<string, unknown> = {}): Promise<Machine> {
  const keys = await pair();
  const made = ok(await api("POST", "/credentials", { kind: "client", system, name, ttl: "30d", jwk: keys.jwk, ...more }));
  return { ...keys, id: made.body.id };
}

const assertion = (machine: Machine, changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  new SignJWT({ iss: machine.id, sub: machine.id, aud: `${issuer}/oauth2/token`, jti: randomUUID(), iat: nowSeconds(), exp: nowSeconds() + 60, ...changes }).setProtectedHeader({ alg: "ES256", ...header }).sign(machine.key);

async function proof(keys: { key: CryptoKey; jwk: JWK }, url: string, changes: Record<string, unknown> = {}, method = "POST"): Promise<string> {
  return new SignJWT({ htm: method, htu: url, jti: randomUUID(), iat: nowSeconds(), ...changes }).setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: keys.jwk }).sign(keys.key);
}

async function ask(form: Record<string, string>, headers: Record<string, string> = {}): Promise<{ status: number; body: Record<string, unknown> & { access_token: string; error?: string; error_description?: string } }> {
  const response = await fetch(`${mandate.url}/oauth2/token`, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", ...headers }, body: new URLSearchParams(form) });
  return { status: response.status, body: (await response.json()) as never };
}
const byAssertion = async (machine: Machine, form: Record<string, string> = {}, changes: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  ask({ grant_type: "client_credentials", client_assertion_type: assertionType, client_assertion: await assertion(machine, changes), ...form }, headers);
const tokenOf = async (machine: Machine, form: Record<string, string> = {}): Promise<string> => {
  const answer = await byAssertion(machine, form);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.access_token;
};

async function call(token: string, headers: Record<string, string> = {}, scheme = "Bearer") {
  const response = await fetch(`${mandate.gatewayUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `${scheme} ${token}`, "content-type": "application/json", "x-mandate-purpose": "notes", ...headers },
    body: JSON.stringify({ model: "local", messages: [{ role: "user", content: "hello" }] }),
  });
  const text = await response.text();
  return { status: response.status, code: (JSON.parse(text) as { error?: { code: string } }).error?.code ?? null, param: (JSON.parse(text) as { error?: { param: string } }).error?.param ?? null, text, challenge: response.headers.get("www-authenticate"), decision: response.headers.get("x-mandate-decision") };
}
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;

/** `oidc-provider`, which others wrote, as the platform that vouches for workloads and people: JWT access tokens. */
async function startPlatform() {
  const http = createServer();
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  const address = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const keys = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(address, {
    clients: [{ client_id: "runner-7", client_secret: "secret-of-runner-7-0123456789abcdef", grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
    jwks: { keys: [{ ...(await exportJWK(keys.privateKey)), kid: "p1", alg: "RS256", use: "sig" }] },
    cookies: { keys: ["cookie key of the test"] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({ scope: "run", audience: resource.slice("urn:aud:".length), accessTokenFormat: "jwt" as const, accessTokenTTL: 300, jwt: { sign: { alg: "RS256" as const } } }),
        useGrantedResource: () => true,
      },
    },
    extraTokenClaims: () => ({ repository: "halden/notes", ref: "refs/heads/main", team: "blue" }),
  });
  const answer = provider.callback();
  http.on("request", (request, response) => void answer(request, response));
  return {
    issuer: address,
    async token(audience: string): Promise<string> {
      const response = await fetch(`${address}/token`, { method: "POST", headers: { authorization: `Basic ${Buffer.from("runner-7:secret-of-runner-7-0123456789abcdef").toString("base64")}`, "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ grant_type: "client_credentials", scope: "run", resource: `urn:aud:${audience}` }) });
      const body = (await response.json()) as { access_token?: string };
      expect(body.access_token, JSON.stringify(body)).toBeDefined();
      return body.access_token!;
    },
    close: () => void http.close(),
  };
}

beforeAll(async () => {
  const upstream = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: "c1", object: "chat.completion", created: 1, model: "local", choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
  });
  await new Promise<void>((done) => upstream.listen(0, "127.0.0.1", done));
  model = { url: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, close: () => void upstream.close() };
  [mandate, platform] = await Promise.all([startTestServer(), startPlatform()]);
  ok(await mandate.request("POST", "/api/v1/apply", { body: manifest("notes", platform.issuer) }));
  ok(await mandate.request("POST", "/api/v1/apply", { body: manifest("other", platform.issuer) }));
  await mandate.server.jobs.runAll();
}, 60_000);
afterAll(async () => {
  await mandate?.close();
  platform?.close();
  model?.close();
});

describe("client credentials with private_key_jwt", () => {
  it("a signed assertion becomes a token that calls, names its credential and lives fifteen minutes at most", async () => {
    const machine = await register("notes", "signer");
    const metadata = await (await fetch(`${mandate.url}/.well-known/oauth-authorization-server`)).json();
    expect(metadata).toMatchObject({ issuer, token_endpoint: `${issuer}/oauth2/token`, token_endpoint_auth_methods_supported: ["private_key_jwt"] });
    const token = await tokenOf(machine);
    const claims = claimsOf(token);
    expect(Number(claims["exp"]) - Number(claims["iat"])).toBeLessThanOrEqual(900);
    expect(claims["client_id"]).toBe(machine.id);
    expect(await call(token)).toMatchObject({ status: 200 });
    const { keys } = (await (await fetch(`${mandate.url}/oauth2/jwks`)).json()) as { keys: Record<string, unknown>[] };
    expect(JSON.stringify(keys)).not.toContain('"d"');
  });

  it("an assertion counts once, also when it is sent twice at the same moment", async () => {
    const machine = await register("notes", "replayed");
    const one = await assertion(machine);
    const form = { grant_type: "client_credentials", client_assertion_type: assertionType, client_assertion: one };
    const answers = await Promise.all([ask(form), ask(form), ask(form)]);
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 401, 401]);
    expect((await ask(form)).body).toMatchObject({ error: "invalid_client", error_description: "the assertion was used before" });
  });

  it("assertions that lie about anything are refused", async () => {
    const machine = await register("notes", "liar");
    const stranger = await pair();
    const post = async (text: string) => (await ask({ grant_type: "client_credentials", client_assertion_type: assertionType, client_assertion: text })).body;
    const bad: [string, string][] = [
      ["another server's", await assertion(machine, { aud: "https://other.example/oauth2/token" })],
      ["two audiences", await assertion(machine, { aud: [issuer, "https://other.example"] })],
      ["the gateway's", await assertion(machine, { aud: String(claimsOf(await tokenOf(machine))["aud"]) })],
      ["another key", await assertion({ ...machine, key: stranger.key })],
      ["ended", await assertion(machine, { exp: nowSeconds() - 31 })],
      ["lives too long", await assertion(machine, { exp: nowSeconds() + 3600 })],
      ["not yet", await assertion(machine, { iat: nowSeconds() + 120 })],
      ["without an id", await assertion(machine, { jti: undefined })],
      ["another subject", await assertion(machine, { sub: "cred_other" })],
      ["a proof", await assertion(machine, {}, { typ: "dpop+jwt" })],
      ["an access token", await tokenOf(machine)],
      ["a key it brings along", await assertion({ ...machine, key: stranger.key }, {}, { jwk: stranger.jwk })],
      ["a key it points to", await assertion({ ...machine, key: stranger.key }, {}, { jku: `${model.url}/jwks` })],
      ["none", `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await assertion(machine)).split(".")[1]}.x`],
      ["a shared secret made of the public key", await new SignJWT({ iss: machine.id, sub: machine.id, aud: issuer, jti: randomUUID(), exp: nowSeconds() + 60 }).setProtectedHeader({ alg: "HS256" }).sign(Buffer.from(JSON.stringify(machine.jwk)))],
    ];
    for (const [what, text] of bad) expect(await post(text), what).toMatchObject({ error: "invalid_client" });
    const twice = await fetch(`${mandate.url}/oauth2/token`, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "grant_type=client_credentials&grant_type=client_credentials" });
    expect(await twice.json()).toMatchObject({ error: "invalid_request" });
  });

  it("a token only narrows: scope and purpose beyond the credential's are refused at the endpoint and at the call", async () => {
    const machine = await register("notes", "narrow", { scope: ["model.call"], purposes: ["notes"] });
    expect((await byAssertion(machine, { scope: "tool.call" })).body).toMatchObject({ error: "invalid_scope" });
    expect((await byAssertion(machine, { scope: "purpose:mail" })).body).toMatchObject({ error: "invalid_scope" });
    expect((await byAssertion(machine, { audience: "https://else.example" })).body).toMatchObject({ error: "invalid_target" });
    const token = await tokenOf(machine);
    expect(await call(token, { "x-mandate-purpose": "mail" })).toMatchObject({ status: 403, param: "purpose" });
    expect(await call(token, { "x-mandate-purpose": "notes" })).toMatchObject({ status: 200 });
  });

  it("revoking the client ends its tokens by the time of the answer, suspending too, resuming brings them back", async () => {
    const machine = await register("notes", "revoked");
    const token = await tokenOf(machine);
    ok(await api("POST", `/credentials/${machine.id}/suspend`, { reason: "looks odd" }));
    expect(await call(token)).toMatchObject({ status: 401, code: "credential_suspended" });
    expect((await byAssertion(machine)).body).toMatchObject({ error: "invalid_client" });
    ok(await api("POST", `/credentials/${machine.id}/resume`, { reason: "was fine" }));
    expect(await call(token)).toMatchObject({ status: 200 });
    ok(await api("POST", `/credentials/${machine.id}/revoke`, { reason: "leaked" }));
    expect(await call(token)).toMatchObject({ status: 401, code: "credential_revoked" });
  });

  it("rotation adds a key; the old one signs through the overlap and no longer", async () => {
    const machine = await register("notes", "rotated");
    const next = await pair();
    const rotated = ok(await api("POST", `/credentials/${machine.id}/rotate`, { reason: "quarter", jwk: next.jwk }));
    expect(rotated.body.overlapEnds).toBeDefined();
    expect((await byAssertion(machine)).status).toBe(200);
    expect((await byAssertion({ ...machine, key: next.key })).status).toBe(200);
    expect((await api("GET", `/credentials/${machine.id}`)).body.thumbprints).toHaveLength(2);
    expect((await api("POST", "/credentials", { kind: "client", system: "other", name: "same key", ttl: "1d", jwk: machine.jwk })).body.code).toBe("credentials.key_taken");
    expect((await api("POST", `/credentials/${machine.id}/rotate`, { reason: "no key" })).status).toBe(409);
  });

  it("private halves, weak and shared keys are not registered", async () => {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const weak = { kty: "RSA", e: "AQAB", n: Buffer.alloc(128, 0xab).toString("base64url") };
    for (const jwk of [await exportJWK(privateKey), weak, { kty: "oct", k: "c2VjcmV0" }, {}]) expect((await api("POST", "/credentials", { kind: "client", system: "notes", name: "bad", ttl: "1d", jwk })).status, JSON.stringify(jwk)).toBe(400);
  });
});

describe("DPoP", () => {
  it("a bound token calls with a fresh proof of its key and with nothing less", async () => {
    const machine = await register("notes", "bound", { dpop: true });
    expect((await byAssertion(machine)).body).toMatchObject({ error: "invalid_dpop_proof" });
    const holder = await pair();
    const answer = await byAssertion(machine, {}, {}, { dpop: await proof(holder, `${issuer}/oauth2/token`) });
    expect(answer.body).toMatchObject({ token_type: "DPoP" });
    const token = answer.body.access_token;
    const url = `${mandate.gatewayUrl}/v1/chat/completions`;
    const ath = createHash("sha256").update(token).digest("base64url");
    const good = await proof(holder, url, { ath });
    expect(await call(token, { dpop: good }, "DPoP")).toMatchObject({ status: 200 });
    const thief = await pair();
    const bad: [string, string | null, string][] = [
      ["stolen, as a bearer", null, "Bearer"],
      ["stolen, without a proof", null, "DPoP"],
      ["a proof used before", good, "DPoP"],
      ["the thief's own key", await proof(thief, url, { ath }), "DPoP"],
      ["another path", await proof(holder, `${mandate.gatewayUrl}/v1/responses`, { ath }), "DPoP"],
      ["another host", await proof(holder, "https://evil.example/v1/chat/completions", { ath }), "DPoP"],
      ["another method", await proof(holder, url, { ath }, "GET"), "DPoP"],
      ["another token", await proof(holder, url, { ath: "x" }), "DPoP"],
      ["no token", await proof(holder, url), "DPoP"],
      ["made long ago", await proof(holder, url, { ath, iat: nowSeconds() - 200 }), "DPoP"],
      ["made for later", await proof(holder, url, { ath, iat: nowSeconds() + 200 }), "DPoP"],
    ];
    for (const [what, dpop, scheme] of bad) {
      const answered = await call(token, dpop === null ? {} : { dpop, host: "evil.example" }, scheme);
      expect([answered.status, answered.code], what).toEqual([401, "credential_unknown"]);
      expect(answered.challenge, what).toMatch(/^DPoP error="invalid_(?:token|dpop_proof)", algs="ES256/);
    }
  });

  it("a proof counts once among many sent at the same moment", async () => {
    const machine = await register("notes", "bound-twice", { dpop: true });
    const holder = await pair();
    const token = (await byAssertion(machine, {}, {}, { dpop: await proof(holder, `${issuer}/oauth2/token`) })).body.access_token;
    const dpop = await proof(holder, `${mandate.gatewayUrl}/v1/chat/completions`, { ath: createHash("sha256").update(token).digest("base64url") });
    const answers = await Promise.all([1, 2, 3, 4].map(() => call(token, { dpop }, "DPoP")));
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 401, 401, 401]);
  });
});

describe("workloads and people of an outside issuer", () => {
  const trust = (conditions: Record<string, string>) => ({ issuer: platform.issuer, audience: "mandate", conditions });

  it("a platform's token is exchanged where one trust covers it, and nowhere else", async () => {
    expect((await api("POST", "/credentials", { kind: "workload", system: "notes", name: "anybody", ttl: "1d", trust: trust({ repository: "halden/notes" }) })).status).toBe(400);
    expect((await api("POST", "/credentials", { kind: "workload", system: "notes", name: "anybody", ttl: "1d", trust: trust({ sub: "*" }) })).status).toBe(400);
    const made = ok(await api("POST", "/credentials", { kind: "workload", system: "notes", name: "runner", ttl: "1d", trust: trust({ sub: "runner-7", repository: "halden/*", ref: "refs/heads/main" }) }));
    const form = { grant_type: exchange, subject_token_type: jwtType };
    const token = await platform.token("mandate");
    const answer = await ask({ ...form, subject_token: token });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(claimsOf(answer.body.access_token)).toMatchObject({ client_id: made.body.id, workload: "runner-7" });
    expect(await call(answer.body.access_token)).toMatchObject({ status: 200 });
    expect((await ask({ ...form, subject_token: await platform.token("elsewhere") })).body).toMatchObject({ error: "invalid_grant" });
    const [head, payload, signature] = token.split(".");
    const changed = Buffer.from(JSON.stringify({ ...claimsOf(token), ref: "refs/heads/main", x: 1 })).toString("base64url");
    expect((await ask({ ...form, subject_token: `${head}.${changed}.${signature}` })).body).toMatchObject({ error: "invalid_grant" });
    expect(await call(`${head}.${payload}.${signature}`), "the platform's token is no access token").toMatchObject({ status: 401 });
    ok(await api("POST", "/credentials", { kind: "workload", system: "other", name: "also", ttl: "1d", trust: trust({ sub: "runner-7" }) }));
    expect((await ask({ ...form, subject_token: token })).body.error_description).toContain("several trusts");
    expect((await ask({ ...form, subject_token: token, client_id: made.body.id })).status).toBe(200);
  });

  it("x-mandate-user is verified without the network, and everything else about it refused", async () => {
    const { key } = ok(await api("POST", "/credentials", { system: "notes", name: "key", ttl: "1d" })).body;
    const user = await platform.token("mandate-gateway");
    expect(await call(key, { "x-mandate-user": user })).toMatchObject({ status: 200 });
    const { keys } = (await (await fetch(`${platform.issuer}/jwks`)).json()) as { keys: JWK[] };
    const claims = { iss: platform.issuer, sub: "u1", aud: "mandate-gateway", exp: nowSeconds() + 60 };
    const stranger = await pair("RS256");
    const bad: [string, string][] = [
      ["for another audience", await platform.token("else")],
      ["signed with the public key as a secret", await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: keys[0]!.kid! }).sign(Buffer.from(JSON.stringify(keys[0])))],
      ["signed by somebody else under the right key id", await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: keys[0]!.kid!, jku: `${model.url}/jwks`, jwk: stranger.jwk }).sign(stranger.key)],
      ["a key id that is a path", await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "../../dev/null" }).sign(stranger.key)],
      ["with a claim twice", `${user.split(".")[0]}.${Buffer.from(`{"iss":"${platform.issuer}","iss":"${platform.issuer}","exp":${nowSeconds() + 60}}`).toString("base64url")}.${user.split(".")[2]}`],
    ];
    for (const [what, token] of bad) expect(await call(key, { "x-mandate-user": token }), what).toMatchObject({ status: 403, param: "x-mandate-user" });
  });

  it("an agent acts for a user, another for it, each only narrower, and all of it is in the evidence", async () => {
    const third = await register("notes", "third");
    const second = await register("notes", "second", { actors: [third.id], scope: ["model.call"] });
    const first = await register("notes", "first", { actors: [second.id] });
    const stranger = await register("other", "stranger");
    const user = await platform.token("mandate-gateway");
    const act = async (who: Machine, subject: string, type: string, more: Record<string, string> = {}) => ask({ grant_type: exchange, subject_token: subject, subject_token_type: type, client_assertion_type: assertionType, client_assertion: await assertion(who), ...more });

    const forUser = await act(first, user, jwtType);
    expect(forUser.status, JSON.stringify(forUser.body)).toBe(200);
    expect(claimsOf(forUser.body.access_token)).toMatchObject({ sub: `${platform.issuer}#runner-7`, act: { sub: first.id } });
    expect(await call(forUser.body.access_token, { "x-mandate-user": user }), "the same user").toMatchObject({ status: 200 });

    const onward = await act(second, forUser.body.access_token, accessType);
    expect(claimsOf(onward.body.access_token)).toMatchObject({ client_id: second.id, scope: "model.call", act: { sub: second.id, act: { sub: first.id } } });
    expect((await act(second, forUser.body.access_token, accessType, { scope: "tool.call" })).body).toMatchObject({ error: "invalid_scope" });
    const last = await act(third, onward.body.access_token, accessType);
    expect(claimsOf(last.body.access_token)["scope"], "the third has more, the chain does not").toBe("model.call");
    expect(Number(claimsOf(last.body.access_token)["exp"])).toBeLessThanOrEqual(Number(claimsOf(forUser.body.access_token)["exp"]));

    expect((await act(third, forUser.body.access_token, accessType)).body, "not allowed by the first").toMatchObject({ error: "unauthorized_client" });
    expect((await act(stranger, forUser.body.access_token, accessType)).body, "another system").toMatchObject({ error: "invalid_grant" });
    expect((await act(first, last.body.access_token, accessType)).body.error, "no circle").toBe("unauthorized_client");

    const called = await call(last.body.access_token);
    expect(called.status, called.text).toBe(200);
    await mandate.server.dataPlane.drain();
    const { intent } = (await api("GET", `/decisions/${called.decision}`)).body;
    ok(await api("POST", "/people", { email: "aud@x.example", name: "Aud", roles: ["auditor"] }));
    const { token: auditor } = ok(await api("POST", "/people/aud@x.example/tokens", { notAfter: new Date(mandate.now() + 3_600_000).toISOString() })).body;
    const opened = ok(await mandate.request("POST", `/api/v1/evidence/entries/${encodeURIComponent(intent.log)}/${intent.index}/open`, { token: auditor, body: { reason: "who was it" } }));
    expect(opened.text).toContain(JSON.stringify([third.id, second.id, first.id]));
    expect(opened.text).toContain(`${platform.issuer}#runner-7`);
    // Who acted for whom is counted: each link, and each delegated call.
    const { org } = (await mandate.db.organizations())[0]!;
    const links = await mandate.db.read(org, (tx) => sql<{ value: string }>`select value from decision_tag where org = ${org} and kind = 'link' and id = ${called.decision} order by value`.execute(tx));
    expect(links.rows.map((row) => row.value)).toEqual([`${third.id}>${second.id}`, `${second.id}>${first.id}`, `${first.id}>user`].toSorted());
    // Both controls are of tier T1 and above.
    await mandate.db.transaction(org, (tx) => sql`update system_states set tier = 'T1' where org = ${org} and system = 'notes'`.execute(tx));
    const measured = async (control: string) => (ok(await api("POST", "/controls/run", { controls: [control] })).body.results as Record<string, unknown>[])[0];
    expect(await measured("NHI-07")).toMatchObject({ outcome: "pass", population: 2, faults: 0, proof: { how: "planted" } });
    expect(await measured("RT-10")).toMatchObject({ outcome: "pass", population: 2, faults: 0, proof: { how: "planted" } });
    // Nobody declared that one: as if a gateway had taken a token of its own making.
    await mandate.db.transaction(org, (tx) => sql`insert into decision_tag (org, kind, value, id) values (${org}, 'link', ${`${third.id}>${stranger.id}`}, ${called.decision})`.execute(tx));
    expect(await measured("NHI-07")).toMatchObject({ outcome: "fail", faults: 1, exceptions: [{ subject: called.decision, fault: "It acted for a credential of another system." }] });
    expect(await measured("RT-10")).toMatchObject({ outcome: "fail", faults: 1, exceptions: [{ subject: `${third.id}>${stranger.id}`, fault: "The one acted for never named it." }] });
    ok(await api("POST", `/credentials/${first.id}/revoke`, { reason: "done" }));
    expect(await call(last.body.access_token), "whom it acts for no longer stands").toMatchObject({ status: 401, code: "credential_revoked", param: first.id });
  });
});

describe("life of what machines hold", () => {
  it("whoever leaves takes the credentials they answer for out of use", async () => {
    ok(await api("POST", "/people", { email: "gone@x.example", name: "Gone", roles: ["developer"] }));
    const machine = await register("notes", "orphan", { accountable: "gone@x.example" });
    const token = await tokenOf(machine);
    ok(await api("DELETE", "/people/gone@x.example"));
    expect((await api("GET", `/credentials/${machine.id}`)).body).toMatchObject({ state: "suspended", accountable: "gone@x.example" });
    await expect.poll(async () => (await call(token)).code, { timeout: 1000, interval: 50 }).toBe("credential_suspended");
  });

  it("keys that live elsewhere are listed with owner and age, and never themselves", async () => {
    const items = [
      { name: "OPENAI_API_KEY", location: "github:halden/notes", owner: "tom@x.example", created: "2020-01-01", system: "notes" },
      { name: "MAIL_PASSWORD", location: "ci", kind: "password", owner: "nobody@x.example", created: new Date(mandate.now()).toISOString().slice(0, 10) },
    ];
    expect(ok(await api("POST", "/external-credentials", { items })).body.items.map((one: { action: string }) => one.action)).toEqual(["created", "created"]);
    expect(ok(await api("POST", "/external-credentials", { items })).body.items[0].action).toBe("updated");
    expect((await api("POST", "/external-credentials", { items: [{ name: "sk-proj-abcdefghijklmnopqrstuvwxyz0123", location: "ci" }] })).status).toBe(400);
    const listed = (await api("GET", "/external-credentials")).body.items;
    expect(listed).toHaveLength(2);
    await mandate.server.jobs.runAll();
    const causes = (await api("GET", "/findings?limit=200")).body.items.map((one: { cause: string; title: string }) => `${one.cause} ${one.title}`).join("\n");
    expect(causes).toMatch(/credential\.external_old OPENAI_API_KEY/);
    expect(causes).toMatch(/credential\.external_unowned MAIL_PASSWORD/);
  });

  it("what nobody has used for thirty days, and a scope wider than its use, are findings", async () => {
    await register("notes", "idle", { ttl: "60d" });
    const wide = await register("notes", "wide", { ttl: "60d", scope: ["model.call", "tool.call"] });
    mandate.advance(31 * 86_400_000);
    await call(await tokenOf(wide));
    // The next call carries the last one's use to its credential.
    await mandate.server.dataPlane.drain();
    mandate.advance(6000);
    await call(await tokenOf(wide));
    await expect.poll(async () => (await api("GET", `/credentials/${wide.id}`)).body.lastUsed, { timeout: 5000 }).not.toBeNull();
    await mandate.server.jobs.runAll();
    const broad = (await api("GET", "/findings?kind=credential.over_privileged&limit=200")).body.items;
    expect(broad.map((one: { title: string; detail: string }) => `${one.title}: ${one.detail}`)).toEqual([`wide may do what it never does: ${wide.id} has not used tool.call in 30 days.`]);
    const { items } = (await api("GET", "/findings?kind=credential.unused&limit=200")).body;
    expect(items.some((one: { title: string }) => one.title === "idle has never been used")).toBe(true);
  });
});
