import { afterAll, beforeAll, expect, it } from "vitest";
import { bootstrap, openTestRegister } from "../authorization/testing.ts";
import { grantLease, returnLeases } from "./leases.ts";

let register: Awaited<ReturnType<typeof openTestRegister>>;
beforeAll(async () => void (register = await openTestRegister()));
afterAll(() => register.close());

const day = "2026-11-20";
const ask = { key: "system:helper calls day", span: day, limit: 10, want: 4, owed: 0 };

it("what all gateways are granted at once never passes the limit", async () => {
  const { org } = (await register.organization())(bootstrap);
  const grants = await Promise.all(
    Array.from({ length: 8 }, (_, index) => register.db.transaction(org, (tx) => grantLease(tx, org, `gw-${index % 2}`, ask))),
  );
  expect(grants.reduce((sum, { granted }) => sum + granted, 0)).toBe(10);
  expect(Math.max(...grants.map(({ total }) => total))).toBe(10);
});

it("a slice that was taken alone counts in full, and shows by how much the limit is overshot", async () => {
  const { org } = (await register.organization())(bootstrap);
  const grant = (holder: string, owed: number, want = 10) => register.db.transaction(org, (tx) => grantLease(tx, org, holder, { ...ask, want, owed }));
  expect(await grant("a", 0)).toEqual({ granted: 10, total: 10 });
  expect(await grant("b", 2)).toEqual({ granted: 0, total: 12 });
  expect(await grant("b", 0)).toEqual({ granted: 0, total: 12 });
});

it("a window that is over is forgotten, and each has its own", async () => {
  const { org } = (await register.organization())(bootstrap);
  const grant = (span: string) => register.db.transaction(org, (tx) => grantLease(tx, org, "a", { ...ask, want: 10, span }));
  expect((await grant(day)).granted).toBe(10);
  expect((await grant("2026-11-21")).granted).toBe(10);
  expect((await grant("2026-11-21")).granted).toBe(0);
});

it("a gateway that starts anew gives back what it didn't use, and what it used counts on", async () => {
  const { org } = (await register.organization())(bootstrap);
  const nowMs = Date.parse(`${day}T09:00:00Z`);
  const grant = (holder: string) => register.db.transaction(org, (tx) => grantLease(tx, org, holder, { ...ask, want: 10 }));
  expect((await grant("a")).granted).toBe(10);
  const used = [{ system: "helper", credential: null, calls: 3, tokens: 0, microEuros: 0, microEurosThisMonth: 0 }];
  await register.db.transaction(org, (tx) => returnLeases(tx, org, "a", used, nowMs));
  expect(await grant("b")).toEqual({ granted: 7, total: 10 });
});

it("a person counts once a day, through however many gateways and after any start", async () => {
  const { org } = (await register.organization())(bootstrap);
  const admit = (holder: string, member: string, owed = 0) =>
    register.db.transaction(org, (tx) => grantLease(tx, org, holder, { key: "system:helper people day", span: day, limit: 2, want: 1 - owed, owed, member: member.repeat(32) }));
  const both = await Promise.all([admit("gw-east", "a"), admit("gw-west", "a"), admit("gw-east", "a")]);
  expect(both.map(({ granted }) => granted)).toEqual([1, 1, 1]);
  expect(both.at(-1)!.total).toBe(1);
  expect((await admit("gw-west", "b")).granted).toBe(1);
  expect(await admit("gw-east", "c")).toEqual({ granted: 0, total: 2 });
  await register.db.transaction(org, (tx) => returnLeases(tx, org, "gw-east", [], Date.parse(`${day}T09:00:00Z`)));
  expect(await admit("gw-east", "a")).toEqual({ granted: 1, total: 2 });
  expect((await admit("gw-east", "d")).granted).toBe(0);
  // Let in while the control plane was away: shows as what it is.
  expect(await admit("gw-east", "e", 1)).toEqual({ granted: 0, total: 3 });
});
