import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let mandate: TestServer;
const soon = (): string => new Date(mandate.now() + 3_600_000).toISOString();
const api = (method: string, path: string, body?: unknown, token?: string | null, headers?: Record<string, string>) =>
  mandate.request(method, `/api/v1${path}`, { ...(body === undefined ? {} : { body }), ...(token === undefined ? {} : { token }), ...(headers === undefined ? {} : { headers }) });
const person = async (email: string, ...roles: string[]) => {
  const answer = await api("POST", "/people", { email, name: email.split("@")[0], roles });
  expect([200, 201], answer.text).toContain(answer.status);
  return answer.body;
};
const tokenOf = async (email: string, by?: string): Promise<string> => {
  const answer = await api("POST", `/people/${encodeURIComponent(email)}/tokens`, { notAfter: soon() }, by);
  expect(answer.status, answer.text).toBe(201);
  return answer.body.token;
};
const link = async (email: string, by?: string): Promise<string> => {
  const answer = await api("POST", `/people/${encodeURIComponent(email)}/sign-in-links`, {}, by);
  expect(answer.status, answer.text).toBe(201);
  return new URL(answer.body.url).hash.replace("#link=", "");
};

beforeAll(async () => {
  mandate = await startTestServer();
});
afterAll(() => mandate?.close());

describe("who calls", () => {
  it("nobody without a token, and never with a wrong one", async () => {
    for (const token of [null, "", "mdt_0000000000000000000000000000000000000000", "x".repeat(400)]) {
      const answer = await api("GET", "/people", undefined, token);
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({ code: "identity.required", status: 401 });
      expect(answer.body.remedies.length).toBeGreaterThan(0);
      expect(answer.headers.get("content-type")).toContain("application/problem+json");
    }
  });

  it("the bootstrap account administers", async () => {
    expect((await api("GET", "/session")).body).toMatchObject({ person: { email: null, roles: ["administrator"] }, proof: "bootstrap" });
  });
});

describe("people", () => {
  it("are invited, listed by page, and named by e-mail whatever its case", async () => {
    await person("Ann@halden.example", "developer");
    await person("bob@halden.example");
    const first = await api("GET", "/people?limit=1");
    expect(first.body.items.map((one: { email: string }) => one.email)).toEqual(["ann@halden.example"]);
    const second = await api("GET", `/people?limit=1&cursor=${first.body.nextCursor}`);
    expect(second.body.items[0].email).toBe("bob@halden.example");
    expect((await api("GET", "/people/ANN@halden.example")).body).toMatchObject({ state: "invited", roles: ["developer"] });
    expect((await api("GET", "/people/none@halden.example")).status).toBe(404);
    expect((await api("GET", "/people?cursor=%00")).status).toBe(400);
  });

  it("an administrator holds no approving role", async () => {
    const answer = await api("POST", "/people", { email: "both@halden.example", name: "Both", roles: ["administrator", "business-owner"] });
    expect([answer.status, answer.body.code]).toEqual([409, "identity.separation_of_duties"]);
  });

  it.each([[{ email: "no", name: "x", roles: [] }], [{ email: "a@b.example", name: "x", roles: ["king"] }], [{ email: "a@b.example", name: "a\u0000b", roles: [] }], [{ email: "a@b.example", name: "x", roles: [], admin: true }], [[]]])(
    "a body that isn't one is refused: %j",
    async (body) => {
      const answer = await api("POST", "/people", body);
      expect([answer.status, answer.body.code]).toEqual([400, expect.stringMatching(/^request\.(?:invalid|text)$/)]);
    },
  );

  it("an invitation is announced once, with whom to ask and without the link", async () => {
    await person("ivo@halden.example", "developer");
    await person("ivo@halden.example", "developer", "auditor");
    const secret = await link("ivo@halden.example");
    const { rows } = await mandate.server.evidence.read((tx) => sql<{ notice: string }>`select row_to_json(n)::text as notice from notifications n where kind = 'person.invited' and 'ivo@halden.example' = any(recipients)`.execute(tx));
    expect(rows).toHaveLength(1);
    expect(rows[0]!.notice).toContain("sign-in link");
    expect(rows[0]!.notice).not.toContain(secret);
  });

  it("a developer can't invite anyone", async () => {
    const answer = await api("POST", "/people", { email: "c@halden.example", name: "C", roles: ["developer"] }, await tokenOf("ann@halden.example"));
    expect([answer.status, answer.body.code]).toEqual([403, "identity.right_missing"]);
  });
});

