import { compileRules } from "@mandate/policy";
import { expect, test } from "vitest";
import { termsByResource } from "./rule-terms.ts";

test("a tool that a rule holds is not shown as simply allowed", () => {
  const { cedar, problems } = compileRules("refunds", [
    { id: "limit", on: "tool:refunds.issue", holdUnless: "context.input.amount.value.lessThanOrEqual(decimal(\"80.00\"))", approvers: { group: "leads", count: 1, within: "30m" }, because: "Refunds above €80 need a \"person\".", remedies: [{ text: "Refund less." }] },
    { id: "own", on: "tool:orders.lookup", denyUnless: "context.input.customer == context.session.customer", because: "Only the customer in the conversation.", remedies: [{ text: "Ask for it." }] },
  ] as Parameters<typeof compileRules>[1]);
  expect(problems).toEqual([]);
  const terms = termsByResource([{ name: "refunds", version: 1, cedar }]);
  expect(terms.get("tool:refunds.issue")).toEqual({ because: ["Refunds above €80 need a \"person\"."], holds: true });
  expect(terms.get("tool:orders.lookup")).toEqual({ because: ["Only the customer in the conversation."], holds: false });
  expect(terms.get("tool:other")).toBeUndefined();
});
