import { afterAll, beforeAll, expect, test } from "vitest";
import { careManifest, startCareServer } from "../testing/care.ts";
import type { CareServer } from "../testing/care.ts";

let server: CareServer;
const local = { type: "model", id: "local" } as const;
const day = 86_400_000;

beforeAll(async () => {
  server = await startCareServer(careManifest);
}, 60_000);
afterAll(() => server.close());

const system = async (name: string) => (await server.as("lead", "GET", `/api/v1/systems/${name}`)).body;
const vacancies = async () => (await server.as("lead", "GET", "/api/v1/owner-vacancies")).body.items;
const apply = (from: string, to: string, who: string) => server.as(who, "POST", "/api/v1/apply", careManifest.replaceAll(from, to));
const notices = async (): Promise<{ subject: string; to: string[] }[]> => {
  const { rows } = await server.server.contexts.quiet({ kind: "system", id: "test", email: null, roles: [], proof: "internal" }).read(async (tx) => {
    const { sql } = await import("kysely");
    return sql<{ subject: string; to: string[] }>`select subject, recipients as to from notifications where kind = 'owner.vacant' order by id`.execute(tx);
  });
  return rows;
};

test("an owner who leaves starts one clock for each system, told once; the call is refused when it is over, without a job", async () => {
  const { tier } = await system("helper");
  expect(tier).toBe("T1");
  expect((await server.request("DELETE", "/api/v1/people/owner@example.com")).status).toBe(204);
  expect(await vacancies()).toMatchObject([{ system: "helper", seat: "business", email: "owner@example.com", why: "left" }, { system: "other" }]);
  const told = await notices();
  expect(told).toMatchObject([{ subject: "2 systems lost an owner" }]);
  expect(told[0]!.to.toSorted()).toEqual(["lead@example.com", "tech@example.com"]);
  await server.server.jobs.runAll();
  expect((await server.as("lead", "GET", "/api/v1/findings?kind=owner.vacant&state=open")).body.items).toMatchObject([{ owner: "tech@example.com", severity: "high" }, { owner: "tech@example.com" }]);

  await server.later(14 * day - 60_000);
  expect(await server.decide("helper", local)).toBe("allow");
  await server.later(61_000);
  expect(await server.decide("helper", local)).toBe("system_suspended");
  expect(await system("helper")).toMatchObject({ status: "refused", statusCode: "system_suspended", vacancies: [{ seat: "business" }] });
});

test("naming a successor isn't enough: the successor says yes, and the clock isn't started anew meanwhile", async () => {
  const since = (await vacancies())[0].since;
  expect((await apply("owner@example.com", "next@example.com", "tech")).status).toBe(200);
  const [open] = await vacancies();
  expect(open).toMatchObject({ system: "helper", successor: "next@example.com", since });
  expect(await server.decide("helper", local)).toBe("system_suspended");
  expect((await server.as("dev", "POST", `/api/v1/approvals/${open.approval}/approve`, { reason: "me" })).status).toBe(403);
  // Its owner by name, not yet by word: the routes of one aren't open.
  const next = (await server.request("POST", "/api/v1/people", { body: { email: "next@example.com", name: "next", roles: [] } })).status;
  expect(next).toBe(200);
  const suspend = () => server.as("next", "POST", "/api/v1/systems/helper/suspend", { reason: "To look at it." });
  expect((await suspend()).body.code).toBe("identity.right_missing");
  expect((await server.as("next", "POST", `/api/v1/approvals/${open.approval}/approve`, { reason: "I answer for it." })).status).toBe(200);
  expect([(await suspend()).status, (await server.as("next", "POST", "/api/v1/systems/other/suspend", { reason: "To look at it." })).body.code]).toEqual([200, "identity.right_missing"]);
  expect((await server.as("next", "POST", "/api/v1/systems/helper/resume", { reason: "Looked at." })).status).toBe(200);
  expect(await server.decide("helper", local)).toBe("allow");
  expect(await vacancies()).toMatchObject([{ system: "other" }]);
});

test("whoever names themselves needs a governance lead's word beside their own", async () => {
  expect((await apply("owner@example.com", "dev@example.com", "dev")).status).toBe(200);
  const other = (await vacancies()).find((one: { system: string }) => one.system === "other");
  expect(other).toMatchObject({ successor: "dev@example.com" });
  const say = (who: string) => server.as(who, "POST", `/api/v1/approvals/${other.approval}/approve`, { reason: "Yes." });
  expect((await say("dev")).body).toMatchObject({ state: "pending" });
  expect(await vacancies()).toHaveLength(1);
  expect((await say("lead")).body).toMatchObject({ state: "approved" });
  expect(await vacancies()).toEqual([]);
});

