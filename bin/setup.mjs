// Installs what package-lock.json names and builds the console. Quick when there is nothing to do. Node 18 syntax.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { nodePath } from "./node-path.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".cache", "mandate", "installed");

/** @param {{ quiet: boolean }} options `quiet` says only what it changes */
export async function setup({ quiet }) {
  const say = (line) => console.error(`setup: ${line}`);
  let did = false;
  if (!isInstalled()) {
    did = true;
    say("installing dependencies (npm ci, install scripts off); this takes a minute the first time");
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, lockDigest());
  }
  if (consoleIsStale()) {
    did = true;
    say("building the console");
    await run(nodePath(root), [join(root, "node_modules", "vite", "bin", "vite.js"), "build", "--logLevel", "warn"], join(root, "packages", "console"));
  }
  if (!did && !quiet) say("everything is installed and built");
}

function lockDigest() {
  return createHash("sha256").update(readFileSync(join(root, "package-lock.json"))).digest("hex");
}

/** npm keeps its own record of what it installed; ours says from which lock file. */
function isInstalled() {
  if (!existsSync(join(root, "node_modules", "kysely")) || !existsSync(join(root, "node_modules", "@mandate", "cli"))) return false;
  if (existsSync(stamp)) return readFileSync(stamp, "utf8") === lockDigest();
  // Installed by hand (`npm install`): trust it when it is at least as new as the lock file.
  const record = join(root, "node_modules", ".package-lock.json");
  return existsSync(record) && statSync(record).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs - 60000;
}

function consoleIsStale() {
  const consoleDir = join(root, "packages", "console");
  if (!existsSync(join(consoleDir, "index.html"))) return false;
  const built = join(consoleDir, "dist", "index.html");
  if (!existsSync(built)) return true;
  const builtAt = statSync(built).mtimeMs;
  const sources = [join(consoleDir, "src"), join(consoleDir, "index.html"), join(consoleDir, "vite.config.ts"), join(consoleDir, "public"), join(root, "packages", "sdk", "src"), join(root, "packages", "ledger", "src")];
  return sources.some((path) => newest(path) > builtAt);
}

function newest(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0);
}

function run(command, parameters, cwd = root) {
  const windows = process.platform === "win32" && command === "npm";
  // Called by npm as `test` or `start`, its settings would be inherited as if typed here.
  const environment = { ...process.env, PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}` };
  return new Promise((resolve) => {
    const child = spawn(windows ? "npm.cmd" : command, parameters, { cwd, env: environment, shell: windows, stdio: ["ignore", 2, 2] });
    const fail = (reason) => {
      console.error(`setup: ${command} ${parameters[0]} failed (${reason}). Nothing was started.`);
      process.exit(1);
    };
    child.on("error", (error) => fail(error.message));
    child.on("exit", (code, signal) => (code === 0 ? resolve() : fail(signal ?? `exit ${code}`)));
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setup({ quiet: false });
}
