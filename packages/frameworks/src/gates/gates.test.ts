import { expect, test } from "vitest";
import { gateItem, gateItems } from "./gates.ts";

const ids = (...args: Parameters<typeof gateItems>) => gateItems(...args).map((one) => one.id);
const provider = { flag: "F-PROVIDER", adds: ["ART-16", "ART-43", "ART-49"] };

test("each tier asks what the one below asks, and more", () => {
  const lists = (["T0", "T1", "T2", "T3"] as const).map((tier) => ids(tier, "production", []));
  for (const [index, list] of lists.entries()) if (index > 0) expect(list).toEqual(expect.arrayContaining(lists[index - 1]!));
  expect(lists[0]).toEqual(["INV-01", "OWN-01", "TIER-01", "VEN-01"]);
  expect(lists.map((list) => list.length)).toEqual([4, 9, 19, 21]);
  expect(lists[3]).toEqual(expect.arrayContaining(["GATE-08", "RT-08", "LOG-03", "RISK"]));
});

test("flags add theirs, and a phrase with a flag counts only under it", () => {
  expect(ids("T3", "production", [])).not.toContain("ART-27");
  expect(ids("T3", "production", [{ flag: "F-FRIA", adds: ["ART-27", "GATE-08"] }])).toContain("ART-27");
  expect(ids("T3", "production", [provider])).toEqual(expect.arrayContaining(["ANX-IV", "ART-43", "ART-49", "ART-16"]));
  expect(ids("T0", "production", [{ flag: "F-XBORDER", adds: ["DATA-03"] }])).toContain("DATA-03");
});

test("an organization adds its own and takes none away", () => {
  const own = { rules: [], parameters: { T0: { gates: ["ORG-01", "INV-01"] } } };
  expect(ids("T0", "production", [], own)).toEqual(["INV-01", "OWN-01", "TIER-01", "VEN-01", "ORG-01"]);
});

test("a banned practice has no gate to pass, and every listed item has words", () => {
  expect(ids("X", "production", [])).toEqual([]);
  for (const item of gateItems("T3", "production", [provider])) expect(item.title).not.toContain("asked by your organization");
  for (const item of gateItems("T3", "production", [provider])) expect(Object.keys(item).toSorted()).toEqual(["fix", "id", "page", "title", "who"]);
  expect(gateItem("ORG-01").fix).toContain("ORG-01");
});
