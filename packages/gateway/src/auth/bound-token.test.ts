import { generateKeyPairSync, hash, type KeyObject, randomUUID, sign } from "node:crypto";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testCredential, testFacts, testKey, testNowMs, testSnapshot, testSystem } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { startTestUpstream, type TestUpstream } from "../testing/upstream.ts";
import { thumbprint } from "./jws.ts";

const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwkOf = (key: KeyObject) => ({ ...key.export({ format: "jwk" }) });
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (key: KeyObject, header: Record<string, unknown>, claims: Record<string, unknown>) => {
  const signed = `${part({ alg: "ES256", ...header })}.${part(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
};

const installation = pair();
const other = pair();
const holder = pair();
const now = testNowMs / 1000;
const production = testSystem("T3");
const system = {
  ...production,
  lifecycle: "production" as const,
  authorization: { ...production.authorization!, type: "production" as const },
  parameters: { ...production.parameters, gatewayKeysInProduction: false },
};
const client = testCredential({ id: "cred_client", keyHash: null, kind: "client" });
const key = testCredential();
const issuer = "http://localhost:4600";
const audience = "urn:mandate:gateway:org_test";

let upstream: TestUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startTestUpstream();
  const snapshot = testSnapshot(testFacts(upstream.endpoint, system), {
    credentials: [client, key],
    accessTokens: { issuer, audience, keys: [{ ...jwkOf(installation.publicKey), kid: "i1" }], origins: [] },
  });
  gateway = await startTestGateway(snapshot);
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const token = (changes: Record<string, unknown> = {}, by = installation, header: Record<string, unknown> = {}) =>
  jwt(by.privateKey, { typ: "at+jwt", kid: "i1", ...header }, {
    iss: issuer,
    aud: audience,
    sub: client.id,
    client_id: client.id,
    system: system.name,
    jti: randomUUID(),
    iat: now,
    exp: now + 300,
    scope: "model.call",
    cnf: { jkt: thumbprint(jwkOf(holder.publicKey)) },
    ...changes,
  });
const models = async (text: string, scheme = "DPoP", proven = true) => {
  const url = `${gateway.url}/v1/models`;
  const proof = jwt(holder.privateKey, { typ: "dpop+jwt", jwk: jwkOf(holder.publicKey) }, {
    htm: "GET",
    htu: url,
    iat: now,
    jti: randomUUID(),
    ath: hash("sha256", text, "base64url"),
  });
  const reply = await gateway.call("/v1/models", undefined, {
    authorization: `${scheme} ${text}`,
    ...(proven ? { dpop: proof } : {}),
  });
  return { status: reply.status, code: reply.body?.error?.code, param: reply.body?.error?.param, reply };
};

describe("T3 in production", () => {
  test("a key is refused and told the way; a bound token with its proof calls", async () => {
    const refused = await gateway.call("/v1/models", undefined, { authorization: `Bearer ${testKey}` });
    expect([refused.status, refused.body.error.code, refused.body.error.param]).toEqual([403, "not_authorized", "credential.kind"]);
    expect(refused.body.error.remedies[0].command).toContain("mandate credential create --kind client");
    expect((await models(token())).status).toBe(200);
  });

  test("the real client calls with a proof made for each of its requests", async () => {
    const text = token();
    const client = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: "unused",
      maxRetries: 0,
      fetch: (url, init) => {
        const claims = { htm: "POST", htu: String(url), iat: now, jti: randomUUID(), ath: hash("sha256", text, "base64url") };
        const headers = new Headers(init?.headers);
        headers.set("authorization", `DPoP ${text}`);
        headers.set("dpop", jwt(holder.privateKey, { typ: "dpop+jwt", jwk: jwkOf(holder.publicKey) }, claims));
        return fetch(url, { ...init, headers });
      },
    });
    const ask = () => client.chat.completions.create({ model: "gpt-test", messages: [{ role: "user", content: "hello" }] });
    expect((await ask()).choices).toHaveLength(1);
    expect((await ask()).choices, "the next request has a proof of its own").toHaveLength(1);
    expect(JSON.stringify(upstream.seen.at(-1)), "neither token nor proof goes upstream").not.toMatch(/dpop|at\+jwt|eyJ/i);
  });

  test("a token that is bound to no key is refused, however good it is", async () => {
    expect(await models(token({ cnf: undefined }), "Bearer", false)).toMatchObject({ status: 403, param: "credential.bound" });
  });

  test("a stolen token without its key is refused 401 and the challenge says what is missing", async () => {
    for (const [scheme, proven] of [["Bearer", false], ["Bearer", true], ["DPoP", false]] as const) {
      const answer = await models(token(), scheme, proven);
      expect([answer.status, answer.code], scheme).toEqual([401, "credential_unknown"]);
      expect(answer.reply.headers.get("www-authenticate")).toMatch(/^DPoP error="/);
    }
    expect(JSON.stringify(gateway.evidence.entries), "theft leaves a record").toContain("cred_client");
  });
});

describe("what is no access token here", () => {
  test("another installation's, audience's, issuer's, kind's or longer-lived one is unknown", async () => {
    const bad: [string, string][] = [
      ["another installation's", token({}, other)],
      ["for the token endpoint", token({ aud: `${issuer}/oauth2/token` })],
      ["for two audiences", token({ aud: [audience, "https://other.example"] })],
      ["of another issuer", token({ iss: "https://other.example" })],
      ["another kind of JWT", token({}, installation, { typ: "JWT" })],
      ["living longer than any", token({ exp: now + 3_600 })],
      ["of a key, not a client", token({ client_id: key.id, sub: key.id })],
      ["of nobody", token({ client_id: "cred_none", sub: "cred_none" })],
      ["a chain that is too long", token({ act: { sub: client.id, act: { sub: "a", act: { sub: "b", act: { sub: "c" } } } } })],
      ["an actor that is not the caller", token({ act: { sub: "cred_other" } })],
      ["a key that it names itself", token({}, other, { jwk: jwkOf(other.publicKey), jku: "https://evil.example/jwks" })],
      ["a key id that is a path", token({}, other, { kid: "../../../dev/null" })],
    ];
    for (const [what, text] of bad) expect(await models(text), what).toMatchObject({ status: 401, code: "credential_unknown" });
  });

  test("a chain through a credential that is gone, or of another system, is refused", async () => {
    const act = { sub: client.id, act: { sub: "cred_gone" } };
    expect(await models(token({ act, sub: "https://login.example#u1" }))).toMatchObject({ status: 401, code: "credential_revoked", param: "cred_gone" });
    expect(await models(token({ system: "other" }))).toMatchObject({ status: 401 });
  });

  test("an ended token says so, and a scope that nothing is left of grants nothing", async () => {
    expect(await models(token({ iat: now - 400, exp: now - 31 }))).toMatchObject({ status: 401, code: "credential_expired" });
    expect(await models(token({ scope: "" }))).toMatchObject({ status: 403, code: "not_granted" });
  });
});
