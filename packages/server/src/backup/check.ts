import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { AppError } from "@mandate/model";
import type { BackupManifest } from "./manifest.ts";

/** Whether what opens content may still be loaded from it, and is there. */
export async function keysOf(folder: string, manifest: BackupManifest, nowMs: number): Promise<"there" | "ended" | "taken out"> {
  if (Date.parse(manifest.keys.until) <= nowMs) return "ended";
  const names = Object.keys(manifest.keys.files);
  const there = await Promise.all(names.map((path) => stat(join(folder, path)).then(() => true, () => false)));
  // All or none: some missing is damage, and told as such below.
  return there.some(Boolean) || names.length === 0 ? "there" : "taken out";
}

/**
 * Every file against the manifest.
 * @throws AppError `restore.damaged` (422) naming the file
 */
export async function checkFiles(folder: string, manifest: BackupManifest, withKeys: boolean): Promise<void> {
  for (const [path, expected] of Object.entries({ ...manifest.files, ...(withKeys ? manifest.keys.files : {}) })) {
    const hash = createHash("sha256");
    let bytes = 0;
    try {
      for await (const chunk of createReadStream(placeOf(folder, path)) as AsyncIterable<Buffer>) {
        hash.update(chunk);
        bytes += chunk.length;
      }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
      throw damaged(`${path} is missing`, cause);
    }
    if (bytes !== expected.bytes || hash.digest("hex") !== expected.sha256) throw damaged(`${path} isn't what was written`);
  }
}

/** Rows of a table as COPY text; null where the backup doesn't give them. */
export function rowsOf(folder: string, manifest: BackupManifest, table: string, withKeys: boolean): Readable | null {
  const part = manifest.tables.find((one) => one.table === table);
  if (part === undefined || (part.file.startsWith("keys/") && !withKeys)) return null;
  const source = createReadStream(placeOf(folder, part.file));
  const rows = createGunzip();
  source.once("error", (error) => rows.destroy(error));
  return source.pipe(rows);
}

/** A path of a manifest can't lead out of its folder: the code vouches for who wrote it, not for what they meant. */
export function placeOf(folder: string, path: string): string {
  if (!/^(?:tables|keys|files)\/[A-Za-z0-9._/-]+$/.test(path) || path.split("/").includes("..")) throw damaged("a path in it leads elsewhere");
  return join(folder, path);
}

function damaged(what: string, cause?: unknown): AppError {
  return new AppError({ code: "restore.damaged", status: 422, message: `The backup is damaged: ${what}. Nothing was changed.`, remedies: [{ text: "Take another copy of it, or an older backup." }], cause });
}
