import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { manifestSchema } from "./manifest.ts";

export interface Tidied {
  /** Backups whose part that opens content was taken out: what was erased since must not come back from them. */
  readonly keysTakenOut: readonly string[];
  readonly removed: readonly string[];
}

/**
 * What ends in a folder of backups. Nothing but whole backups of ours is touched: a folder with our name and a manifest that reads.
 * @param keepMs older backups go altogether; null keeps them
 */
export async function tidyBackups(into: string, nowMs: number, keepMs: number | null): Promise<Tidied> {
  const keysTakenOut: string[] = [];
  const removed: string[] = [];
  for (const entry of await readdir(into, { withFileTypes: true })) {
    if (!entry.isDirectory() || !/^mandate-\d{4}-\d{2}-\d{2}T\d{6}Z$/.test(entry.name)) continue;
    const folder = join(into, entry.name);
    const manifest = await readFile(join(folder, "manifest.json"), "utf8").then((text) => manifestSchema.safeParse(JSON.parse(text)).data, () => undefined);
    if (manifest === undefined) continue;
    if (keepMs !== null && Date.parse(manifest.takenAt) < nowMs - keepMs) {
      await rm(folder, { recursive: true });
      removed.push(entry.name);
    } else if (Date.parse(manifest.keys.until) <= nowMs && (await stat(join(folder, "keys")).then(() => true, () => false))) {
      await rm(join(folder, "keys"), { recursive: true });
      keysTakenOut.push(entry.name);
    }
  }
  return { keysTakenOut, removed };
}
