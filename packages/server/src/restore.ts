import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { AppError } from "@mandate/model";
import type { Client } from "pg";
import { bringFiles, checkFiles, forgetUnfinished, keysOf, masterKeyOf, noteUnfinished, readManifest, readUnfinished, rowsOf } from "./backup/index.ts";
import type { BackupManifest } from "./backup/index.ts";
import { readConfiguration } from "./configuration.ts";
import { load, openDatabase, settleEmbedded, withLogin } from "./database/index.ts";
import type { StorePlace } from "./database/index.ts";
import { beginNewEpoch, lostEntries, twoPeople } from "./epoch.ts";
import type { NewEpoch, Person } from "./epoch.ts";
import { assertWhole, listLogs } from "./evidence/index.ts";
import { answers } from "./recover.ts";

export interface RestoreOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly onProgress: (line: string) => void;
}

export interface CheckedBackup {
  readonly takenAt: string;
  readonly rows: number;
  readonly entries: number;
  readonly logs: readonly { readonly origin: string; readonly size: number }[];
  /** Whether content opens after a restore: the keys end before the rest. */
  readonly keys: "there" | "ended" | "taken out";
  /** Entries that heads kept in the data directory know of and the backup lacks, by log. */
  readonly lost: Readonly<Record<string, number>>;
}

/**
 * `mandate restore --verify`: loads the backup into a database of its own, hashes the whole store again and takes it away.
 * Nothing of the installation is touched.
 * @throws AppError `restore.*`, `evidence.altered`
 */
