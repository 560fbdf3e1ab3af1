import { afterAll, beforeAll, expect, test } from "vitest";
import { sql } from "kysely";
import { systemActor } from "../context/index.ts";
import { careManifest, startCareServer } from "../testing/care.ts";
import type { CareServer } from "../testing/care.ts";
import { reportFinding } from "./index.ts";

let server: CareServer;
const day = 86_400_000;

beforeAll(async () => {
  server = await startCareServer(careManifest);
}, 60_000);
afterAll(() => server.close());

const quiet = () => server.server.contexts.quiet(systemActor("test"));
const report = (key: string, kind = "unlisted_field", system: string | null = "helper") => reportFinding(quiet(), { key, system, kind, title: `Title ${key}`, detail: "d", owner: null });
const list = async (query: string) => (await server.as("lead", "GET", `/api/v1/findings?${query}`)).body.items;
const notices = async () => (await quiet().read((tx) => sql<{ to: string[]; subject: string }>`select recipients as to, subject from notifications where kind = 'finding.opened' order by id`.execute(tx))).rows;

test("a finding is due by its system's tier, says what mends it, and is somebody's", async () => {
  await report("one");
  const [one] = await list("kind=unlisted_field");
  expect(Date.parse(one.due) - Date.parse(one.openedAt)).toBe(14 * day);
  expect(one).toMatchObject({ causeTitle: "Fields that no field table lists", severity: "low", overdue: false, fix: { text: expect.stringContaining("field table") } });
  expect((await server.as("lead", "POST", `/api/v1/findings/${one.id}/assign`, { owner: "nobody@example.com" })).body).toMatchObject({ code: "findings.owner_unknown" });
  expect((await server.as("auditor", "POST", `/api/v1/findings/${one.id}/assign`, { owner: "dev@example.com" })).status).toBe(403);
  expect((await server.as("lead", "POST", `/api/v1/findings/${one.id}/assign`, { owner: "dev@example.com" })).body).toMatchObject({ owner: "dev@example.com" });
  expect(await list("owner=dev@example.com")).toHaveLength(1);
  expect((await notices()).at(-1)).toMatchObject({ to: ["dev@example.com"] });
});

test("overdue is read from the clock; owner and leads hear of it once, not every time the job runs", async () => {
  expect(await list("overdue=true")).toEqual([]);
  await server.later(14 * day + 1000);
  expect(await list("overdue=true")).toHaveLength(1);
  const before = (await notices()).length;
  await server.server.jobs.runAll();
  await server.server.jobs.runAll();
  const told = (await notices()).slice(before).filter((one) => one.subject.startsWith("Overdue: Title one"));
  expect(told.map((one) => one.to.toSorted())).toEqual([["dev@example.com", "lead@example.com"]]);
});

test("closing says how; what is still there opens again; dismissing wants a reason and an end", async () => {
  const [one] = await list("kind=unlisted_field");
  expect((await server.as("dev", "POST", `/api/v1/findings/${one.id}/close`, {})).status).toBe(400);
  expect((await server.as("dev", "POST", `/api/v1/findings/${one.id}/close`, { how: "The field is gone." })).body).toMatchObject({ state: "closed", closed: { by: "dev@example.com", how: "The field is gone." } });
  await report("one");
  expect((await list("kind=unlisted_field"))[0]).toMatchObject({ state: "open", closed: null, overdue: false });
  expect((await server.as("lead", "POST", `/api/v1/findings/${one.id}/dismiss`, { reason: "x" })).status).toBe(400);
  const until = new Date(server.now() + day).toISOString();
  expect((await server.as("dev", "POST", `/api/v1/findings/${one.id}/dismiss`, { reason: "known", until })).status).toBe(403);
  expect((await server.as("lead", "POST", `/api/v1/findings/${one.id}/dismiss`, { reason: "known", until })).body).toMatchObject({ state: "dismissed" });
  await server.later(day + 1000);
  expect((await list("kind=unlisted_field"))[0]).toMatchObject({ state: "open" });
});

test("a vendor that shows less than the tier needs: full capture at once, a finding until somebody accepts the gap", async () => {
  const shown = async () => (await server.as("lead", "GET", "/api/v1/systems/helper/visibility")).body;
  expect(await shown()).toMatchObject({ minimum: "metadata", capture: "full", gap: { models: ["hosted"], accepted: null } });
  expect((await server.as("lead", "GET", "/api/v1/systems/other/visibility")).body).toMatchObject({ gap: null, models: [{ model: "local", visibility: "full", below: false }] });
  await server.server.jobs.runAll();
  expect(await list("kind=visibility.gap&state=open")).toMatchObject([{ system: "helper", owner: "owner@example.com" }]);
  await server.as("dev", "PUT", "/api/v1/risks/blind", { spec: { title: "Acme shows nothing", systems: ["system:helper"], owner: "dev@example.com", likelihood: "low", impact: "medium", treatment: "accept", residual: "medium", controls: ["LOG-05"] } });
  await server.as("lead", "POST", "/api/v1/risks/blind/accept", { reason: "We keep everything ourselves.", ends: new Date(server.now() + 5 * day).toISOString() });
  expect((await shown()).gap).toMatchObject({ accepted: { risk: "blind", by: "lead@example.com" } });
  await server.server.jobs.runAll();
  expect(await list("kind=visibility.gap&state=open")).toEqual([]);
  await server.later(6 * day);
  await server.server.jobs.runAll();
  expect(await list("kind=visibility.gap&state=open")).toHaveLength(1);
});
