import type { Tx } from "../database/index.ts";
import { packAnswer } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { listErasures } from "./erase.ts";
import { listHolds } from "./holds.ts";

/** What was forgotten, on whose word, from when it is irrecoverable; and what may not be. */
export async function retentionAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const before = (at: string): boolean => scope.until === null || Date.parse(at) < Date.parse(scope.until);
  const since = (at: string): boolean => scope.since === null || Date.parse(at) >= Date.parse(scope.since);
  const erasures = (await listErasures(tx, org)).filter((one) => before(one.erasedAt) && since(one.erasedAt));
  const holds = (await listHolds(tx, org)).filter((one) => before(one.placedAt) && (one.releasedAt === null || since(one.releasedAt)));
  const waiting = erasures.filter((one) => one.shreddedAt === null).length;
  return {
    E10: {
      "retention and deletion receipts": {
        ...packAnswer({ source: "evidence_erasure", query: "erasures carried out in the period, by a person's request or by retention; all systems, newest first, at most 1000", gaps: waiting === 0 ? [] : [`Of ${waiting} erasures the pages that held the keys are not rewritten yet.`], rows: erasures }),
        holds: packAnswer({ source: "evidence_hold", query: "legal holds in force in the period", rows: holds }),
      },
    },
    E16: { "redaction log": packAnswer({ source: "evidence_erasure", query: "content that no longer opens because its keys were destroyed; the entries and their proofs stay", rows: erasures.map(({ id, kind, basis, erasedAt, entries, keys }) => ({ id, kind, basis, erasedAt, entries, keys })) }) },
  };
}
