import { expect, test } from "vitest";
import { ownersOverTime, populationOf } from "./population.ts";
import type { SystemChange } from "./population.ts";

const change = (name: string, day: number, action: SystemChange["action"], business: string | null = "b@x.example"): SystemChange => ({
  name, action, business, version: 1, author: "usr_1", reason: null, technical: "t@x.example", at: `2026-01-${String(day).padStart(2, "0")}T00:00:00.000Z`,
});
const history = [change("old", 1, "create"), change("kept", 2, "create"), change("old", 11, "remove"), change("new", 12, "create"), change("later", 25, "create")];

test("a system removed within the period is in the population at its start, not at its end", () => {
  const found = populationOf(history, "2026-01-10T00:00:00Z", "2026-01-20T00:00:00Z");
  expect(found.atStart).toEqual(["kept", "old"]);
  expect(found.atEnd).toEqual(["kept", "new"]);
  expect(found.added.map((one) => one.name)).toEqual(["new"]);
  expect(found.removed.map((one) => one.name)).toEqual(["old"]);
});

test("an open period starts with nothing and ends with what is on record", () => {
  const found = populationOf(history, null, null);
  expect([found.atStart, found.atEnd]).toEqual([[], ["kept", "later", "new"]]);
});

test("a change on the last instant belongs to the next period", () => {
  expect(populationOf(history, null, "2026-01-25T00:00:00.000Z").atEnd).not.toContain("later");
});

test("a change of owner ends one spell and begins another; a removal ends the last", () => {
  const spells = ownersOverTime([change("a", 1, "create"), change("a", 2, "change"), change("a", 3, "change", "new@x.example"), change("a", 4, "remove")]);
  expect(spells.map((spell) => [spell.business, spell.from.slice(8, 10), spell.until?.slice(8, 10)])).toEqual([["b@x.example", "01", "03"], ["new@x.example", "03", "04"]]);
});
