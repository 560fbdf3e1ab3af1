import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

/** The newest checkpoint that somebody else than the log's own key has signed. */
export interface Anchor {
  readonly at: Date;
  readonly witnesses: readonly string[];
}

const signatureLine = /^\u2014 (\S+) \S+$/;

/** Names on a signed note beside the log's own (C2SP signed-note). */
export function cosigners(note: string, origin: string): string[] {
  return note.split("\n").flatMap((line) => signatureLine.exec(line)?.[1] ?? []).filter((name) => name !== origin);
}

/** Null: no outside witness has signed anything yet. */
export async function lastAnchor(tx: Tx, org: string): Promise<Anchor | null> {
  const { rows } = await sql<{ origin: string; note: string; at: Date }>`select origin, note, at from evidence_checkpoint where org = ${org} and (length(note) - length(replace(note, ${"\n\u2014 "}, ''))) > length(${"\n\u2014 "}) order by at desc limit 20`.execute(tx);
  for (const row of rows) {
    const witnesses = cosigners(row.note, row.origin);
    if (witnesses.length > 0) return { at: row.at, witnesses };
  }
  return null;
}
