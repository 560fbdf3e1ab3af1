import type { RegisterFacts } from "@mandate/model";
import type { StandingInvariant } from "@mandate/policy/proof";
import { z } from "zod";
import type { Database, Tx } from "../database/index.ts";
import type { App } from "../http/index.ts";
import type { Proofs } from "./prover.ts";
import { showProof, shownProof } from "./shown.ts";

export interface InvariantRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly proofs: Proofs;
  /** What is enforced and what stands in the register, read together. */
  readonly asked: (tx: Tx) => Promise<{ readonly facts: RegisterFacts; readonly invariants: readonly StandingInvariant[] }>;
}

/** What must stay true whatever is registered, and whether it is. */
export function invariantRoutes(app: App, { db, org, proofs, asked }: InvariantRouteDeps): void {
  app.get("/api/v1/invariants", { config: { access: "signed-in" }, schema: { operationId: "listInvariants", summary: "What must stay true of every call: the organization's invariants and those that come with the product, each proven, refuted by an example, or neither", response: { 200: z.object({ items: z.array(shownProof) }) } } }, async () => {
    const { facts, invariants } = await db.read(org, asked);
    const own = await proofs.prove({ before: null, after: facts, invariants, builtIn: false });
    // the guardrails' own hold under any policies, so none are asked about: the answer stands however often policies change
    const { builtIn } = await proofs.prove({ before: null, after: { ...facts, systems: [], policies: [] }, invariants: [], builtIn: true });
    return { items: [...own.invariants, ...builtIn].map(showProof) };
  });
}
