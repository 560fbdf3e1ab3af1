import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testFacts, testSnapshot, testSystem } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";

/**
 * OpenID AuthZEN Authorization API 1.0, certification scenario (openid/authzen, certification/): each numbered test of
 * its four levels, against its own fixture. The section of the scenario stands before each name.
 */
const fixturePolicy = `
@id("anyone-named-reads") permit (principal is External::user, action == External::Action::"read", resource is External::record)
when { principal has known && principal.known };
@id("alice-writes-active") permit (principal == External::user::"alice", action == External::Action::"write", resource is External::record)
unless { resource has status && resource.status == "archived" };
@id("admins-write-archived") permit (principal is External::user, action == External::Action::"write", resource is External::record)
when { principal has role && principal.role == "admin" && resource has status && resource.status == "archived" };
@id("soft-delete") permit (principal == External::user::"alice", action == External::Action::"delete", resource is External::record)
when { context has action && context.action has soft && context.action.soft };
`;

const externals = [
  { type: "user", name: "alice", properties: { known: true } },
  { type: "user", name: "bob", properties: { known: true, role: "admin" } },
  { type: "record", name: "record-1", properties: { status: "active" } },
  { type: "record", name: "record-2", properties: { status: "archived" } },
];

let gateway: TestGateway;
let control: Server;
let base: string;

