import { expect, it } from "vitest";
import { runDifferential } from "./differential.ts";

const requests = Number(process.env.MANDATE_DIFFERENTIAL_REQUESTS ?? 2000);

it("answers as the reference engine does, error for error, on random policies and worlds", () => {
  const { mismatches, satisfied, errors } = runDifferential(
    requests,
    Number(process.env.MANDATE_DIFFERENTIAL_SEED ?? 1),
  );
  expect(mismatches.slice(0, 5)).toEqual([]);
  // the generator must reach both, or agreement says nothing
  expect(satisfied).toBeGreaterThan(requests / 2);
  expect(errors).toBeGreaterThan(requests / 2);
}, 3_600_000);
