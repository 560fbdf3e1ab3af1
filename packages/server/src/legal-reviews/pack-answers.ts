import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { listReviews } from "./reviews.ts";

export async function legalReviewAnswers(tx: Tx, org: string, scope: PackScope, nowMs: number): Promise<SectionAnswers> {
  const rows = (await listReviews(tx, org, nowMs, { limit: 2000 })).filter((one) => (scope.systems.length === 0 || scope.systems.includes(one.system)) && (scope.until === null || one.requestedAt < scope.until) && (scope.since === null || one.ends >= scope.since));
  return { E10: { "legal reviews": packAnswer({ source: "legal_reviews", query: `reviews asked before the end of the period and ending after its start, newest first, at most 2000; ${scopeWords(scope)}`, rows }) } };
}
