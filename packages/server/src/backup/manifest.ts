import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@mandate/model";
import { z } from "zod";

/**
 * A backup is a folder: `manifest.json`, its `manifest.mac`, `tables/NAME.gz` (COPY text), `keys/NAME.gz` (the tables that
 * open content) and `files/` (what the data directory holds beside the database).
 */
export const manifestSchema = z.strictObject({
  format: z.literal("mandate.backup/1"),
  takenAt: z.iso.datetime(),
  /** `server_version_num` of where it was taken; it loads into any version that is supported. */
  serverVersion: z.int().positive(),
  migrations: z.array(z.strictObject({ number: z.int(), name: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })).max(10_000),
  organizations: z.array(z.string()).max(10_000),
  tables: z.array(z.strictObject({ table: z.string(), columns: z.array(z.string()).max(1_000), rows: z.int().nonnegative(), file: z.string() })).max(10_000),
  /** Months whose content has tables of its own. */
  months: z.array(z.string().max(7)).max(1_200).optional(),
  /** Every file but the manifest and those under `keys/`, which leave earlier. Paths within the folder. */
  files: z.record(z.string().max(400), z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().nonnegative() })),
  keys: z.strictObject({
    files: z.record(z.string().max(400), z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().nonnegative() })),
    /** From then on what was erased must be gone from backups too (G10): the keys load no more. */
    until: z.iso.datetime(),
  }),
  /** Where the master key was, without which nothing sealed opens. */
  masterKey: z.strictObject({ provider: z.string(), included: z.boolean() }),
});
export type BackupManifest = z.infer<typeof manifestSchema>;

const manifestBytesAtMost = 16 * 1024 * 1024;

/** Whoever keeps the backup can't change it, nor offer one of another installation: the code is made with a key from the master key. */
function macOf(masterKey: Uint8Array, text: string): Buffer {
  const key = Buffer.from(hkdfSync("sha256", masterKey, "", "mandate.backup/1", 32));
  return createHmac("sha256", key).update(createHash("sha256").update(text).digest()).digest();
}

export async function writeManifest(folder: string, manifest: BackupManifest, masterKey: Uint8Array): Promise<void> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  await writeFile(join(folder, "manifest.json"), text, { mode: 0o600, flush: true });
  await writeFile(join(folder, "manifest.mac"), `${macOf(masterKey, text).toString("base64")}\n`, { mode: 0o600, flush: true });
}

/** @throws AppError `restore.no_backup` (404), `restore.altered` (422) */
export async function readManifest(folder: string, masterKey: Uint8Array): Promise<BackupManifest> {
  const [text, mac] = await Promise.all([read(join(folder, "manifest.json")), read(join(folder, "manifest.mac"))]);
  const given = Buffer.from(mac.trim(), "base64");
  const expected = macOf(masterKey, text);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new AppError({ code: "restore.altered", status: 422, message: "The backup's manifest isn't what this master key made: it was altered, or it is another installation's.", remedies: [{ text: "Restore with the master key that was in use when the backup was taken." }] });
  }
  return manifestSchema.parse(JSON.parse(text));
}

async function read(path: string): Promise<string> {
  try {
    const text = await readFile(path, "utf8");
    if (text.length <= manifestBytesAtMost) return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  throw new AppError({ code: "restore.no_backup", status: 404, message: `There is no whole backup here: ${path} is missing or too large.`, remedies: [{ text: "Name the folder that mandate backup made." }] });
}
