import { expect, test } from "vitest";
import { mixedRoles } from "./pack-answers.ts";
import type { HeldRole } from "./pack-answers.ts";

const held = (person: string, role: string): HeldRole => ({ person, role, state: "active", grantedBy: "usr_1", grantedAt: null, approval: null });

test("an administrator who also approves is found, one who also develops or audits is not", () => {
  const roles = [held("a@x", "administrator"), held("a@x", "legal-reviewer"), held("b@x", "administrator"), held("b@x", "auditor"), held("c@x", "legal-reviewer")];
  expect(mixedRoles(roles)).toEqual([{ person: "a@x", roles: ["administrator", "legal-reviewer"] }]);
});
