import { describe, expect, test } from "vitest";
import { conditionOf } from "./approvals.ts";

describe("--condition", () => {
  test("is written in the words of the API", () => {
    expect(conditionOf("metric=findings_open,threshold=0,due=2027-01-31,consequence=suspend")).toEqual({ metric: "findings_open", threshold: 0, due: "2027-01-31T00:00:00Z", consequence: "suspend" });
    expect(conditionOf("metric=document, subject=dpia, due=2027-01-31T12:00:00Z, consequence=restrict")).toEqual({ metric: "document", subject: "dpia", due: "2027-01-31T12:00:00Z", consequence: "restrict" });
  });

  test("that isn't one is refused before anything is sent", () => {
    for (const text of ["", "findings_open", "metric=errors,when=soon", "metric="]) expect(() => conditionOf(text)).toThrow("is no condition");
  });
});
