import { runCallDifferential, runProofDifferential } from "@mandate/policy/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z3Solver } from "./z3.ts";

const worlds = Number(process.env.MANDATE_PROOF_WORLDS ?? 160);
const calls = Number(process.env.MANDATE_PROOF_CALLS ?? 27);
const seed = Number(process.env.MANDATE_PROOF_SEED ?? 1);

let solver: Awaited<ReturnType<typeof z3Solver>>;
beforeAll(async () => {
  solver = await z3Solver(1024);
});
afterAll(() => solver?.close());

test("the formula of a policy says in every random world what the engine says, error for error", async () => {
  const { compared, open, satisfied, errors, mismatches } = await runProofDifferential(solver, worlds, seed);
  expect(mismatches.slice(0, 3)).toEqual([]);
  expect(compared).toBeGreaterThan(open * 10);
  // the generator must reach both, or agreement says nothing
  expect(satisfied).toBeGreaterThan(compared / 10);
  expect(errors).toBeGreaterThan(compared / 20);
}, 120_000);

test("every random call in a random register is one that proofs cover, and its formula says what the engine decides", async () => {
  const { compared, outcomes, mismatches } = await runCallDifferential(solver, calls, seed);
  expect(mismatches.slice(0, 3)).toEqual([]);
  expect(compared).toBeGreaterThan(calls / 2);
  expect(outcomes.allow).toBeGreaterThan(0);
  expect(outcomes.deny).toBeGreaterThan(0);
}, 120_000);