test("somebody away is back before the clock is over: never suspended; away for longer: suspended; written by those who may", async () => {
  const away = (who: string, body: Record<string, unknown>) => server.as(who, "POST", "/api/v1/absences", { email: "tech@example.com", reason: "Parental leave", ...body });
  expect((await away("dev", {})).body).toMatchObject({ code: "owners.not_yours" });
  expect((await away("lead", { ends: new Date(server.now() - day).toISOString() })).body).toMatchObject({ code: "owners.absence_end" });
  expect((await away("tech", { ends: new Date(server.now() + 5 * day).toISOString() })).status).toBe(201);
  expect((await vacancies()).map((one: { due: string | null }) => one.due)).toEqual([null, null]);
  const before = (await vacancies())[0].since;
  await server.later(2 * day);
  // Written anew, without an end: the clock runs from when it began.
  expect((await away("lead", {})).status).toBe(201);
  expect((await vacancies())[0]).toMatchObject({ since: before, due: new Date(Math.floor((Date.parse(before) + 14 * day) / 1000) * 1000).toISOString() });
  await server.later(12 * day + 1000);
  expect(await server.decide("helper", local)).toBe("system_suspended");
  expect((await server.as("tech", "DELETE", "/api/v1/absences/tech@example.com")).status).toBe(204);
  expect(await vacancies()).toEqual([]);
  expect(await server.decide("helper", local)).toBe("allow");
});

test("hand-over lists every seat: what goes is an edit each, a vacant seat asks its successor, a second seat of one person stays; nobody hands to themselves", async () => {
  const post = (who: string, body: Record<string, unknown>, from = "tech@example.com") => server.as(who, "POST", `/api/v1/people/${from}/hand-over`, { reason: "Moves on", ...body });
  await server.as("lead", "PUT", "/api/v1/prompts/greeting", { spec: { owner: "Tech@example.com", template: "Hello", slots: {} } });
  expect((await post("dev", { to: "security@example.com" })).body.code).toBe("owners.not_yours");
  expect((await post("lead", { to: "lead@example.com" })).body.code).toBe("owners.own_gain");
  expect((await post("tech", { to: "tech@example.com" })).body.code).toBe("owners.same_person");
  expect((await post("tech", { to: "secruity@example.com" })).body.code).toBe("owners.person_unknown");
  expect((await post("tech", { to: "security@example.com", extra: 1 })).status).toBe(400);
  const owners = async (name: string) => (await system(name)).owners;
  const before = await owners("helper");
  const planned = (await post("tech", { to: "security@example.com", dryRun: true })).body.items;
  expect(planned.map((one: { kind: string; name: string; seat: string; outcome: string }) => `${one.kind} ${one.name} ${one.seat} ${one.outcome}`).toSorted()).toEqual(["AISystem helper technical handed", "AISystem other technical handed", "Prompt greeting owner handed"]);
  expect(await owners("helper")).toEqual(before);

  const done = await post("tech", { to: before.business });
  expect(done.body.items.find((one: { name: string }) => one.name === "helper")).toMatchObject({ outcome: "kept", why: expect.stringContaining("two people") });
  expect(await owners("helper")).toEqual(before);
  expect((await server.as("lead", "GET", "/api/v1/prompts/greeting")).body.spec.owner).toBe(before.business);

  const size = (await server.as("lead", "GET", "/api/v1/systems/helper/history")).body.items.length;
  expect((await post("tech", { to: "security@example.com" })).body).toMatchObject({ from: "tech@example.com", to: "security@example.com", items: expect.arrayContaining([{ kind: "AISystem", name: "helper", seat: "technical", outcome: "handed", why: null, approval: null }]) });
  expect((await owners("helper")).technical).toBe("security@example.com");
  const history = (await server.as("lead", "GET", "/api/v1/systems/helper/history")).body.items;
  expect(history).toHaveLength(size + 1);
  expect(history[0]).toMatchObject({ by: "tech@example.com", reason: "Moves on" });
  expect((await post("tech", { to: "official@example.com" })).body.items).toEqual([]);

  expect((await server.request("DELETE", "/api/v1/people/security@example.com")).status).toBe(204);
  const [vacant] = (await post("lead", { to: "official@example.com" }, "security@example.com")).body.items;
  expect(vacant).toMatchObject({ name: "helper", outcome: "asked", approval: expect.stringMatching(/^apr_/) });
  expect((await server.as("official", "POST", `/api/v1/approvals/${vacant.approval}/approve`, { reason: "I answer for it." })).body.state).toBe("approved");
  expect((await vacancies()).filter((one: { system: string }) => one.system === "helper")).toEqual([]);
});
