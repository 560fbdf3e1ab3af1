import { randomFillSync } from "node:crypto";
import { chmod, mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "@mandate/model";

/**
 * 32 bytes that wrap every other key: from `file` (64 hex digits or base64), else made once in the data directory with
 * mode 0600. Whoever copies the database without this file reads no secret and no prompt.
 * @throws AppError `secrets.master_key` (500)
 */
export async function loadMasterKey(file: string | null, dataDir: string): Promise<Uint8Array> {
  if (file !== null) return parseMasterKey(await readText(file), file);
  const path = join(dataDir, "master-key");
  const existing = await readFile(path, "utf8").catch(() => undefined);
  if (existing !== undefined) return parseMasterKey(existing, path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const key = randomFillSync(Buffer.alloc(32));
  // `wx`: two starts at once can't each make one and seal under a key that the other overwrites.
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(`${key.toString("hex")}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await chmod(path, 0o600);
  return key;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw broken(path, "can't be read", cause);
  }
}

/** @param path where it came from, for the message @throws AppError `secrets.master_key` (500) */
export function parseMasterKey(text: string, path: string): Uint8Array {
  const trimmed = text.trim();
  const key = /^[0-9a-fA-F]{64}$/.test(trimmed) ? Buffer.from(trimmed, "hex") : Buffer.from(trimmed, "base64");
  if (key.length !== 32) throw broken(path, "isn't 32 bytes in hex or base64");
  return key;
}

function broken(path: string, what: string, cause?: unknown): AppError {
  return new AppError({
    code: "secrets.master_key",
    status: 500,
    message: `The master key file ${path} ${what}. Restore it from your backup, or point MANDATE_MASTER_KEY_FILE at the right one.`,
    cause,
  });
}
