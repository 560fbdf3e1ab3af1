import { afterAll, beforeAll, expect, it } from "vitest";
import { deleteObject } from "../registry/index.ts";
import { authorizationAt } from "./as-of.ts";
import { getSystem, getSystemAsOf, isWanted, listSystemsAsOf, resumeSystem, retireSystem, suspendSystem } from "./index.ts";
import type { Authorization } from "./store.ts";
import { bootstrap, helper, openTestRegister, person } from "./testing.ts";

let register: Awaited<ReturnType<typeof openTestRegister>>;
beforeAll(async () => void (register = await openTestRegister()));
afterAll(() => register.close());

const hour = 3_600_000;
const day = 24 * hour;

it("G5: a system as of a moment has the state of that moment, whatever became of it since", async () => {
  const as = await register.organization();
  const [root, ann] = [as(bootstrap), as(person("ann@x.example"))];
  const start = register.clock.now;
  const at = (ms: number) => getSystemAsOf(root, "helper", new Date(start + ms));
  await register.apply(root, helper());
  const asked = await getSystem(root, "helper");
  register.clock.now = start + hour;
  await suspendSystem(ann, "helper", { reason: "a look" });
  register.clock.now = start + 2 * hour;
  await resumeSystem(ann, "helper", { reason: "fine" });
  register.clock.now = start + day;
  await register.apply(root, helper({ sensitivity: "restricted" }), { reason: "more data" });
  register.clock.now = start + 2 * day;
  await retireSystem(ann, "helper", { reason: "over" });

  expect(await at(-1)).toBeUndefined();
  expect(await at(0)).toMatchObject({ tier: "T0", lifecycle: "pilot", status: "operating", authorization: { state: "granted", ends: asked!.authorization!.ends, approvers: asked!.authorization!.approvers } });
  expect(await at(1.5 * hour)).toMatchObject({ lifecycle: "suspended", status: "refused", statusCode: "system_suspended" });
  expect(await at(3 * hour)).toMatchObject({ tier: "T0", lifecycle: "pilot", status: "operating", statusCode: null, version: 1, spec: { boundary: { sensitivity: "internal" } } });
  expect(await at(1.5 * day)).toMatchObject({ version: 2, spec: { boundary: { sensitivity: "restricted" } } });
  expect((await at(1.5 * day))!.tier).not.toBe("T0");
  expect(await at(2 * day)).toMatchObject({ lifecycle: "retired", statusCode: "system_retired" });
  // Nothing that ended since is shown as ended, nor the other way round: the clock compared is that moment's.
  expect(await at(400 * day)).toMatchObject({ lifecycle: "retired" });
});

it("G5: an end that passed since had not passed then, and a system removed since was there", async () => {
  const as = await register.organization();
  const root = as(bootstrap);
  const start = register.clock.now;
  await register.apply(root, helper({ name: "brief" }));
  register.clock.now = start + 200 * day;
  expect(await getSystem(root, "brief")).toMatchObject({ status: "refused", statusCode: "authorization_expired", authorization: { state: "expired" } });
  const then = { tier: "T0", status: "operating", authorization: { state: "granted" } };
  expect(await getSystemAsOf(root, "brief", new Date(start + day))).toMatchObject(then);
  expect(await getSystemAsOf(root, "brief", new Date(start + 199 * day))).toMatchObject({ statusCode: "authorization_expired" });
  await retireSystem(as(person("ann@x.example")), "brief", { reason: "over" });
  await deleteObject(root, register.ports, "AISystem", "brief", { reason: "gone" });
  const list = async (ms: number, filters = {}) => (await listSystemsAsOf(root, new Date(start + ms))).filter((one) => isWanted(one, filters)).map((one) => one.name);
  expect(await list(day)).toEqual(["brief"]);
  expect(await list(day, { status: "refused" })).toEqual([]);
  expect(await list(199 * day, { status: "refused" })).toEqual(["brief"]);
  expect(await list(200 * day)).toEqual([]);
  expect(await list(-1)).toEqual([]);
});

it("an authorization's extensions, approvers and open seats are those of the moment", () => {
  const time = (hours: number) => new Date(Date.parse("2026-11-20T09:00:00Z") + hours * hour);
  const approver = { person: "per_1", email: "ann@x.example", role: "business-owner", at: time(2).toISOString(), reason: "yes" };
  const now = { state: "granted", starts: time(2), ends: time(900), extensions: 1, approvers: [approver], needs: [], conditions: [{ metric: "x" }], createdAt: time(0) } as unknown as Authorization;
  const steps = [{ state: "submitted", ends: null, at: time(0) }, { state: "granted", ends: time(100), at: time(2) }, { state: "granted", ends: time(900), at: time(50) }] as const;
  expect(authorizationAt(now, steps, time(-1))).toBeUndefined();
  expect(authorizationAt(now, steps, time(1))).toMatchObject({ state: "submitted", ends: null, starts: null, extensions: 0, approvers: [], needs: ["business-owner"], conditions: [] });
  expect(authorizationAt(now, steps, time(3))).toMatchObject({ state: "granted", ends: time(100), extensions: 0, approvers: [approver], needs: [], conditions: [{ metric: "x" }] });
  expect(authorizationAt(now, steps, time(51))).toMatchObject({ ends: time(900), extensions: 1 });
});
