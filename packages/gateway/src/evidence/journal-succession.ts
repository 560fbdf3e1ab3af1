import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { EntryHeader } from "@mandate/model";
import { AppError } from "@mandate/model";
import type { JournalDisk } from "./journal-disk.ts";
import { nodeDisk } from "./journal-disk.ts";
import type { OpenCall } from "./open-calls.ts";

// One log ends and the next begins under a running gateway. A journal's directory belongs to one log; the next log's is
// laid out whole beside it (`NAME.next`), and takes its place once the next log exists in the store. Which of the two is
// meant after a crash, the store says: the log that is open there.

const originFile = "origin";
const carriedFile = "carried.json";

/** Origin of the log that this directory is the journal of; undefined: none yet, or a release before wrote it. */
export function journalOrigin(directory: string): string | undefined {
  return readText(join(directory, originFile))?.trim();
}

/** @throws AppError `journal.broken` when it is another log's */
export function markOrigin(directory: string, origin: string): void {
  const known = journalOrigin(directory);
  if (known === undefined) writeDurably(directory, originFile, `${origin}\n`);
  else if (known !== origin)
    throw new AppError({ code: "journal.broken", status: 503, message: `The evidence journal in ${directory} belongs to the log ${known}, not to ${origin}. Keep it as it is and run \`mandate doctor\`.` });
}

/** Intents of the log before whose outcomes this journal takes. */
export function readCarried(directory: string): readonly EntryHeader[] {
  const text = readText(join(directory, carriedFile));
  return text === undefined ? [] : (JSON.parse(text) as EntryHeader[]);
}

export function dropCarried(directory: string, disk: JournalDisk): void {
  const path = join(directory, carriedFile);
  if (!existsSync(path)) return;
  rmSync(path);
  disk.syncDirectory(directory);
}

/** Lays out the journal of the log that follows, with the calls that run on into it. Durable when it returns. */
export function prepareSuccessor(directory: string, origin: string, open: readonly OpenCall[]): void {
  const { next, partial } = besideOf(directory);
  for (const left of [next, partial]) rmSync(left, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  writeDurably(partial, carriedFile, JSON.stringify(open.map(({ header }) => header)));
  writeDurably(partial, originFile, `${origin}\n`);
  renameSync(partial, next);
  nodeDisk.syncDirectory(dirname(directory));
}

/** Puts it in its place. What the closed log's journal held is in the store: it goes, with what was erased since. */
export function installSuccessor(directory: string): void {
  const { next, closed } = besideOf(directory);
  if (existsSync(directory)) {
    rmSync(closed, { recursive: true, force: true });
    renameSync(directory, closed);
  }
  renameSync(next, directory);
  nodeDisk.syncDirectory(dirname(directory));
  rmSync(closed, { recursive: true, force: true });
}

/** At a start, before the journal is opened: finishes or undoes what a crash interrupted. @param open origin of the writer's open log */
export function settleSuccession(directory: string, open: string): void {
  const { next, partial, closed } = besideOf(directory);
  rmSync(partial, { recursive: true, force: true });
  if (existsSync(next)) {
    if (journalOrigin(next) === open) installSuccessor(directory);
    else rmSync(next, { recursive: true, force: true });
  }
  if (existsSync(directory)) rmSync(closed, { recursive: true, force: true });
}

function besideOf(directory: string): { readonly next: string; readonly partial: string; readonly closed: string } {
  return { next: `${directory}.next`, partial: `${directory}.partial`, closed: `${directory}.closed` };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function writeDurably(directory: string, name: string, text: string): void {
  const path = join(directory, name);
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
  nodeDisk.syncDirectory(directory);
}
