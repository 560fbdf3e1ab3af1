import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@mandate/model";
import {
  consistencyRanges,
  equalBytes,
  noteVerifier,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  rootAt,
} from "@mandate/ledger";
import type { OpenedCheckpoint } from "@mandate/ledger";
import type { Database, Tx } from "../database/index.ts";
import { listLogs } from "./logs.ts";
import type { LogRow } from "./logs.ts";
import { altered, hashesFor, openHead } from "./read-log.ts";

/**
 * Our own copy of the newest checkpoints, outside the database: the witness of last resort. A database that was set back
 * to an older state, or forked, contradicts it (LEDGER, Threats).
 */
export interface KeptCheckpoints {
  /** Replaces the kept checkpoint of each log, durably. Never with a smaller one. */
  keep(notes: readonly string[]): Promise<void>;
  /** Throws AppError `evidence.rolled_back` or `evidence.altered` (500) when the store contradicts a kept checkpoint. */
  check(db: Database, org: string): Promise<void>;
}

/** @param directory `<data dir>/checkpoints` */
export function keptCheckpoints(directory: string): KeptCheckpoints {
  const keptSizes = new Map<string, number>();
  return {
    async keep(notes) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      for (const note of notes) {
        const { origin, size } = parseCheckpoint(parseNote(note).text);
        if ((keptSizes.get(origin) ?? -1) >= size) continue;
        await replace(join(directory, fileOf(origin)), note);
        keptSizes.set(origin, size);
      }
    },
    async check(db, org) {
      const kept = await readKept(directory);
      await db.read(
        org,
        async (tx) => {
          const logs = await listLogs(tx, org);
          for (const log of logs) openHead(log);
          for (const note of kept) await compare(tx, org, logs, note);
        },
        { isolation: "repeatable read" },
      );
    },
  };
}

function fileOf(origin: string): string {
  return `${createHash("sha256").update(origin).digest("hex").slice(0, 32)}.checkpoint`;
}

async function readKept(directory: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return Promise.all(
    names
      .filter((name) => name.endsWith(".checkpoint"))
      .sort()
      .map((name) => readFile(join(directory, name), "utf8")),
  );
}

async function compare(tx: Tx, org: string, logs: readonly LogRow[], note: string): Promise<void> {
  const { origin } = parseCheckpoint(parseNote(note).text);
  const log = logs.find((candidate) => candidate.origin === origin);
  if (log === undefined) throw rolledBack(origin, "the database lacks it");
  let kept: OpenedCheckpoint;
  try {
    kept = openCheckpoint(note, [noteVerifier(parseVerifierKey(log.vkey))]);
  } catch (cause) {
    throw altered(origin, "the checkpoint kept in the data directory is signed by another key", cause);
  }
  if (log.size < kept.size)
    throw rolledBack(origin, `it has ${log.size} entries, a checkpoint of ${kept.size} was kept`);
  if (kept.size === 0) return;
  // A range from zero is what the root of the kept size is made of; consistency needs no more.
  const hashes = await hashesFor(
    tx,
    org,
    origin,
    [{ start: 0, end: kept.size }, ...(kept.size < log.size ? consistencyRanges(kept.size, log.size) : [])],
    log.size,
  );
  if (!equalBytes(rootAt(kept.size, hashes), kept.root))
    throw altered(origin, `its first ${kept.size} entries aren't those of the checkpoint that was kept`);
  const head = openHead(log);
  if (
    !equalBytes(rootAt(log.size, await hashesFor(tx, org, origin, [{ start: 0, end: log.size }], log.size)), head.root)
  ) {
    throw altered(origin, "its tiles don't hash to its signed root");
  }
}

function rolledBack(origin: string, what: string): AppError {
  return new AppError({
    code: "evidence.rolled_back",
    status: 500,
    message: `The database was set back: of the evidence log ${origin}, ${what}. Nothing was started, so that nothing is overwritten. Restore the newer database; if it is lost, \`mandate evidence epoch --restored\` begins a new history beside what is left, on two people's word.`,
  });
}

async function replace(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
