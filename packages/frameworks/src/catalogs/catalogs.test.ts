import { expect, test } from "vitest";
import { catalogs, controls } from "./catalogs.ts";

const counted = (key: string): number => catalogs().find((one) => one.key === key)!.items.filter((item) => !item.heading).length;

test("each framework holds as many items as its publisher counts", () => {
  expect(Object.fromEntries(["nist-ai-rmf", "nist-ai-600-1", "nist-csf", "owasp-asi", "owasp-nhi", "owasp-llm", "iso-42001"].map((key) => [key, counted(key)]))).toEqual({
    "nist-ai-rmf": 72,
    "nist-ai-600-1": 212,
    "nist-csf": 106,
    "owasp-asi": 10,
    "owasp-nhi": 10,
    "owasp-llm": 10,
    "iso-42001": 38,
  });
  expect(catalogs().find((one) => one.key === "eu-ai-act")!.items.filter((item) => item.kind === "article")).toHaveLength(34);
});

test("ids are unique, and every parent is there", () => {
  for (const { key, items } of catalogs()) {
    const ids = new Set(items.map((item) => item.id));
    expect(ids.size, key).toBe(items.length);
    for (const item of items) expect(item.parent === null || ids.has(item.parent), `${key} ${item.id}`).toBe(true);
  }
});

test("60 controls, each supporting items that exist: an unknown id in a mapping fails the build", () => {
  expect(controls()).toHaveLength(60);
  const known = new Map(catalogs().map((one) => [one.key, new Set(one.items.map((item) => item.id))]));
  const unknown = controls().flatMap((control) => Object.entries(control.supports).flatMap(([key, ids]) => ids.filter((id) => known.get(key)?.has(id) !== true).map((id) => `${control.id} ${key} ${id}`)));
  expect(unknown).toEqual([]);
});

test("EU AI Act: what applies from when is data, as amended, and each dated item's day is one of them", () => {
  const act = catalogs().find((one) => one.key === "eu-ai-act")!;
  const days = new Set(act.dates.map((one) => one.date));
  expect(act.dates.map((one) => one.date)).toEqual([...days].toSorted());
  expect(act.items.filter((item) => item.appliesFrom !== null).length).toBeGreaterThan(100);
  for (const item of act.items) if (item.appliesFrom !== null) expect(days.has(item.appliesFrom), item.id).toBe(true);
  expect(act.items.find((item) => item.id === "ART-5")!.appliesFrom).toBe("2025-02-02");
  expect(catalogs().filter((one) => one.dates.length > 0).map((one) => one.key)).toEqual(["eu-ai-act"]);
});

test("no text says compliant, certified or satisfied", () => {
  const claims = /\b(?:compliant|certified|satisfied)\b/i;
  for (const control of controls()) expect(claims.test(`${control.statement} ${control.measure} ${control.evidence}`), control.id).toBe(false);
});
