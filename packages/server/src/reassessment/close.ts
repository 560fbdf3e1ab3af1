import { sql } from "kysely";
import type { CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import type { Outcome } from "./store.ts";

type RecordEvidence = (evidence: MutationEvidence) => void;

export interface Closing {
  readonly system: string;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly authorization: string | null;
  /** Cases opened later stay open: whoever agreed could not know them. */
  readonly openedBy: Date;
  /** Absent: every case of the system. */
  readonly reassessments?: readonly string[];
  /** Absent: whatever holds them. */
  readonly heldBy?: "version" | "case";
}

/** Writes one outcome on a system's open cases; a case whose systems are all decided is decided. */
export async function closeReassessments(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, closing: Closing): Promise<string[]> {
  const now = new Date(ctx.now());
  const { rows } = await sql<{ reassessment_id: string }>`update reassessment_systems set outcome = ${closing.outcome}, reason = ${closing.reason}, decided_by = ${ctx.actor.id}, decided_email = ${ctx.actor.email}, decided_at = ${now}, authorization_id = ${closing.authorization}
    where org = ${ctx.org} and system = ${closing.system} and outcome is null and opened_at <= ${closing.openedBy} and (${closing.reassessments === undefined} or reassessment_id = any(${[...(closing.reassessments ?? [])]}))
      and (${closing.heldBy ?? null}::text is null or held_by = ${closing.heldBy ?? null}) returning reassessment_id`.execute(tx);
  for (const { reassessment_id: id } of rows) {
    await sql`update reassessments r set state = 'decided', decided_at = ${now} where org = ${ctx.org} and id = ${id}
      and not exists (select 1 from reassessment_systems s where s.org = r.org and s.reassessment_id = r.id and s.outcome is null)`.execute(tx);
    record({ type: "reassessment", system: closing.system, payload: { event: "decided", reassessment: id, system: closing.system, outcome: closing.outcome, reason: closing.reason, authorization: closing.authorization, by: ctx.actor.id } });
  }
  return rows.map((row) => row.reassessment_id);
}
