import { expect, test } from "vitest";
import { gatewaysOf } from "./doctor.ts";

const seen = { name: "here", confirmed: true, lastSeen: "2026-05-01T00:00:00Z" };

test("a gateway that was registered and never started is no failure, one that fell behind is", () => {
  expect(gatewaysOf([seen])).toMatchObject({ result: "ok" });
  expect(gatewaysOf([seen, { name: "new", confirmed: false, lastSeen: null }])).toMatchObject({ result: "can't tell", found: "1 enforce the newest register; never started: new" });
  expect(gatewaysOf([seen, { ...seen, name: "late", confirmed: false }])).toMatchObject({ result: "failed", found: "late enforce an older register" });
});
