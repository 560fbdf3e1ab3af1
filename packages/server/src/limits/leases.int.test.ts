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
