import { readConfiguration } from "./configuration.ts";
import { noteBackup, takeBackup, tidyBackups } from "./backup/index.ts";
import type { TakenBackup, Tidied } from "./backup/index.ts";
import { openMasterKey } from "./key-providers/index.ts";

export interface BackupOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly into: string;
  readonly includeMasterKey: boolean;
  /** Older backups in the same place are removed. */
  readonly keepDays: number | null;
  readonly onProgress: (line: string) => void;
}

/** `mandate backup`: on the server's machine, while it runs or not. */
export async function backUp(options: BackupOptions): Promise<TakenBackup & Tidied> {
  const { dataDir, databaseUrl, keys } = readConfiguration(options.env);
  const nowMs = Date.now();
  const taken = await takeBackup({
    place: { url: databaseUrl, dataDir },
    masterKey: await openMasterKey(keys, dataDir),
    provider: keys.kind,
    includeMasterKey: options.includeMasterKey,
    into: options.into,
    nowMs,
    onProgress: options.onProgress,
  });
  await noteBackup(dataDir, { at: new Date(nowMs).toISOString(), folder: taken.folder, bytes: taken.bytes, rows: taken.rows });
  const tidied = await tidyBackups(options.into, nowMs, options.keepDays === null ? null : options.keepDays * 86_400_000);
  return { ...taken, ...tidied };
}
