#!/usr/bin/env node
// Launcher in Node 18 syntax: finds the pinned Node 24 and runs the sources with it. Does nothing else.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// `npm start` does its own set-up; `npx mandate` on an installed tree starts at once.
if (process.env.npm_lifecycle_event === "start" || !existsSync(join(root, "node_modules", "@mandate", "cli"))) {
  const { setup } = await import("./setup.mjs");
  await setup({ quiet: process.env.npm_lifecycle_event !== "start" });
}

const { nodePath } = await import("./node-path.mjs");
const main = join(root, "packages", "cli", "src", "main.ts");
const child = spawn(nodePath(root), ["--disable-warning=ExperimentalWarning", main, ...process.argv.slice(2)], { stdio: "inherit" });

// A terminal's Ctrl-C reaches both processes; a `kill` of this one alone must reach the other.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`mandate: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
