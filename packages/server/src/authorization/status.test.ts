import { describe, expect, it } from "vitest";
import { deriveStatus } from "./status.ts";
import type { StatusInputs } from "./status.ts";

const running: StatusInputs = { halt: null, tier: "T1", missing: [], authorization: { type: "pilot", state: "granted", starts: 100, ends: 200 }, differences: [], reassessmentDue: null };
const at = (change: Partial<StatusInputs>, now = 150) => deriveStatus({ ...running, ...change }, now);

describe("the operating status", () => {
  it("operates only between start and end, compared with the clock at each use", () => {
    expect(at({}, 99).statusCode).toBe("not_authorized");
    expect(at({}, 100)).toEqual({ lifecycle: "pilot", status: "operating", statusCode: null });
    expect(at({}, 199).status).toBe("operating");
    expect(at({}, 200).statusCode).toBe("authorization_expired");
  });

  it("says retired before suspended before prohibited before what is missing", () => {
    expect(at({ halt: "retired", tier: "X" }).statusCode).toBe("system_retired");
    expect(at({ halt: "suspended", tier: "X" }).statusCode).toBe("system_suspended");
    expect(at({ tier: "X", missing: ["boundary"] }).statusCode).toBe("prohibited");
    expect(at({ missing: ["boundary"] }).statusCode).toBe("not_authorized");
  });

  it("is restricted while a difference waits, and refused from its due second on", () => {
    const waiting = { differences: ["tool:x"], reassessmentDue: 160 };
    expect(at(waiting, 159)).toMatchObject({ status: "restricted", statusCode: "reassessment_required" });
    expect(at(waiting, 160)).toMatchObject({ status: "refused", statusCode: "reassessment_required" });
  });

  for (const state of ["draft", "submitted", "in_review", "changes_requested", "denied", "superseded", "revoked", "expired"] as const) {
    it(`refuses while the authorization is ${state}`, () => {
      expect(at({ authorization: { type: "production", state, starts: 100, ends: 200 } }).status).toBe("refused");
    });
  }

  it("is proposed and refused without an authorization", () => {
    expect(at({ authorization: null })).toEqual({ lifecycle: "proposed", status: "refused", statusCode: "not_authorized" });
  });
});
