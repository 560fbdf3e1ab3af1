import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@mandate/model";
import { z } from "zod";

/** A restore that was cut off leaves a database that nobody vouched for: nothing serves from it until one is finished. */
const schema = z.strictObject({ folder: z.string(), takenAt: z.string(), loaded: z.boolean() });
export type Unfinished = z.infer<typeof schema>;

const fileOf = (dataDir: string): string => join(dataDir, "restore-unfinished.json");

export async function readUnfinished(dataDir: string): Promise<Unfinished | null> {
  const text = await readFile(fileOf(dataDir), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  return text === null ? null : schema.parse(JSON.parse(text));
}

export async function noteUnfinished(dataDir: string, note: Unfinished): Promise<void> {
  await writeFile(`${fileOf(dataDir)}.new`, `${JSON.stringify(note)}\n`, { mode: 0o600, flush: true });
  await rename(`${fileOf(dataDir)}.new`, fileOf(dataDir));
}

export async function forgetUnfinished(dataDir: string): Promise<void> {
  await rm(fileOf(dataDir), { force: true });
}

/** @throws AppError `start.restore_unfinished` (500) */
export async function refuseUnfinished(dataDir: string): Promise<void> {
  const note = await readUnfinished(dataDir);
  if (note === null) return;
  throw new AppError({ code: "start.restore_unfinished", status: 500, message: `A restore of ${note.folder} isn't finished, so nothing was started.`, remedies: [{ text: "Run the same mandate restore again: it goes on from where it was." }] });
}
