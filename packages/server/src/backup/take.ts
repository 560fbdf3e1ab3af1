import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { AppError } from "@mandate/model";
import { dump, withLogin } from "../database/index.ts";
import type { StorePlace } from "../database/index.ts";
import { contentColumns, keyBackupDays, keyTables } from "../retention/index.ts";
import { writeManifest } from "./manifest.ts";
import type { BackupManifest } from "./manifest.ts";

export interface TakeOptions {
  readonly place: StorePlace;
  readonly masterKey: Uint8Array;
  readonly provider: string;
  /** Puts the master key of the data directory beside what it opens. */
  readonly includeMasterKey: boolean;
  /** Where backups are kept, each in a folder of its own. */
  readonly into: string;
  readonly nowMs: number;
  readonly onProgress: (line: string) => void;
}

export interface TakenBackup {
  readonly folder: string;
  readonly bytes: number;
  readonly rows: number;
  readonly keysUntil: string;
}

/** The gateway's: its records carry the keys of what they seal. */
const journal = "gateway/journal";
/** Beside the database: heads of the last resort, erasures, the journal, and the master key where a service wraps it. */
const keptFiles = ["checkpoints", "erasures.jsonl", "gateway/slot", journal, "master-key.wrapped"] as const;
const passing = /\.(?:new|lock)$/;

/**
 * Copies the store as of one moment, while the server runs. The folder has its name only when everything in it is on disk.
 * Files come first: whatever the journal has handed over in between is in the database.
 */
export async function takeBackup(options: TakeOptions): Promise<TakenBackup> {
  const { place, nowMs, onProgress } = options;
  const takenAt = new Date(nowMs).toISOString();
  const folder = join(options.into, `mandate-${takenAt.slice(0, 19).replaceAll(":", "")}Z`);
  const partial = `${folder}.partial`;
  await mkdir(options.into, { recursive: true, mode: 0o700 });
  await mkdir(partial, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "EEXIST" ? new AppError({ code: "backup.under_way", status: 409, message: `${partial} is there: another backup is being taken, or one was cut off.`, remedies: [{ text: "Wait a second, or remove that folder when nothing writes to it." }], cause }) : cause;
  });
  try {
    const writer = new FolderWriter(partial);
    for (const name of [...keptFiles, ...(options.includeMasterKey ? ["master-key"] : [])]) await copyFiles(writer, place.dataDir, name);
    const counts = new Map<string, number>();
    const { serverVersion, migrations, organizations, tables, months } = await withLogin(place, (client) =>
      dump(client, async ({ table }, rows) => {
        let count = 0;
        await writer.write(fileOf(table), chunks(rows(), (lines) => (count += lines)), true);
        counts.set(table, count);
        if (count > 0) onProgress(`${table}: ${count} rows`);
      }, contentColumns),
    );
    const manifest: BackupManifest = {
      format: "mandate.backup/1",
      takenAt,
      serverVersion,
      migrations: migrations.map(({ number, name, sha256 }) => ({ number, name, sha256 })),
      organizations: [...organizations],
      tables: tables.map(({ table, columns }) => ({ table, columns: [...columns], rows: counts.get(table) ?? 0, file: fileOf(table) })),
      ...(months === undefined ? {} : { months: [...months] }),
      files: writer.written((path) => !path.startsWith("keys/")),
      keys: { files: writer.written((path) => path.startsWith("keys/")), until: new Date(nowMs + keyBackupDays * 86_400_000).toISOString() },
      masterKey: { provider: options.provider, included: options.includeMasterKey },
    };
    await writeManifest(partial, manifest, options.masterKey);
    await rename(partial, folder);
    await syncFolder(options.into);
    return { folder, bytes: writer.bytes, rows: [...counts.values()].reduce((sum, one) => sum + one, 0), keysUntil: manifest.keys.until };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw explain(error, options.into);
  }
}

/** Tables that open content are kept apart, so that they can leave earlier than the rest. */
function fileOf(table: string): string {
  return `${(keyTables as readonly string[]).includes(table) ? "keys" : "tables"}/${table}.gz`;
}

async function copyFiles(writer: FolderWriter, dataDir: string, name: string): Promise<void> {
  const root = join(dataDir, name);
  const found = await readdir(root, { withFileTypes: true, recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTDIR") return null;
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const paths = found === null ? [root] : found.filter((entry) => entry.isFile() && !passing.test(entry.name)).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths) {
    // A segment whose entries are all in the database may go while it is looked for.
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    if (bytes !== null) await writer.write(`${name === journal ? "keys/files" : "files"}/${relative(dataDir, path)}`, Readable.from([bytes]), false);
  }
}

/** COPY's text format escapes a line's end inside a value, so that a row is a line. */
async function* chunks(sources: AsyncIterable<Readable>, count: (lines: number) => void): AsyncGenerator<Buffer> {
  for await (const source of sources) {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      let lines = 0;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
      count(lines);
      yield chunk;
    }
  }
}

/** Writes files durably and remembers the SHA-256 and size of what is on disk. */
class FolderWriter {
  bytes = 0;
  readonly #root: string;
  readonly #files = new Map<string, { sha256: string; bytes: number }>();

  constructor(root: string) {
    this.#root = root;
  }

  async write(path: string, source: AsyncIterable<Buffer>, compress: boolean): Promise<void> {
    const target = join(this.#root, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const hash = createHash("sha256");
    const measured = measure(hash);
    const out = createWriteStream(target, { mode: 0o600, flags: "wx", flush: true });
    await (compress ? pipeline(source, createGzip({ level: 1 }), measured.stream, out) : pipeline(source, measured.stream, out));
    this.#files.set(path, { sha256: hash.digest("hex"), bytes: measured.bytes() });
    this.bytes += measured.bytes();
  }

  written(which: (path: string) => boolean): Record<string, { sha256: string; bytes: number }> {
    return Object.fromEntries([...this.#files].filter(([path]) => which(path)));
  }
}

function measure(hash: Hash): { stream: Transform; bytes: () => number } {
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, bytes: () => bytes };
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}

function explain(error: unknown, into: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new AppError({ code: "backup.no_space", status: 507, message: `There is no room for the backup at ${into}. What was written of it is removed.`, remedies: [{ text: "Make room, or name another place with --to." }], cause: error });
}
