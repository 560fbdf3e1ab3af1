import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import type { Job } from "../jobs/index.ts";
import { loadRegister } from "../registry/index.ts";
import { listAcceptances } from "./acceptance.ts";
import { concernsAt } from "./concerns.ts";
import type { Concern } from "./concerns.ts";

/** Every concern that holds now, in this organization. */
export async function currentConcerns(tx: Tx, org: string, nowMs: number): Promise<readonly Concern[]> {
  const register = await loadRegister(tx, org);
  return concernsAt(
    { risks: register.all("Risk"), documents: register.all("Document"), trainings: register.all("TrainingRecord"), evaluations: register.all("Evaluation"), reviews: register.all("OutcomeReview"), acceptances: await listAcceptances(tx, org, nowMs) },
    nowMs,
  );
}

export interface WatchPorts {
  /** Opens a finding, or counts it again. */
  readonly report: (finding: { readonly key: string; readonly system: string | null; readonly kind: string; readonly title: string; readonly detail: string; readonly owner: string | null }) => Promise<void>;
  /** Closes the open findings of these kinds whose cause is gone. */
  readonly settle: (kinds: readonly string[], stillOpen: ReadonlySet<string>) => Promise<void>;
}

const kinds: readonly Concern["kind"][] = ["risk.not_accepted", "risk.review_due", "document.ended", "training.ended", "evaluation.below", "evaluation.missing", "review.below", "review.due"];

/** Makes concerns findings, and closes those that nothing causes any more. */
export function watchRecords(ctx: ServerContext, ports: WatchPorts): Job {
  return {
    name: "watch records",
    everyMs: 60_000,
    async run() {
      const concerns = await ctx.read((tx) => currentConcerns(tx, ctx.org, ctx.now()));
      for (const { key, system, kind, title, detail, owner } of concerns) await ports.report({ key: `${kind}:${key}`, system, kind, title, detail, owner });
      await ports.settle(kinds, new Set(concerns.map(({ kind, key }) => `${kind}:${key}`)));
    },
  };
}
