import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import { destroy, keyBackupDays } from "./erase.ts";
import type { ContentScope } from "./scope.ts";

/**
 * Erasures outside the database, one JSON line each, naming no person: a database set back to a backup has the keys
 * again and must lose them before it serves.
 */
interface KeptErasure {
  readonly id: string;
  readonly scope: ContentScope;
  readonly basis: string;
  readonly askedBy: string;
  readonly approval: string | null;
  readonly erasedAt: string;
}

/**
 * Copies what the database knows into the file, and carries out again what only the file knows.
 * @param path `<data dir>/erasures.jsonl`; a restore brings the newest one there is
 * @returns how many erasures were carried out again
 * @throws AppError `evidence.erasures_unreadable` (500): serving without them could show what was erased
 */
export async function replayErasures(ctx: ServerContext, path: string): Promise<number> {
  const kept = await readKept(path);
  const stored = await ctx.read(async (tx) => {
    const { rows } = await sql<{ id: string; scope: ContentScope; basis: string; asked_by: string; approval: string | null; erased_at: Date }>`
      select id, scope, basis, asked_by, approval, erased_at from evidence_erasure where org = ${ctx.org} and kind <> 'retention'`.execute(tx);
    return rows;
  });
  const known = new Set(stored.map((row) => row.id));
  const lost = [...kept.values()].filter((one) => !known.has(one.id));
  for (const erasure of lost) {
    await ctx.transact(async (tx, record) => {
      const { tables, ...done } = await destroy(tx, ctx.org, erasure.scope);
      const until = new Date(Date.parse(erasure.erasedAt) + keyBackupDays * 86_400_000);
      await sql`insert into evidence_erasure (org, id, kind, scope, basis, asked_by, approval, erased_at, irrecoverable_by, entries, keys, tables)
        values (${ctx.org}, ${erasure.id}, ${erasure.scope.kind}, ${JSON.stringify(erasure.scope)}::jsonb, ${erasure.basis}, ${erasure.askedBy}, ${erasure.approval}, ${new Date(erasure.erasedAt)}, ${until}, ${done.entries}, ${done.keys}, ${tables}::text[])`.execute(tx);
      record({ type: "evidence.erasure", payload: { event: "replayed", erasure: erasure.id, scope: erasure.scope, ...done } });
    });
  }
  const fresh = stored.filter((row) => !kept.has(row.id));
  if (fresh.length > 0) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const lines = [...kept.values(), ...fresh.map((row): KeptErasure => ({ id: row.id, scope: row.scope, basis: row.basis, askedBy: row.asked_by, approval: row.approval, erasedAt: row.erased_at.toISOString() }))];
    await writeFile(`${path}.new`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""), { mode: 0o600, flush: true });
    await rename(`${path}.new`, path);
  }
  return lost.length;
}

async function readKept(path: string): Promise<ReadonlyMap<string, KeptErasure>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
  try {
    return new Map(text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as KeptErasure).map((one) => [one.id, one]));
  } catch (cause) {
    throw new AppError({
      code: "evidence.erasures_unreadable",
      status: 500,
      message: `${path} can't be read, so what was erased could come back. Restore it from its copy.`,
      remedies: [{ text: "Put the newest copy of the file there and start again." }],
      cause,
    });
  }
}