beforeAll(async () => {
  const policies = [{ name: "fixture", version: 1, cedar: fixturePolicy }];
  gateway = await startTestGateway(testSnapshot(testFacts("http://127.0.0.1:1/v1", testSystem("T0"), { externals, policies })));
  control = createServer((req, res) =>
    gateway.gateway.authzen(req, res, { kind: "token", id: "tok_1", accountable: "amy@halden.example" }),
  );
  await new Promise<void>((done) => control.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(control.address() as AddressInfo).port}`;
});
afterAll(async () => {
  control.closeAllConnections();
  control.close();
  await gateway.close();
});

async function post(path: string, body: unknown, headers: Record<string, string> = { "content-type": "application/json" }) {
  const response = await fetch(`${base}${path}`, {
    method: "POST",
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  // Read member by member; a schema here would hide what was really sent.
  // oxlint-disable-next-line typescript/no-explicit-any
  const answer: any = await response.json();
  return { status: response.status, headers: response.headers, body: answer };
}
const evaluation = (body: unknown, headers?: Record<string, string>) => post("/access/v1/evaluation", body, headers);
const evaluations = (body: unknown) => post("/access/v1/evaluations", body);
const search = (what: string, body: unknown) => post(`/access/v1/search/${what}`, body);

const alice = { type: "user", id: "alice" };
const bob = { type: "user", id: "bob" };
const admin = { ...bob, properties: { role: "admin" } };
const record1 = { type: "record", id: "record-1" };
const record2 = { type: "record", id: "record-2" };
const archived = { ...record2, properties: { status: "archived" } };
const read = { name: "read" };
const write = { name: "write" };
const context = { time: "2025-06-27T18:03-07:00", ip: "192.168.1.1" };

describe("AuthZEN certification, Basic", () => {
  test.each<[string, unknown, boolean]>([
    ["2.2.1 permit", { subject: alice, action: read, resource: record1 }, true],
    ["rule 2", { subject: alice, action: write, resource: record1 }, true],
    ["rule 3", { subject: bob, action: read, resource: record1 }, true],
    ["2.2.2 deny", { subject: bob, action: write, resource: record1 }, false],
    ["2.2.3 context", { subject: alice, action: read, resource: record1, context }, true],
    ["2.2.4 resource properties", { subject: alice, action: write, resource: archived }, false],
    ["2.2.5 subject properties", { subject: admin, action: write, resource: archived }, true],
    ["2.2.6 action properties", { subject: alice, action: { name: "delete", properties: { soft: true } }, resource: record1 }, true],
    ["2.2.7 action properties deny", { subject: alice, action: { name: "delete", properties: { soft: false } }, resource: record1 }, false],
    [
      "2.2.8 additional properties",
      {
        subject: { ...alice, properties: { department: "Sales", role: "manager" } },
        action: { name: "read", properties: { method: "GET" } },
        resource: { ...record1, properties: { status: "active", owner: "bob" } },
      },
      true,
    ],
    ["2.2.9 unknown fields", { subject: alice, action: read, resource: record1, foo: "bar", futureField: { nested: true } }, true],
  ])("%s", async (_name, body, decision) => {
    const answer = await evaluation(body);
    expect([answer.status, answer.body.decision]).toEqual([200, decision]);
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(typeof answer.body.context).toBe("object");
  });

  test.each<[string, unknown]>([
    ["2.4.1 no subject", { action: read, resource: record1 }],
    ["2.4.1 no action", { subject: alice, resource: record1 }],
    ["2.4.1 no resource", { subject: alice, action: read }],
    ["2.4.2 subject without type", { subject: { id: "alice" }, action: read, resource: record1 }],
    ["2.4.2 subject without id", { subject: { type: "user" }, action: read, resource: record1 }],
    ["2.4.2 action without name", { subject: alice, action: {}, resource: record1 }],
    ["2.4.2 resource without type", { subject: alice, action: read, resource: { id: "record-1" } }],
    ["2.4.2 resource without id", { subject: alice, action: read, resource: { type: "record" } }],
    ["2.4.4 malformed JSON", '{"subject":'],
    ["2.4.5 empty body", ""],
    ["2.4.6 subject is text", { subject: "alice", action: read, resource: record1 }],
    ["2.4.6 action name is a number", { subject: alice, action: { name: 123 }, resource: record1 }],
  ])("%s: 400", async (_name, body) => {
    expect((await evaluation(body)).status).toBe(400);
  });

  test("2.4.3 another content type: 400", async () => {
    const body = { subject: alice, action: read, resource: record1 };
    for (const type of ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
      expect((await evaluation(body, { "content-type": type })).status, type).toBe(400);
    expect((await evaluation(body, { "content-type": "application/json; charset=utf-8" })).status).toBe(200);
  });

  test("2.5 X-Request-ID is echoed, and not needed; 2.6 the same question has the same answer", async () => {
    const body = { subject: alice, action: read, resource: record1 };
    const answer = await evaluation(body, { "content-type": "application/json", "x-request-id": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716" });
    expect(answer.headers.get("x-request-id")).toBe("bfe9eb29-ab87-4ca3-be83-a1d5d8305716");
    for (let i = 0; i < 3; i++) expect((await evaluation(body)).body.decision).toBe(true);
  });
});

describe("AuthZEN certification, Batch", () => {
  const decisions = (answer: Awaited<ReturnType<typeof evaluations>>) =>
    answer.body.evaluations.map((one: { decision: unknown }) => one.decision);
  test.each<[string, unknown, readonly boolean[]]>([
    ["3.2.1 array", { subject: alice, action: read, evaluations: [{ resource: record1 }, { resource: record2 }] }, [true, true]],
    ["3.2.2 order", { subject: bob, resource: record1, evaluations: [{ action: read }, { action: write }] }, [true, false]],
    [
      "3.2.3 properties",
      { subject: alice, action: write, evaluations: [{ resource: { ...record1, properties: { status: "active" } } }, { resource: archived }] },
      [true, false],
    ],
    ["3.2.4 subject properties", { action: write, resource: archived, evaluations: [{ subject: alice }, { subject: admin }] }, [false, true]],
    [
      "3.2.5 no defaults",
      { evaluations: [{ subject: alice, action: read, resource: record1 }, { subject: bob, action: write, resource: record1 }] },
      [true, false],
    ],
    [
      "3.2.6 context",
      { subject: alice, action: read, context, evaluations: [{ resource: record1 }, { resource: record2, context: { source: "batch-override" } }] },
      [true, true],
    ],
    [
      "3.2.7 defaults whole",
      { subject: alice, action: write, resource: { ...record1, properties: { status: "active" } }, evaluations: [{}, { resource: archived }] },
      [true, false],
    ],
    [
      "3.4.1 one of them ill-formed",
      { subject: alice, action: read, options: { evaluations_semantic: "execute_all" }, evaluations: [{ resource: record1 }, {}] },
      [true, false],
    ],
  ])("%s", async (_name, body, expected) => {
    const answer = await evaluations(body);
    expect(answer.status).toBe(200);
    expect(decisions(answer)).toEqual(expected);
    expect(answer.body).not.toHaveProperty("decision");
  });

  test("3.4.1 says what was wrong with the one", async () => {
    const { body } = await evaluations({ subject: alice, action: read, evaluations: [{}, { resource: record1 }, { resource: 7 }] });
    expect(body.evaluations.map((one: { context: { error?: { status: number } } }) => one.context.error?.status)).toEqual([400, undefined, 400]);
  });

  test("a failed one denies first, and doesn't permit first", async () => {
    const ask = async (evaluations_semantic: string, items: unknown[]) =>
      decisions(await evaluations({ subject: alice, action: read, options: { evaluations_semantic }, evaluations: items }));
    expect(await ask("deny_on_first_deny", [{ resource: record1 }, {}, { resource: record1 }])).toEqual([true, false]);
    expect(await ask("permit_on_first_permit", [{}, { resource: record1 }, {}])).toEqual([false, true]);
  });

  test("3.4.2, 3.4.3 without evaluations it is the single question", async () => {
    const body = { subject: alice, action: read, resource: record1 };
    expect((await evaluations(body)).body.decision).toBe(true);
    expect((await evaluations({ ...body, evaluations: [] })).body.decision).toBe(true);
  });
});

describe("AuthZEN certification, Search", () => {
  const readers = { subject: { type: "user" }, action: read, resource: record1 };
  const names = (answer: Awaited<ReturnType<typeof search>>) =>
    answer.body.results.map((one: { id?: string; name?: string }) => one.id ?? one.name);

  test("4.2 subjects, with context, an id that is ignored, and properties", async () => {
    const found = await search("subject", readers);
    expect(found.body.results).toEqual([alice, bob]);
    expect(names(await search("subject", { ...readers, context }))).toEqual(["alice", "bob"]);
    expect(names(await search("subject", { ...readers, subject: alice }))).toEqual(["alice", "bob"]);
    expect(names(await search("subject", { subject: { type: "user" }, action: write, resource: archived }))).toEqual(["bob"]);
  });

  test("4.3 resources", async () => {
    const body = { subject: alice, action: read, resource: { type: "record" } };
    expect((await search("resource", body)).body.results).toContainEqual(record1);
    expect(names(await search("resource", { ...body, context }))).toContain("record-1");
    expect(names(await search("resource", { ...body, resource: record1 }))).toEqual(names(await search("resource", body)));
    expect(names(await search("resource", { subject: admin, action: write, resource: { type: "record" } }))).toContain("record-2");
  });

  test("4.4 actions", async () => {
    const body = { subject: alice, resource: record1 };
    expect((await search("action", body)).body.results).toEqual([{ name: "read" }, { name: "write" }]);
    expect(names(await search("action", { ...body, context }))).toEqual(["read", "write"]);
    expect(names(await search("action", { subject: admin, resource: archived }))).toContain("write");
  });

  test("4.5 pages: each result once, the end is an empty token, and a token holds for its question alone", async () => {
    const first = await search("subject", { ...readers, page: { limit: 1 } });
    expect(first.body).toMatchObject({ page: { count: 1, total: 2 }, results: [alice] });
    expect(first.body.page.next_token).not.toBe("");
    const second = await search("subject", { ...readers, page: { token: first.body.page.next_token } });
    expect(second.body).toMatchObject({ page: { next_token: "", count: 1 }, results: [bob] });
    const other = { ...readers, action: write, page: { token: first.body.page.next_token } };
    expect((await search("subject", other)).status).toBe(400);
    expect((await search("subject", { ...readers, page: { token: "made-up" } })).status).toBe(400);
    expect((await search("subject", { ...readers, page: { limit: -1 } })).status).toBe(400);
    expect((await search("subject", { ...readers, page: { limit: 0 } })).body.results).toEqual([]);
  });

  test("4.6 nothing found is an empty list", async () => {
    const spaceship = { type: "spaceship" };
    expect((await search("action", { subject: { type: "user", id: "nonexistent-user" }, resource: record1 })).body.results).toEqual([]);
    expect((await search("subject", { ...readers, subject: spaceship })).body.results).toEqual([]);
    expect((await search("resource", { subject: { type: "user", id: "nobody" }, action: read, resource: { type: "record" } })).body.results).toEqual([]);
    expect((await search("resource", { subject: alice, action: read, resource: spaceship })).body.results).toEqual([]);
    expect((await search("action", { subject: { ...spaceship, id: "x" }, resource: record1 })).body.results).toEqual([]);
    for (const type of ["constructor", "__proto__"])
      expect((await search("resource", { subject: alice, action: read, resource: { type } })).body.results).toEqual([]);
  });

  test.each<[string, string, unknown]>([
    ["4.7.1", "subject", { subject: { type: "user" }, resource: record1 }],
    ["4.7.1", "resource", { action: read, resource: { type: "record" } }],
    ["4.7.1", "action", { subject: alice }],
    ["4.7.2", "subject", { subject: { type: "user" }, action: read, resource: { type: "record" } }],
    ["4.7.2", "resource", { subject: { type: "user" }, action: read, resource: { type: "record" } }],
    ["4.7.2", "action", { subject: { type: "user" }, resource: record1 }],
  ])("%s an incomplete %s search: 400", async (_section, what, body) => {
    expect((await search(what, body)).status).toBe(400);
  });

  test("the gateway's own listener doesn't search, and a gateway key doesn't either", async () => {
    expect((await gateway.call("/access/v1/search/subject", readers)).status).toBe(404);
  });
});