export async function checkBackup({ env, folder, onProgress }: RestoreOptions): Promise<CheckedBackup> {
  const configuration = readConfiguration(env);
  const manifest = await readManifest(folder, await masterKeyOf(configuration.keys, configuration.dataDir, folder));
  const keys = await keysOf(folder, manifest, Date.now());
  onProgress("checking files");
  await checkFiles(folder, manifest, keys === "there");
  const scratch = await mkdtemp(join(tmpdir(), "mandate-restore-"));
  try {
    const place = { url: null, dataDir: scratch };
    onProgress("loading into a database of its own");
    await withLogin(place, (client) => fill(client, folder, manifest, keys === "there", async () => undefined));
    return await withStore(place, async (db, organizations) => {
      const logs: { origin: string; size: number }[] = [];
      const lost: Record<string, number> = {};
      for (const { org } of organizations) {
        onProgress("hashing every entry again");
        await assertWhole(db, org);
        const known = await db.read(org, (tx) => listLogs(tx, org));
        logs.push(...known.map(({ origin, size }) => ({ origin, size })));
        for (const [origin, entries] of await lostEntries({ logs: () => Promise.resolve(known) }, join(configuration.dataDir, "checkpoints"))) lost[origin] = entries;
      }
      return { takenAt: manifest.takenAt, rows: rowsIn(manifest), entries: logs.reduce((sum, log) => sum + log.size, 0), logs, keys, lost };
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

export interface RestoreWithPeople extends RestoreOptions {
  readonly reason: string;
  /** API tokens of two people, as the backup knows them. */
  readonly tokens: readonly string[];
  /** Sets the embedded database that is there aside. */
  readonly replace: boolean;
}

export interface RestoredBackup {
  readonly takenAt: string;
  readonly rows: number;
  readonly keys: CheckedBackup["keys"];
  /** Where the database that was there lies now. */
  readonly setAside: string | null;
  readonly epoch: NewEpoch;
}

/**
 * `mandate restore`: into an empty store, while the server is stopped, on the word of two people, and always into a new
 * epoch: what was written since the backup is counted, never papered over. Cut off anywhere, nothing serves until the same
 * command has finished.
 * @throws AppError `start.running` (409), `restore.*`, `evidence.epoch_people` (403), `evidence.altered`
 */
export async function restore(options: RestoreWithPeople): Promise<RestoredBackup> {
  const { env, onProgress } = options;
  const folder = resolve(options.folder);
  const configuration = readConfiguration(env);
  const { dataDir } = configuration;
  if (await answers(configuration.host === "0.0.0.0" || configuration.host === "::" ? "127.0.0.1" : configuration.host, configuration.port))
    throw new AppError({ code: "start.running", status: 409, message: `Something answers on port ${configuration.port}, so the server seems to run. Nothing was changed.`, remedies: [{ text: "Stop the server and run this again." }] });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const manifest = await readManifest(folder, await masterKeyOf(configuration.keys, dataDir, folder));
  const keys = await keysOf(folder, manifest, Date.now());
  onProgress("checking files");
  await checkFiles(folder, manifest, keys === "there");
  const before = await readUnfinished(dataDir);
  if (before !== null && before.takenAt !== manifest.takenAt) {
    throw new AppError({ code: "restore.other_unfinished", status: 409, message: `A restore of ${before.folder} isn't finished. Nothing was changed.`, remedies: [{ text: "Finish that one, or begin with a fresh data directory and an empty database." }] });
  }
  const place: StorePlace = { url: configuration.databaseUrl, dataDir };
  const setAside = before?.loaded === true ? null : await fillStore(place, { ...options, folder }, manifest, { keys: keys === "there", again: before !== null });
  await bringFiles(folder, manifest, dataDir, keys === "there");
  onProgress("hashing every entry again");
  await withStore(place, async (db, organizations) => {
    for (const { org } of organizations) await assertWhole(db, org);
  });
  onProgress("beginning a new epoch");
  const epoch = await beginNewEpoch({ env, mode: "restored", reason: options.reason, tokens: options.tokens });
  await forgetUnfinished(dataDir);
  return { takenAt: manifest.takenAt, rows: rowsIn(manifest), keys, setAside, epoch };
}

/**
 * Makes room and loads, the two people asked inside the loading transaction: whoever is refused finds everything as it was.
 * @param again an earlier attempt was cut off: what is there is its own, and what it set aside stays aside
 * @returns where the database that was there lies now
 */
async function fillStore(place: StorePlace, { folder, tokens, replace, onProgress }: RestoreWithPeople, manifest: BackupManifest, { keys, again }: { readonly keys: boolean; readonly again: boolean }): Promise<string | null> {
  const note = { folder, takenAt: manifest.takenAt };
  const cluster = join(place.dataDir, "postgres");
  const isThere = place.url === null && (await access(cluster).then(() => true, () => false));
  if (isThere && !again && !replace)
    throw new AppError({ code: "restore.not_empty", status: 409, message: `There is a database in ${place.dataDir}, and a restore writes over nothing.`, remedies: [{ text: "Choose another MANDATE_DATA_DIR, or add --replace: the database there is set aside and kept." }] });
  // Before anything moves: from here on nothing serves.
  await noteUnfinished(place.dataDir, { ...note, loaded: false });
  const aside = isThere && !again ? `${cluster}-before-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}Z` : null;
  try {
    if (isThere) await settleEmbedded(place.dataDir);
    if (aside !== null) await rename(cluster, aside);
    else if (isThere) await rm(cluster, { recursive: true });
    onProgress(`loading ${rowsIn(manifest)} rows`);
    await withLogin(place, (client) => fill(client, folder, manifest, keys, () => askTwoPeople(client, manifest, tokens)));
    await noteUnfinished(place.dataDir, { ...note, loaded: true });
    return aside;
  } catch (error) {
    if (aside !== null && (await access(aside).then(() => true, () => false))) {
      await rm(cluster, { recursive: true, force: true });
      await rename(aside, cluster);
    }
    if (!again) await forgetUnfinished(place.dataDir);
    throw error;
  }
}

async function askTwoPeople(client: Client, manifest: BackupManifest, tokens: readonly string[]): Promise<void> {
  const [org] = manifest.organizations;
  if (org === undefined) throw new AppError({ code: "start.nothing_to_recover", status: 404, message: "The backup holds no organization. Nothing was changed." });
  await client.query("SELECT set_config('mandate.org', $1, true)", [org]);
  await twoPeople(async (text, values) => (await client.query<Person & Record<string, unknown>>(text, [...values])).rows, org, tokens, new Date());
}

function fill(client: Client, folder: string, manifest: BackupManifest, withKeys: boolean, confirm: () => Promise<void>): Promise<void> {
  const migrations = manifest.migrations;
  return load(client, { migrations, tables: manifest.tables }, async (table) => rowsOf(folder, manifest, table, withKeys), confirm);
}

async function withStore<T>(place: StorePlace, work: (db: Awaited<ReturnType<typeof openDatabase>>, organizations: readonly { org: string; name: string }[]) => Promise<T>): Promise<T> {
  const db = await openDatabase(place.url === null ? { dataDir: place.dataDir } : { url: place.url });
  try {
    return await work(db, await db.organizations());
  } finally {
    await db.close();
  }
}

function rowsIn(manifest: BackupManifest): number {
  return manifest.tables.reduce((sum, one) => sum + one.rows, 0);
}
