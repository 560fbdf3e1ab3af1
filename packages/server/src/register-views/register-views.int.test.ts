import { afterAll, beforeAll, expect, test } from "vitest";
import { careManifest, startCareServer } from "../testing/care.ts";
import type { CareServer } from "../testing/care.ts";
import { views } from "./views.ts";

let server: CareServer;
beforeAll(async () => {
  server = await startCareServer(careManifest);
}, 60_000);
afterAll(() => server.close());

const get = (path: string) => server.as("auditor", "GET", `/api/v1/${path}`);
const moment = (): string => encodeURIComponent(new Date(server.now()).toISOString());
const boundary = "boundary: {sensitivity: internal, classes: [contact], regions: [EEA, US]}";

test("each kind that lives inside others is listed, read by its name, and refuses fields and moments it doesn't keep", async () => {
  for (const { plural, kind, asOf } of views) {
    const list = await get(plural);
    expect(list.status, list.text).toBe(200);
    for (const item of list.body.items.slice(0, 2)) expect((await get(`${plural}/${encodeURIComponent(item.name)}`)).body, plural).toEqual(item);
    if (list.body.items.length > 0) expect(list.body.items[0].kind).toBe(kind);
    expect((await get(`${plural}/none`)).status).toBe(404);
    expect((await get(`${plural}?asOf=${moment()}`)).status, plural).toBe(asOf ? 200 : 400);
    expect((await get(`${plural}?asOf=yesterday`)).status).toBe(400);
    expect((await server.request("GET", `/api/v1/${plural}`, { token: null })).status).toBe(401);
  }
  expect((await get("organizations")).body.items).toMatchObject([{ name: "test" }]);
});

test("a boundary, the answers at intake, identities and a unit are shown as they were", async () => {
  const was = moment();
  await server.later(1000);
  const changed = careManifest
    .replace(boundary, boundary.replace("[EEA, US]", "[EEA]"))
    .replace("reversibility: nothing to undo", "reversibility: an answer is corrected")
    .replace("metadata: {name: helper}", "metadata: {name: helper, unit: care}")
    .replace("  autonomy: suggests\n  intake", "  identities: [{name: bot, type: workload, maxTtl: 1h}]\n  autonomy: suggests\n  intake");
  expect(changed).not.toBe(careManifest);
  const applied = await server.as("tech", "POST", "/api/v1/apply", changed);
  expect(applied.status, applied.text).toBe(200);
  expect((await get("data-boundaries/helper")).body).toMatchObject({ kind: "DataBoundary", sensitivity: "internal", regions: ["EEA"], training: "never" });
  expect((await get(`data-boundaries/helper?asOf=${was}`)).body.regions).toEqual(["EEA", "US"]);
  expect((await get("data-boundaries?system=helper")).body.items).toHaveLength(1);
  expect((await get("assessments/helper")).body).toMatchObject({ by: "tech@example.com", answers: { reversibility: "an answer is corrected" } });
  expect((await get(`assessments/helper?asOf=${was}`)).body).toMatchObject({ answers: { reversibility: "nothing to undo" } });
  expect((await get("identities/helper%2Fbot")).body).toMatchObject({ type: "workload", accountable: "tech@example.com" });
  expect((await get(`identities?asOf=${was}`)).body.items).toEqual([]);
  expect((await get("units")).body.items).toMatchObject([{ name: "care", systems: ["helper"] }]);
  expect((await get(`units?asOf=${was}`)).body.items).toEqual([]);
  expect((await get("tier-decisions?system=helper")).body.items.length).toBeGreaterThan(0);
});

test("every version of a policy, and a change event by its id", async () => {
  const rule = (limit: number) => ({ spec: { rules: [{ id: "small", on: "destination:lake-us", denyUnless: `context.purpose != "x${limit}"`, because: "It may not.", remedies: [{ text: "Ask for less." }] }] } });
  for (const limit of [1, 2]) expect((await server.as("dev", "PUT", "/api/v1/policies/lake", rule(limit))).status).toBe(200);
  expect((await get("policy-versions?policy=lake")).body.items).toMatchObject([{ name: "lake/2", action: "change", by: "dev@example.com" }, { name: "lake/1", action: "create" }]);
  expect((await server.request("DELETE", "/api/v1/people/owner@example.com")).status).toBe(204);
  const [event] = (await get("change-events")).body.items;
  expect((await get(`change-events/${event.id}`)).body).toEqual(event);
  expect((await get("change-events/chg_none")).status).toBe(404);
});
