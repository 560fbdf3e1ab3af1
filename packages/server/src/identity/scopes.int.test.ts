import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BrowserSession } from "../testing/browser-session.ts";
import { Somebody } from "../testing/somebody.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let mandate: TestServer;
const tokens = new Map<string, string>();
const api = (method: string, path: string, body?: unknown, who?: string) => mandate.request(method, `/api/v1${path}`, { ...(body === undefined ? {} : { body }), ...(who === undefined ? {} : { token: tokens.get(who)! }) });
const put = (name: string, roles: readonly string[], scopedRoles?: readonly { role: string; scope: string }[], by?: string) => api("POST", "/people", { email: `${name}@halden.example`, name, roles, ...(scopedRoles === undefined ? {} : { scopedRoles }) }, by);
const arrive = async (name: string): Promise<void> => {
  const made = await api("POST", `/people/${name}@halden.example/tokens`, { notAfter: new Date(mandate.now() + 3_600_000).toISOString() });
  tokens.set(name, made.body.token);
  expect((await api("GET", "/session", undefined, name)).status).toBe(200);
};
const system = (name: string, unit: string) => `apiVersion: v1
kind: AISystem
metadata: { name: ${name}, unit: ${unit} }
spec:
  title: ${name}
  purposes: [{ id: work, text: Work. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: suggests
  boundary: { sensitivity: internal, classes: [], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
`;
const suspend = (name: string, who: string) => api("POST", `/systems/${name}/suspend`, { reason: "To be looked at." }, who);
const resume = (name: string) => api("POST", `/systems/${name}/resume`, { reason: "Looked at." });

beforeAll(async () => {
  mandate = await startTestServer();
  const applied = await mandate.request("POST", "/api/v1/apply", { body: `${system("care-desk", "care")}---\n${system("shop-desk", "shop")}` });
  expect(applied.status, applied.text).toBe(200);
  await put("root", ["administrator"]);
  await put("second", ["administrator"]);
});
afterAll(() => mandate?.close());

describe("a role for one unit or system", () => {
  it("opens what is done to a system it reaches, and nothing else", async () => {
    await put("sam", [], [{ role: "security-reviewer", scope: "unit:care" }]);
    await arrive("sam");
    expect((await api("GET", "/people/sam@halden.example")).body).toMatchObject({ roles: [], scopedRoles: [{ role: "security-reviewer", scope: "unit:care", waiting: false }] });
    expect((await suspend("care-desk", "sam")).status).toBe(200);
    expect((await suspend("shop-desk", "sam")).body.code).toBe("identity.right_missing");
    expect((await api("PUT", "/vendors/acme", { spec: {} }, "sam")).body.code).toBe("identity.right_missing");
    expect((await mandate.request("POST", "/api/v1/apply", { body: system("care-desk", "care"), token: tokens.get("sam")! })).body.code).toBe("identity.right_missing");
    await resume("care-desk");
  });

  it("ends with the next request once it is taken away", async () => {
    await put("ira", [], [{ role: "governance-lead", scope: "system:shop-desk" }]);
    await arrive("ira");
    expect((await suspend("shop-desk", "ira")).status).toBe(200);
    await put("ira", [], []);
    expect((await suspend("shop-desk", "ira")).body.code).toBe("identity.right_missing");
    await resume("shop-desk");
  });

  it("keeps duties apart: an administrator holds no approving role in any scope, and administering has none", async () => {
    expect((await put("root", ["administrator"], [{ role: "authorizing-official", scope: "unit:care" }])).body.code).toBe("identity.separation_of_duties");
    expect((await put("max", [], [{ role: "administrator", scope: "unit:care" }])).status).toBe(400);
  });
});

describe("whoever was deactivated", () => {
  it("has nothing, comes back when registered again, without the roles of before, and a link made by others doesn't act as them", async () => {
    await arrive("root");
    const ola = await new Somebody(mandate, (await put("ola", ["governance-lead"])).body.email).arrive();
    expect((await api("DELETE", "/people/ola@halden.example")).status).toBe(204);
    expect((await ola.session.request("GET", "/systems")).status).toBe(401);
    const back = await put("ola", ["governance-lead"], undefined, "root");
    expect(back.body).toMatchObject({ state: "invited", roles: [], pendingRoles: ["governance-lead"] });
    const link = (await api("POST", "/people/ola@halden.example/sign-in-links", {}, "root")).body.url as string;
    const entry = new BrowserSession(mandate);
    await entry.request("POST", "/session/sign-in", { link });
    expect((await entry.request("GET", "/account")).body.sessions).toMatchObject([{ current: true, minted: true }]);
  });
});

describe("an administrator can't invent an approver", () => {
  it("in a scope either: the role waits for somebody who holds one", async () => {
    await arrive("root");
    const answer = await put("new", [], [{ role: "authorizing-official", scope: "system:care-desk" }], "root");
    expect(answer.body.scopedRoles).toEqual([{ role: "authorizing-official", scope: "system:care-desk", waiting: true }]);
    expect((await api("GET", "/session", undefined, "root")).body.person.roles).toEqual(["administrator"]);
  });

  it("by removing every approver first: then a second administrator has to agree", async () => {
    await arrive("second");
    for (const name of ["sam", "ira", "new"]) await api("DELETE", `/people/${name}@halden.example`, undefined, "root");
    const answer = await put("invented", ["authorizing-official"], undefined, "root");
    expect(answer.body).toMatchObject({ roles: [], pendingRoles: ["authorizing-official"] });
    const question = (await api("GET", "/approvals?state=pending&limit=100", undefined, "second")).body.items.find((one: { statement: { action: string; person?: string } }) => one.statement.action === "role.grant" && one.statement.person === answer.body.id);
    expect((await api("POST", `/approvals/${question.id}/approve`, { reason: "Mine." }, "root")).status, "who asked").toBe(403);
    expect((await api("GET", "/people/invented@halden.example")).body.roles).toEqual([]);
  });
});
