import { expect, test } from "vitest";
import { mask } from "./content.ts";

const value = { to: "anna.larsen@example.org", note: "see you" };

test("a rule's types are masked in arguments and results", () => {
  expect(mask(value, [{ kind: "redact", types: ["email"] }])).toEqual({ value: { to: "[EMAIL]", note: "see you" }, changed: true });
});

test("a rule that names what nobody can find refuses, and isn't met by finding nothing", () => {
  expect(mask(value, [{ kind: "redact", types: ["email", "passport"] }])).toMatchObject({ refusal: { code: "policy", param: "passport" } });
});
