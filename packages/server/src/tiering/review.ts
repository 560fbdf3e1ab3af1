import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { reportFinding, settleFindings } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import { loadRegister, lockRegister } from "../registry/index.ts";
import { unjustifiedTwins } from "./similar.ts";
import { countUses } from "./observed.ts";
import type { Follow } from "./override.ts";
import { endOverride, openContradictions, overridesRanOut } from "./store.ts";

export interface ReviewDeps {
  readonly db: Database;
  readonly org: string;
  readonly ctx: ServerContext;
  /** Writes findings without a new register version. */
  readonly quiet: ServerContext;
  readonly follow: Follow;
}

/** Determines tiers anew when traffic showed something or an override ended. What it finds is a finding as well. */
export function reviewTiers({ db, org, ctx, quiet, follow }: ReviewDeps): Job {
  return {
    name: "review tiers",
    everyMs: 30_000,
    run: async () => {
      const now = ctx.now();
      const seen = await db.transaction(org, (tx) => countUses(tx, org, now));
      const over = await db.read(org, (tx) => overridesRanOut(tx, org, new Date(now)));
      if (seen || over.length > 0) await ctx.transact(async (tx, record) => {
        await lockRegister(tx, org, new Date(now));
        for (const system of over) {
          for (const id of await endOverride(tx, org, system, new Date(now))) record({ type: "tier", system, payload: { event: "override_ended", override: id } });
        }
        await follow(tx, ctx, record);
      });
      const open = new Set<string>();
      for (const { system, owner, tier, contradictions } of await db.read(org, (tx) => openContradictions(tx, org))) {
        for (const { input, declared, observed } of contradictions) {
          const key = `tier/${system}/${input}`;
          open.add(key);
          await reportFinding(quiet, {
            key,
            system,
            kind: "tier.contradiction",
            title: `What was declared of ${input} isn't what the gateway sees`,
            detail: `Declared: ${declared}. Observed: ${observed}. The tier counts what was observed: it is ${tier}. Correct the record, or stop what was seen.`,
            owner,
          });
        }
      }
      await settleFindings(quiet, ["tier.contradiction"], open);
      await settleFindings(quiet, ["intake.similar"], await db.read(org, (tx) => stillUnjustified(tx, org)));
    },
  };
}

/** Keys of the findings about twins that nobody joined, removed or justified since. */
async function stillUnjustified(tx: Tx, org: string): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ system: string }>`select system from findings where org = ${org} and kind = 'intake.similar' and state = 'open' and system is not null`.execute(tx);
  if (rows.length === 0) return new Set();
  const open = new Set(rows.map((row) => row.system));
  return new Set([...unjustifiedTwins(await loadRegister(tx, org), open, new Set()).keys()].map((system) => `intake.similar:${system}`));
}
