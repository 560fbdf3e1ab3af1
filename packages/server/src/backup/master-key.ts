import { access, copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@mandate/model";
import { openMasterKey } from "../key-providers/index.ts";
import type { KeyConfiguration } from "../key-providers/index.ts";
import { parseMasterKey } from "../secrets/index.ts";

/**
 * The master key of what is to be restored: where this machine is told it is, else what the backup brings. Never a new one.
 * @throws AppError `restore.master_key` (422), `keys.*`, `secrets.master_key`
 */
export async function masterKeyOf(keys: KeyConfiguration, dataDir: string, folder: string): Promise<Uint8Array> {
  if (keys.kind === "environment") return parseMasterKey(keys.text, "MANDATE_MASTER_KEY");
  if (keys.kind === "file") {
    const here = keys.path ?? join(dataDir, "master-key");
    for (const path of [here, join(folder, "files", "master-key")]) {
      if (await exists(path)) return parseMasterKey(await readFile(path, "utf8"), path);
    }
    throw new AppError({ code: "restore.master_key", status: 422, message: `The backup holds no master key, and ${here} isn't there. Nothing was changed.`, remedies: [{ text: "Put the master key there from where you keep it, or point MANDATE_MASTER_KEY_FILE at it." }] });
  }
  if (await exists(join(dataDir, "master-key.wrapped"))) return openMasterKey(keys, dataDir);
  const scratch = await mkdtemp(join(tmpdir(), "mandate-restore-"));
  try {
    await copyFile(join(folder, "files", "master-key.wrapped"), join(scratch, "master-key.wrapped")).catch((cause: unknown) => {
      throw new AppError({ code: "restore.master_key", status: 422, message: "Neither the data directory nor the backup has the wrapped master key. Nothing was changed.", remedies: [{ text: "Restore a backup that was taken with this key service." }], cause });
    });
    return await openMasterKey(keys, scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
