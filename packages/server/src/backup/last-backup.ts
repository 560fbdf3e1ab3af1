import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const schema = z.strictObject({ at: z.iso.datetime(), folder: z.string(), bytes: z.number(), rows: z.number() });
export type LastBackup = z.infer<typeof schema>;

const fileOf = (dataDir: string): string => join(dataDir, "last-backup.json");

/** For doctor and metrics: the backup itself may be on a machine of its own. */
export async function noteBackup(dataDir: string, backup: LastBackup): Promise<void> {
  await writeFile(`${fileOf(dataDir)}.new`, `${JSON.stringify(backup)}\n`, { mode: 0o600 });
  await rename(`${fileOf(dataDir)}.new`, fileOf(dataDir));
}

/** @returns null when none was taken from here, or nobody can say */
export async function lastBackup(dataDir: string): Promise<LastBackup | null> {
  try {
    return schema.parse(JSON.parse(await readFile(fileOf(dataDir), "utf8")));
  } catch {
    return null;
  }
}
