import { expect, test } from "vitest";
import { asked, inWords, nameSystems } from "./needs.ts";

test("what is missing is said in words, not as members of a record", () => {
  expect(inWords(["owners.technical", "authorization"])).toBe("a technical owner and an authorization");
});

test("a system's name becomes its title only where it stands alone", () => {
  const say = nameSystems(new Map([["returns-desk", "Returns Desk"]]));
  expect(say("returns-desk: its tier rose")).toBe("Returns Desk: its tier rose");
  expect(say("policy:returns-desk and returns-desk-2 stay")).toBe("policy:returns-desk and returns-desk-2 stay");
});

test("a held call says who asks for what", () => {
  expect(asked("tool.call", "Returns Desk", "tool:refunds.issue")).toBe("Returns Desk asks to use refunds.issue");
  expect(asked("role.grant", null, "person:bo")).toBe("People: bo");
});
