import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { Actor } from "../../command.ts";
import type { Database } from "../../database/index.ts";
import { readPayload } from "../../evidence/index.ts";
import type { Evidence, LogKeys } from "../../evidence/index.ts";
import { probeModel } from "./facts.ts";

export interface ReadingCheck {
  readonly tried: readonly { readonly planted: string; readonly refused: boolean; readonly saw: string }[];
  /** Whether the same reading, with a reason and a log that takes it, shows the content: what never opens proves nothing by staying shut. */
  readonly opens: boolean;
}

export interface ReadingParts {
  readonly db: Database;
  readonly org: string;
  readonly evidence: Evidence;
  readonly keys: LogKeys;
  readonly actor: Actor;
  /** Register version, for the entry that records the reading. */
  readonly register: () => number;
}

const reason = "Control LOG-06: a probe's own entry is opened, to see that this leaves an entry";

/**
 * Reads what a probe's own call sealed, as nobody may: without a reason, and where the reading can't be written down (LOG-06). Content
 * of anybody else is never touched.
 * @returns null where no probe has been called yet
 */
export async function checkReadings({ db, org, evidence, keys, actor, register }: ReadingParts): Promise<ReadingCheck | null> {
  const { rows } = await db.read(org, (tx) => sql<{ log: string; index: string }>`select coalesce(result_log, intent_log) as log, coalesce(result_index, intent_index) as index from decision
    where org = ${org} and system = 'probe:open' and resource like ${`%${probeModel}`} and coalesce(result_log, intent_log) is not null order by id desc limit 1`.execute(tx));
  const [entry] = rows;
  if (entry === undefined) return null;
  const read = (why: string, through: Evidence) => readPayload({ db, evidence: through, keys, log: entry.log, index: Number(entry.index), actor, register: register(), reason: why });
  const unwritable: Evidence = { ...evidence, appendInTransaction: () => Promise.reject(new AppError({ code: "evidence_unavailable", status: 503, message: "A probe: this reading is not written down, on purpose." })) };
  const refusal = (work: Promise<unknown>): Promise<string | null> => work.then(() => null, (error: unknown) => (error instanceof AppError ? error.code : "a fault"));
  const planted = [
    ["a reading without a reason", "evidence.reason_missing", await refusal(read(" ", evidence))],
    ["a reading that can't be written down", "evidence_unavailable", await refusal(read(reason, unwritable))],
  ] as const;
  const shown = await read(reason, evidence).catch(() => null);
  return {
    tried: planted.map(([what, wanted, met]) => ({ planted: what, refused: met === wanted, saw: met === null ? "it was shown" : met })),
    opens: shown !== null && shown.payload !== null,
  };
}
