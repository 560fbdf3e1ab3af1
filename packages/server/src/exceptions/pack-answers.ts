import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { readExceptions, stateOf } from "./store.ts";

export async function exceptionAnswers(tx: Tx, org: string, scope: PackScope, nowMs: number): Promise<SectionAnswers> {
  const until = scope.until === null ? Number.POSITIVE_INFINITY : Date.parse(scope.until);
  const rows = (await readExceptions(tx, org)).filter((one) => (scope.systems.length === 0 || scope.systems.includes(one.system)) && one.requestedAt.getTime() < until).map((one) => ({ ...one, state: stateOf(one, nowMs) }));
  return {
    E09: {
      "exceptions with use and expiry": packAnswer({ source: "exceptions", query: `exceptions with scope, compensating control, approvers and end, asked for before the end of the period; ${scopeWords(scope)}`, gaps: ["Uses stand in the decisions whose rule is exception:ID."], rows }),
    },
  };
}
