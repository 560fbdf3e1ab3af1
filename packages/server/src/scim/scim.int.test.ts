import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { Reply, TestServer } from "../testing/running-server.ts";

let server: TestServer;
let token: string;

beforeAll(async () => {
  server = await startTestServer();
  for (const [email, role] of [["root@example.com", "administrator"], ["boss@example.com", "authorizing-official"]]) await server.request("POST", "/api/v1/people", { body: { email, name: email, roles: [role] } });
  await server.request("POST", "/api/v1/service-accounts", { body: { name: "directory", owner: "root@example.com", scopes: ["provisioning"] } });
  token = (await server.request("POST", "/api/v1/service-accounts/directory/tokens", { body: {} })).body.token;
}, 60_000);
afterAll(() => server.close());

const scim = (method: string, path: string, body?: unknown, bearer: string | null = token): Promise<Reply> => server.request(method, `/scim/v2${path}`, { token: bearer, ...(body === undefined ? {} : { body, headers: { "content-type": "application/scim+json" } }) });
const user = (name: string, more: object = {}) => ({ schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: `${name}@example.com`, externalId: `ext-${name}`, name: { givenName: name, familyName: "Doe" }, emails: [{ value: `${name}@example.com`, primary: true }], active: true, ...more });
const patch = (...operations: object[]) => ({ schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: operations });
const person = async (email: string) => (await server.request("GET", `/api/v1/people/${email}`)).body;

test("a directory creates, finds, changes and removes a person, who gets no role by it", async () => {
  const made = await scim("POST", "/Users", user("ada"));
  expect([made.status, made.body.userName, made.headers.get("content-type")]).toEqual([201, "ada@example.com", expect.stringContaining("application/scim+json")]);
  expect(made.headers.get("location")).toBe(`/scim/v2/Users/${made.body.id}`);
  const found = await scim("GET", `/Users?filter=${encodeURIComponent('userName eq "ADA@example.com"')}`);
  expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id: made.body.id, externalId: "ext-ada", active: true }] });
  expect(await person("ada@example.com")).toMatchObject({ name: "ada Doe", state: "invited", roles: [] });
  const renamed = await scim("PATCH", `/Users/${made.body.id}`, patch({ op: "replace", path: "name.familyName", value: "Lovelace" }));
  expect(renamed.body.name.familyName).toBe("Lovelace");
  expect(await person("ada@example.com")).toMatchObject({ name: "ada Lovelace" });
  await scim("PATCH", `/Users/${made.body.id}`, patch({ op: "add", path: "title", value: "Countess" }));
  expect((await scim("GET", `/Users/${made.body.id}?attributes=title`)).body).toMatchObject({ schemas: [expect.any(String)], id: made.body.id, title: "Countess" });
  expect((await scim("DELETE", `/Users/${made.body.id}`)).status).toBe(204);
  expect((await scim("GET", `/Users/${made.body.id}`)).body).toMatchObject({ status: "404", schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"] });
  expect(await person("ada@example.com")).toMatchObject({ state: "deactivated" });
});

test("deactivation ends sessions and tokens with the next request; who comes back has no role of before", async () => {
  const made = await scim("POST", "/Users", user("ben"));
  await server.request("POST", "/api/v1/people", { body: { email: "ben@example.com", name: "Ben", roles: ["developer"] } });
  const own = (await server.request("POST", "/api/v1/people/ben@example.com/tokens", { body: { notAfter: new Date(server.now() + 3_600_000).toISOString() } })).body.token;
  expect((await server.request("GET", "/api/v1/systems", { token: own })).status).toBe(200);
  // As Entra sends it: the value is a text.
  const off = await scim("PATCH", `/Users/${made.body.id}`, patch({ op: "Replace", path: "active", value: "False" }));
  expect([off.status, off.body?.active]).toEqual([200, false]);
  expect((await server.request("GET", "/api/v1/systems", { token: own })).status).toBe(401);
  const on = await scim("PATCH", `/Users/${made.body.id}`, patch({ op: "replace", value: { active: true } }));
  expect(on.body.active).toBe(true);
  expect(await person("ben@example.com")).toMatchObject({ state: "invited", roles: [] });
  expect((await server.request("GET", "/api/v1/systems", { token: own })).status).toBe(401);
});

