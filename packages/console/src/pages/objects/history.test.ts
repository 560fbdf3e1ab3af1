import { expect, test } from "vitest";
import { membersOf } from "./history.tsx";

test("two versions show what differs, nested members as lines, and nothing else", () => {
  const found = membersOf({ region: "EEA", classes: ["personal"], contract: { dpa: "a" } }, { region: "US", classes: ["personal"], contract: { dpa: "b" }, training: "never" });
  expect(found.map(({ member, old, new: now }) => [member, old, now])).toEqual([
    ["region", "EEA", "US"],
    ["contract", '{\n  "dpa": "a"\n}', '{\n  "dpa": "b"\n}'],
    ["training", null, "never"],
  ]);
});
