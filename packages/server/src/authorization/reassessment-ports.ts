import type { AISystemSpec } from "@mandate/model";
import type { DecisionPorts } from "../approvals/index.ts";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { readObject } from "../registry/index.ts";
import type { StoredObject } from "../registry/index.ts";
import { answerReassessment } from "./answer-reassessment.ts";
import { mayStop } from "./approvers.ts";
import type { Answering } from "./decide.ts";
import { dependentsOf, usersOfServer } from "./dependents.ts";
import { mayNot, systemUnknown } from "./errors.ts";
import { suspendSystem } from "./lifecycle.ts";
import { reconcile } from "./reconcile.ts";
import { authorizationsOf, inForce, openRequest, systemState, versionManifests } from "./store.ts";

/** What deciding a change asks of authorizations. `asking` puts a question that lapsed again, for nobody in particular. */
export function reassessmentPorts(decisions: DecisionPorts, asking: CommandContext<Tx>) {
  return {
    dependents: { dependentsOf, reconcile },
    drift: { usersOf: usersOfServer, reconcile },
    decide: (signed: Omit<Answering, "reason">) => ({
      answer: (ctx: CommandContext<Tx>, system: string, reason: string, ends: Date | null) => answerReassessment(ctx, asking, system, { ...signed, reason }, ends, decisions),
      async suspend(ctx: CommandContext<Tx>, system: string, reason: string): Promise<void> {
        const halted = await ctx.read(async (tx) => (await systemState(tx, ctx.org, system))?.halt ?? null);
        if (halted === null) await suspendSystem(ctx, system, { reason });
        else await mustKnow(ctx, system);
      },
      mustKnow,
    }),
    async approvedSpec(tx: Tx, org: string, system: string): Promise<AISystemSpec | null> {
      const held = inForce(await authorizationsOf(tx, org, system));
      const manifest = held && (await versionManifests(tx, org, [held])).get(`${system} ${held.versionDigest}`);
      return manifest?.spec ?? null;
    },
    /** Null: nothing of it is in force, so there is nothing to re-open. */
    async ownersOf(tx: Tx, org: string, name: string): Promise<readonly string[] | null> {
      const system = (await readObject(tx, org, "AISystem", name)) as StoredObject<"AISystem"> | undefined;
      if (!system || !inForce(await authorizationsOf(tx, org, name))) return null;
      const { business, technical } = system.spec.owners;
      return [business, technical].flatMap((email) => email ?? []);
    },
    /** The approval that "still fine" answers, where it was put already. */
    async question(tx: Tx, org: string, system: string): Promise<string | null> {
      const all = await authorizationsOf(tx, org, system);
      const held = inForce(all);
      return (held && openRequest(all, held.type)?.approvalId) ?? null;
    },
  };
}

async function mustKnow(ctx: CommandContext<Tx>, name: string): Promise<void> {
  const system = await ctx.read((tx) => readObject(tx, ctx.org, "AISystem", name) as Promise<StoredObject<"AISystem"> | undefined>);
  if (!system) throw systemUnknown();
  if (!mayStop(ctx, system.spec, name)) throw mayNot("wrong_role", "You hold no role that decides for this system.", "Ask one of its owners or an approver.");
}
