import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@mandate/model";
import { canReach, giveTree } from "./account.ts";
import type { Account } from "./account.ts";
import type { Engine } from "./engine.ts";
import { superuser } from "./address.ts";

/** What every program of the server gets: no secret of ours stands in its environment. */
const environment = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/**
 * Starts a program of the server on a directory. An account that can't walk to the directory gets it as descriptor 3,
 * where permissions along the path no longer matter.
 */
export function spawnOnDirectory(
  program: string,
  directory: string,
  parameters: (path: string) => string[],
  account: Account | null,
  output: number | "pipe",
): ChildProcess {
  const byDescriptor = account !== null && process.platform === "linux" && !canReach(account, directory);
  const descriptor = byDescriptor ? openSync(directory, "r") : undefined;
  const stdio: StdioOptions = ["ignore", output, output, ...(descriptor === undefined ? [] : [descriptor])];
  try {
    return spawn(program, parameters(descriptor === undefined ? directory : "/proc/self/fd/3"), {
      stdio,
      cwd: "/",
      env: environment,
      // Its own process group: Ctrl-C reaches us alone, and we stop it after our own last writes.
      detached: true,
      ...account,
    });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Makes the cluster once. INVARIANT: `postgres/` exists only when initdb finished; `onMade` runs before the rename, so
 * a password that opens it is on disk first.
 */
export async function ensureCluster(
  clusterDir: string,
  engine: Engine,
  account: Account | null,
  password: string,
  onMade: () => void,
): Promise<boolean> {
  const partial = `${clusterDir}.new`;
  rmSync(partial, { recursive: true, force: true });
  if (existsSync(clusterDir)) {
    checkMajor(clusterDir, engine);
    if (account !== null && !ownedBy(clusterDir, account)) giveTree(clusterDir, account);
    return false;
  }
  mkdirSync(partial, { mode: 0o700 });
  if (account !== null) chownSync(partial, account.uid, account.gid);
  await runInitdb(partial, engine, account, password);
  onMade();
  renameSync(partial, clusterDir);
  return true;
}

function ownedBy(clusterDir: string, account: Account): boolean {
  return [clusterDir, join(clusterDir, "PG_VERSION"), join(clusterDir, "global")].every(
    (path) => statSync(path).uid === account.uid,
  );
}

function checkMajor(clusterDir: string, engine: Engine): void {
  let found: string;
  try {
    found = readFileSync(join(clusterDir, "PG_VERSION"), "utf8").trim();
  } catch (cause) {
    throw new AppError({
      code: "database.cluster_damaged",
      status: 500,
      message: `\`${clusterDir}\` isn't a PostgreSQL cluster. Restore it from a backup, or choose another MANDATE_DATA_DIR.`,
      cause,
    });
  }
  if (Number(found) !== engine.major) {
    throw new AppError({
      code: "database.major_changed",
      status: 500,
      message: `The data in \`${clusterDir}\` was made by PostgreSQL ${found}; this release brings ${engine.major}. Start the earlier release, or move the data with pg_upgrade.`,
    });
  }
}

async function runInitdb(directory: string, engine: Engine, account: Account | null, password: string): Promise<void> {
  const holder = account === null ? mkdtempSync(join(tmpdir(), "mandate-")) : mkdtempSync("/tmp/mandate-");
  const passwordFile = join(holder, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account !== null) for (const path of [holder, passwordFile]) chownSync(path, account.uid, account.gid);
  try {
    // The server's own collation provider gives the same order on every system; 15 and 16 lack it and use C.
    const collation = engine.major >= 17 ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] : [];
    const child = spawnOnDirectory(
      engine.initdb,
      directory,
      (path) => [
        "-D",
        path,
        "-U",
        superuser,
        "--auth=scram-sha-256",
        `--pwfile=${passwordFile}`,
        "--encoding=UTF8",
        "--no-locale",
        "--data-checksums",
        "--no-instructions",
        ...collation,
      ],
      account,
      "pipe",
    );
    const { code, output } = await finished(child);
    if (code !== 0 && output.includes("could not look up effective user ID")) {
      throw new AppError({
        code: "database.nameless_account",
        status: 500,
        message: `The embedded database needs an account that has a name, and uid ${account?.uid ?? process.getuid?.()} has none. Add it to /etc/passwd, or set MANDATE_DATABASE_URL.`,
      });
    }
    if (code !== 0) {
      throw new AppError({
        code: "database.initdb_failed",
        status: 500,
        message: `The embedded database could not be made: ${lastLine(output)}`,
        internal: output.slice(-4_000),
      });
    }
  } finally {
    rmSync(holder, { recursive: true, force: true });
  }
}

function finished(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = "";
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString("utf8")).slice(-16_000);
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) ?? "no reason given";
}