test("the same name or external id twice is refused, and nobody becomes somebody else by it", async () => {
  const made = await scim("POST", "/Users", user("cy"));
  expect((await scim("POST", "/Users", user("cy", { externalId: "other" }))).body).toMatchObject({ status: "409", scimType: "uniqueness" });
  expect((await scim("POST", "/Users", user("dora", { externalId: "ext-cy" }))).body).toMatchObject({ status: "409", scimType: "uniqueness" });
  const second = await scim("POST", "/Users", user("dora"));
  expect((await scim("PUT", `/Users/${second.body.id}`, user("cy"))).body).toMatchObject({ status: "409" });
  // A new address at the directory doesn't move what is tied to the person here.
  await scim("PATCH", `/Users/${made.body.id}`, patch({ op: "replace", path: "userName", value: "boss@example.com" }, { op: "replace", path: "emails", value: [{ value: "boss@example.com", primary: true }] }));
  expect(await person("cy@example.com")).toMatchObject({ id: made.body.id });
  expect((await person("boss@example.com")).id).not.toBe(made.body.id);
});

test("a directory's subject is tied to people it brings, never to people who were here", async () => {
  await server.request("PUT", "/api/v1/identity-providers/company", { body: { title: "Company", issuer: "https://login.example.com", clientId: "mandate" } });
  await server.request("PUT", "/api/v1/provisioning", { body: { identityProvider: "company" } });
  const linked = async (id: string): Promise<number> => {
    const { rows } = await server.server.contexts.quiet({ kind: "system", id: "test", email: null, roles: [], proof: "internal" }).read(async (tx) => {
      const { sql } = await import("kysely");
      return sql<{ subject: string }>`select subject from external_identities where person_id = ${id}`.execute(tx);
    });
    return rows.length;
  };
  const fresh = await scim("POST", "/Users", user("eve"));
  const taken = await scim("POST", "/Users", user("boss", { userName: "the.boss", emails: [{ value: "boss@example.com" }] }));
  expect(taken.status).toBe(201);
  expect([await linked(fresh.body.id), await linked(taken.body.id)]).toEqual([1, 0]);
});

test("groups mirror into the register, take the directory's users alone, and don't overwrite one written by hand", async () => {
  const member = (await scim("POST", "/Users", user("gil"))).body.id;
  const group = await scim("POST", "/Groups", { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: "AI reviewers (EU)", members: [{ value: member }] });
  expect(group.status).toBe(201);
  expect((await server.request("GET", "/api/v1/groups/ai-reviewers-eu")).body.spec).toMatchObject({ title: "AI reviewers (EU)", members: ["gil@example.com"] });
  await scim("PATCH", `/Groups/${group.body.id}`, patch({ op: "remove", path: `members[value eq "${member}"]` }));
  expect((await server.request("GET", "/api/v1/groups/ai-reviewers-eu")).body.spec.members).toEqual([]);
  expect((await scim("PATCH", `/Groups/${group.body.id}`, patch({ op: "add", path: "members", value: [{ value: "per_nobody" }] }))).body).toMatchObject({ status: "400", scimType: "invalidValue" });
  await server.request("PUT", "/api/v1/groups/finance", { body: { spec: { members: ["boss@example.com"] } } });
  expect((await scim("POST", "/Groups", { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: "Finance" })).body).toMatchObject({ status: "409" });
  expect((await scim("DELETE", `/Groups/${group.body.id}`)).status).toBe(204);
  expect((await server.request("GET", "/api/v1/groups/ai-reviewers-eu")).status).toBe(404);
});