describe("tokens and sign-in", () => {
  it("a token acts as its person, ends by the clock, and takes the invitation", async () => {
    await person("tess@halden.example", "developer");
    const token = await tokenOf("tess@halden.example");
    expect((await api("GET", "/session", undefined, token)).body).toMatchObject({ person: { email: "tess@halden.example", roles: ["developer"] }, proof: "token" });
    expect((await api("GET", "/people/tess@halden.example")).body.state).toBe("active");
    mandate.advance(3_600_001);
    expect((await api("GET", "/session", undefined, token)).status).toBe(401);
  });

  it.each(["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "tomorrow"])("refuses a token that ends %s", async (notAfter) => {
    expect((await api("POST", "/people/tess@halden.example/tokens", { notAfter })).status).toBe(400);
  });

  it("nobody but an administrator makes a token for someone else", async () => {
    const token = await tokenOf("tess@halden.example");
    expect((await api("POST", "/people/bob@halden.example/tokens", { notAfter: soon() }, token)).status).toBe(403);
    expect((await api("POST", "/people/none@halden.example/tokens", { notAfter: soon() })).status).toBe(404);
  });

  it("a link signs in once, sets a cookie that scripts can't read, and a mutation needs the session's proof", async () => {
    const secret = await link("tess@halden.example");
    const signIn = () => api("POST", "/session/sign-in", { link: secret }, null);
    const first = await signIn();
    expect(first.status, first.text).toBe(200);
    const cookie = first.headers.get("set-cookie")!;
    expect(cookie).toMatch(/^mandate_session=mds_\w+; Path=\/; HttpOnly; SameSite=Strict/);
    expect([(await signIn()).status, (await signIn()).body.code]).toEqual([401, "identity.link_spent"]);
    const own = { cookie: cookie.split(";")[0]! };
    const session = await api("GET", "/session", undefined, null, own);
    expect(session.body).toMatchObject({ person: { email: "tess@halden.example" }, proof: "session" });
    const mint = (headers: Record<string, string>) => api("POST", "/people/tess@halden.example/tokens", { notAfter: soon() }, null, { ...own, ...headers });
    expect((await mint({})).body.code).toBe("identity.csrf");
    expect((await mint({ "x-mandate-csrf": "1" })).status).toBe(403);
    expect((await mint({ "x-mandate-csrf": session.body.csrf, "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await mint({ "x-mandate-csrf": session.body.csrf })).status).toBe(201);
    expect((await api("POST", "/session/sign-out", undefined, null, { ...own, "x-mandate-csrf": session.body.csrf })).status).toBe(204);
    expect((await api("GET", "/session", undefined, null, own)).status).toBe(401);
  });

  it("a link ends after half an hour", async () => {
    const secret = await link("tess@halden.example");
    mandate.advance(31 * 60_000);
    expect((await api("POST", "/session/sign-in", { link: secret }, null)).status).toBe(401);
  });

  it("deactivation ends tokens and sessions at once", async () => {
    await person("leaver@halden.example", "developer");
    const token = await tokenOf("leaver@halden.example");
    expect((await api("GET", "/session", undefined, token)).status).toBe(200);
    expect((await api("DELETE", "/people/leaver@halden.example")).status).toBe(204);
    expect((await api("GET", "/session", undefined, token)).status).toBe(401);
    expect((await api("POST", "/people/leaver@halden.example/tokens", { notAfter: soon() })).status).toBe(409);
  });
});

describe("once a person administers", () => {
  it("an approving role waits for someone who holds one, and an administrator can't answer in their name", async () => {
    await person("holder@halden.example", "business-owner");
    const holder = await tokenOf("holder@halden.example");
    await person("root@halden.example", "administrator");
    const root = await tokenOf("root@halden.example");
    expect((await api("GET", "/session", undefined, root)).status).toBe(200);

    const asked = await api("POST", "/people", { email: "new@halden.example", name: "New", roles: ["authorizing-official", "developer"] }, root);
    expect(asked.body).toMatchObject({ roles: ["developer"], pendingRoles: ["authorizing-official"] });
    const { items } = (await api("GET", "/approvals?state=pending", undefined, holder)).body;
    const question = items.find((one: { action: string }) => one.action === "role.grant");
    expect(question).toMatchObject({ resource: "new@halden.example", mayDecide: true });

    const stolen = await tokenOf("holder@halden.example", root);
    const byStolen = await api("POST", `/approvals/${question.id}/approve`, { reason: "mine" }, stolen);
    expect([byStolen.status, byStolen.body.code]).toEqual([403, "approvals.minted_token"]);
    const derived = await tokenOf("holder@halden.example", stolen);
    expect((await api("POST", `/approvals/${question.id}/approve`, { reason: "mine" }, derived)).body.code).toBe("approvals.minted_token");
    const session = await api("POST", "/session/sign-in", { link: await link("holder@halden.example", root) }, null);
    const cookie = session.headers.get("set-cookie")!.split(";")[0]!;
    const { csrf } = (await api("GET", "/session", undefined, null, { cookie })).body;
    expect((await api("POST", `/approvals/${question.id}/approve`, { reason: "mine" }, null, { cookie, "x-mandate-csrf": csrf })).body.code).toBe("approvals.minted_token");
    expect((await api("POST", `/approvals/${question.id}/approve`, { reason: "mine" })).body.code).toBe("approvals.not_a_person");

    const approved = await api("POST", `/approvals/${question.id}/approve`, { reason: "known to me" }, holder);
    expect([approved.status, approved.body.state], approved.text).toEqual([200, "approved"]);
    expect((await api("GET", "/people/new@halden.example")).body).toMatchObject({ roles: ["authorizing-official", "developer"], pendingRoles: [] });
    expect((await api("POST", `/approvals/${question.id}/approve`, { reason: "again" }, holder)).status).toBe(409);
  });
});
