import { expect, test } from "vitest";
import type { ApprovalView } from "../api-types.ts";
import { alike } from "./approvals-alike.ts";

const held = (id: string, more: Partial<ApprovalView> & { resource?: string } = {}): ApprovalView => ({
  id,
  state: "pending",
  digest: id,
  expiresAt: "2027-01-01T00:00:00Z",
  signature: null,
  action: "tool.call",
  system: "desk",
  rule: "untrusted-session",
  requester: "kim@halden.example",
  statement: { action: "tool.call", resource: more.resource ?? "tool:mail.send" },
  ...more,
});
const groups = (items: readonly ApprovalView[]) => alike(items).map((group) => group.map((one) => one.id));

test("held calls of one system, resource, rule and requester are answered together, and no others", () => {
  expect(groups([held("a"), held("b"), held("c", { resource: "tool:chat.post" }), held("d", { system: "other" })])).toEqual([["a", "b"]]);
  expect(groups([held("a"), held("b", { rule: "limit" }), held("c", { requester: "lea@halden.example" })])).toEqual([]);
});

test("what takes a passkey, or changes the register, is looked at one by one", () => {
  expect(groups([held("a", { passkeyRequired: true }), held("b", { passkeyRequired: true })])).toEqual([]);
  expect(groups([held("a", { action: "production" }), held("b", { action: "production" })])).toEqual([]);
});

test("no more at once than the server answers", () => {
  expect(groups(Array.from({ length: 60 }, (_, index) => held(`a${index}`)))[0]).toHaveLength(50);
});
