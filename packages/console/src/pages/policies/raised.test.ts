import { expect, test } from "vitest";
import { raised } from "./raised.ts";

const text = `rules:
  - id: other
    on: "tool:pay"
    holdUnless: context.input.amount <= 80
  - id: limit
    on: "tool:pay"
    holdUnless: context.input.amount <= 80
    because: Large ones wait.
`;
const passes = [{ attributes: ["context.input.amount"], needs: "context.input.amount <= 80", is: "900" }];

test("the limit of the rule that stopped the call is moved to it, and no other rule's", () => {
  expect(raised(text, { id: "limit", passes })).toBe(text.replace(/80(?![\s\S]*80)/, "900"));
});

test("what isn't one number is left to whoever knows the rule", () => {
  expect(raised(text, { id: "gone", passes })).toBeNull();
  expect(raised(text, { id: "limit", passes: [] })).toBeNull();
  expect(raised(text, { id: "limit", passes: [...passes, ...passes] })).toBeNull();
  expect(raised(text, { id: "limit", passes: [{ ...passes[0]!, is: null }] })).toBeNull();
  expect(raised(text, { id: "limit", passes: [{ ...passes[0]!, is: "1 || true" }] }), "nothing of a call's is written as a rule").toBeNull();
});
