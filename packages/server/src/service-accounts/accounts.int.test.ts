import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let mandate: TestServer;
const api = (method: string, path: string, body?: unknown, token?: string) => mandate.request(method, `/api/v1${path}`, { ...(body === undefined ? {} : { body }), ...(token === undefined ? {} : { token }) });
const account = async (name: string, scopes: readonly string[], owner = "ann@halden.example"): Promise<string> => {
  expect((await api("POST", "/service-accounts", { name, owner, scopes })).status).toBe(201);
  const made = await api("POST", `/service-accounts/${name}/tokens`, {});
  expect(made.status, made.text).toBe(201);
  return made.body.token;
};

beforeAll(async () => {
  mandate = await startTestServer();
  for (const email of ["ann@halden.example", "leaver@halden.example"]) await api("POST", "/people", { email, name: "Ann", roles: ["developer"] });
});
afterAll(() => mandate?.close());

it("does what its scopes open and nothing else, whatever route comes later", async () => {
  const token = await account("reader", ["register.read"]);
  expect((await api("GET", "/systems", undefined, token)).status).toBe(200);
  expect((await api("GET", "/models", undefined, token)).status).toBe(200);
  for (const [method, path] of [["POST", "/apply"], ["POST", "/credentials"], ["POST", "/people"], ["POST", "/evidence/packs"], ["PUT", "/models/any"], ["POST", "/systems/any/suspend"]] as const) {
    const answer = await api(method, path, {}, token);
    expect([answer.status, answer.body.code], `${method} ${path}`).toEqual([403, "identity.scope_missing"]);
  }
});

it("approves nothing, manages no people, reads no secrets and has no account of its own, with every scope there is", async () => {
  const token = await account("everything", ["register.read", "register.write", "credentials.write", "evidence.export", "decide"]);
  for (const [method, path] of [
    ["POST", "/approvals/apr_any/approve"],
    ["POST", "/authorizations/auth_any/grant"],
    ["POST", "/systems/any/promote"],
    ["POST", "/people"],
    ["POST", "/people/ann@halden.example/tokens"],
    ["POST", "/people/ann@halden.example/sign-in-links"],
    ["PUT", "/secrets/any"],
    ["PUT", "/settings/outbound"],
    ["GET", "/account"],
    ["POST", "/service-accounts"],
    ["DELETE", "/people/ann@halden.example"],
  ] as const) {
    const answer = await api(method, path, method === "GET" ? undefined : {}, token);
    expect([answer.status, answer.body?.code], `${method} ${path}`).toEqual([403, "identity.scope_missing"]);
  }
});

it("its token ends within the account's days, with the account, and with the person who answers for it", async () => {
  const late = new Date(mandate.now() + 31 * 86_400_000).toISOString();
  await account("short", ["register.read"]);
  expect((await api("POST", "/service-accounts/short/tokens", { notAfter: late })).body.code).toBe("service_accounts.token_end");
  const ended = await account("ended", ["register.read"]);
  expect((await api("DELETE", "/service-accounts/ended")).status).toBe(204);
  expect((await api("GET", "/systems", undefined, ended)).status).toBe(401);
  const orphan = await account("orphan", ["register.read"], "leaver@halden.example");
  expect((await api("GET", "/systems", undefined, orphan)).status).toBe(200);
  await api("DELETE", "/people/leaver@halden.example");
  expect((await api("GET", "/systems", undefined, orphan)).status).toBe(401);
  const dated = await account("dated", ["register.read"]);
  mandate.advance(30 * 86_400_000 + 1000);
  expect((await api("GET", "/systems", undefined, dated)).status).toBe(401);
});
