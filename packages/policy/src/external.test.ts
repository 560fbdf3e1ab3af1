import { describe, expect, it } from "vitest";
import { compilePolicy } from "./decision-point.ts";
import { registerFacts } from "./testing/fixture.ts";

describe("questions outside our domain", () => {
  const facts = registerFacts(
    {},
    {
      externals: [
        { type: "todo", name: "1", properties: { owner: "rick", locked: true } },
        { type: "user", name: "rick", properties: { role: "admin" } },
      ],
      policies: [
        {
          name: "todo",
          version: 1,
          cedar: `
        @id("own") permit (principal is External::user, action == External::Action::"update", resource is External::todo) when { resource.owner == principal.role || context.action has force };
        @id("read") permit (principal, action == External::Action::"read", resource is External::todo);
        @id("lock") @because("It is locked.") forbid (principal, action == External::Action::"delete", resource is External::todo) when { resource.locked };`,
        },
      ],
    },
  );
  const ask = (action: string, more: object = {}) =>
    compilePolicy(facts).decideExternal({
      subject: { type: "user", id: "rick" },
      action,
      resource: { type: "todo", id: "1" },
      ...more,
    });

  it("a custom permit suffices, nothing else does", () => {
    expect(ask("read")).toMatchObject({ outcome: "allow", rule: "read" });
    expect(ask("fly")).toMatchObject({ outcome: "deny", code: "not_granted" });
    expect(ask("delete")).toMatchObject({ outcome: "deny", code: "policy", reason: "It is locked." });
  });
  it("stored properties are overlaid by the request's, and action properties are context.action", () => {
    expect(ask("update").outcome).toBe("deny");
    expect(ask("update", { resource: { type: "todo", id: "1", props: { owner: "admin" } } }).outcome).toBe("allow");
    expect(ask("update", { actionProps: { force: true } }).outcome).toBe("allow");
  });
  it("an unstored entity is what the request says of it", () => {
    expect(ask("read", { resource: { type: "todo", id: "99" } }).outcome).toBe("allow");
    expect(ask("update", { resource: { type: "todo", id: "99" } }).alert).not.toBeNull();
  });
  it("no system is reached that way", () => {
    expect(ask("tool.call", { resource: { type: "tool", id: "refunds.issue" } }).outcome).toBe("deny");
  });
});
