import { sql } from "kysely";
import type { RawBuilder } from "kysely";
import type { Tx } from "../database/index.ts";

/** One sealed item: the entry that brought it and its number there. */
export interface Place {
  readonly log: string;
  readonly index: number;
  readonly part: number;
}

/** Whose or what content is meant. It names no person: `tag` is `subjectTag`'s. */
export type ContentScope =
  | { readonly kind: "subject"; readonly tag: string }
  | { readonly kind: "system"; readonly system: string }
  | { readonly kind: "session"; readonly session: string }
  /** What an entry sealed and the messages it refers to, which earlier entries of its session may have brought. */
  | { readonly kind: "entry"; readonly log: string; readonly index: number; readonly places: readonly Place[] };

/**
 * True for the rows `k` of `evidence_key` that belong to the scope. A system's scope is what its calls said, in gateways'
 * logs: who approved it, and why, stands in the control plane's own logs, those it wrote before included, and stays.
 */
export function keysIn(scope: ContentScope, org: string): RawBuilder<boolean> {
  switch (scope.kind) {
    case "subject":
      return sql`(k.origin, k.index) IN (SELECT s.origin, s.index FROM evidence_subject s WHERE s.org = ${org} AND s.subject = decode(${scope.tag}, 'hex'))`;
    case "system":
      return sql`(k.kid IN (SELECT e.kid FROM evidence_kek e WHERE e.org = ${org} AND e.system = ${scope.system}) AND k.origin NOT IN (SELECT l.origin FROM evidence_log l WHERE l.org = ${org} AND l.writer IN ('control', 'meta')))`;
    case "session":
      return sql`(k.origin, k.index) IN (SELECT p.log, p.index FROM decision d, LATERAL (VALUES (d.intent_log, d.intent_index), (d.result_log, d.result_index)) AS p(log, index)
        WHERE d.org = ${org} AND d.session = ${scope.session} AND p.log IS NOT NULL)`;
    case "entry":
      return sql`(k.origin, k.index, k.part) IN (SELECT * FROM unnest(${scope.places.map((one) => one.log)}::text[], ${scope.places.map((one) => one.index)}::bigint[], ${scope.places.map((one) => one.part)}::smallint[]))`;
  }
}

/** Decisions whose held arguments belong to the scope. */
export function decisionsIn(scope: ContentScope): RawBuilder<boolean> {
  switch (scope.kind) {
    case "subject":
      return sql`d.subject = decode(${scope.tag}, 'hex')`;
    case "system":
      return sql`d.system = ${scope.system}`;
    case "session":
      return sql`d.session = ${scope.session}`;
    case "entry":
      return sql`((d.intent_log = ${scope.log} AND d.intent_index = ${scope.index}) OR (d.result_log = ${scope.log} AND d.result_index = ${scope.index}))`;
  }
}

/** Content that is still there. */
export async function countIn(tx: Tx, org: string, scope: ContentScope): Promise<{ entries: number; keys: number }> {
  const { rows } = await sql<{ entries: number; keys: number }>`SELECT count(DISTINCT (k.origin, k.index))::int AS entries, count(*)::int AS keys
    FROM evidence_key k WHERE k.org = ${org} AND ${keysIn(scope, org)}`.execute(tx);
  return rows[0]!;
}