test("a sync that would remove more than 5 % pauses, tells the administrators, and goes on only when a person says so", async () => {
  server.advance(25 * 3_600_000);
  const ids: string[] = [];
  for (let n = 0; n < 12; n++) ids.push((await scim("POST", "/Users", user(`p${n}`))).body.id);
  const removed: number[] = [];
  for (const id of ids.slice(0, 5)) removed.push((await scim("DELETE", `/Users/${id}`)).status);
  expect(removed).toEqual([204, 204, 429, 429, 429]);
  expect(await person("p2@example.com")).toMatchObject({ state: "invited" });
  expect((await server.request("GET", "/api/v1/provisioning")).body.pausedAt).not.toBeNull();
  expect((await server.request("GET", "/api/v1/findings?state=open")).text).toContain("The directory wants to remove too many people");
  // Waiting doesn't lift it, nor does the machine's own account.
  server.advance(25 * 3_600_000);
  expect((await scim("DELETE", `/Users/${ids[2]}`)).status).toBe(429);
  expect((await server.request("POST", "/api/v1/provisioning/resume", { body: { reason: "A division was sold." } })).body).toMatchObject({ code: "provisioning.not_a_person" });
  const root = (await server.request("POST", "/api/v1/people/root@example.com/tokens", { body: { notAfter: new Date(server.now() + 3_600_000).toISOString() } })).body.token;
  expect((await server.request("POST", "/api/v1/provisioning/resume", { token: root, body: { reason: "A division was sold." } })).status).toBe(200);
  expect((await scim("DELETE", `/Users/${ids[2]}`)).status).toBe(204);
});

test("the only administrator can't be removed from outside", async () => {
  const root = await scim("POST", "/Users", user("root"));
  expect((await scim("DELETE", `/Users/${root.body.id}`)).body).toMatchObject({ status: "409", scimType: "mutability" });
});

test("its token opens provisioning and nothing else, nobody else's token opens it, and errors are SCIM's", async () => {
  expect((await server.request("GET", "/api/v1/systems", { token })).status).toBe(403);
  expect((await scim("GET", "/Users", undefined, null)).status).toBe(401);
  const dev = (await server.request("POST", "/api/v1/people/boss@example.com/tokens", { body: { notAfter: new Date(server.now() + 3_600_000).toISOString() } })).body.token;
  expect((await scim("GET", "/Users", undefined, dev)).status).toBe(403);
  const broken = await fetch(`${server.url}/scim/v2/Users`, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" }, body: "{" });
  expect([broken.status, ((await broken.json()) as { scimType: string }).scimType]).toEqual([400, "invalidSyntax"]);
  for (const body of [user("x", { userName: "" }), user("x", { emails: [{ value: "no address" }] }), { schemas: [] }, [], user("x", { password: "x", userName: "line\nbreak" })]) {
    const refused = await scim("POST", "/Users", body);
    expect([refused.status, refused.body.schemas]).toEqual([400, ["urn:ietf:params:scim:api:messages:2.0:Error"]]);
  }
  expect((await scim("GET", `/Users?filter=${encodeURIComponent('userName eq "a" and (')}`)).body).toMatchObject({ status: "400" });
  expect((await scim("GET", "/Users?count=-1")).status).toBe(200);
});

test("what isn't there, and what is only read, answers in SCIM's words too", async () => {
  for (const [method, path, status] of [["GET", "/nowhere", 404], ["POST", "/.search", 404], ["GET", "/Users/nobody", 404], ["POST", "/Schemas", 405], ["DELETE", "/ResourceTypes", 405]] as const) {
    const answer = await scim(method, path, method === "POST" ? {} : undefined);
    expect([answer.status, answer.headers.get("content-type"), answer.body.schemas], path).toEqual([status, expect.stringContaining("application/scim+json"), ["urn:ietf:params:scim:api:messages:2.0:Error"]]);
  }
});

test("what it can do is told as RFC 7644 asks", async () => {
  expect((await scim("GET", "/ServiceProviderConfig")).body).toMatchObject({ patch: { supported: true }, bulk: { supported: false }, filter: { supported: true } });
  expect((await scim("GET", "/ResourceTypes")).body.totalResults).toBe(2);
  expect((await scim("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User")).body).toMatchObject({ name: "User" });
});
