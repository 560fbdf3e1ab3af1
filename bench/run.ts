import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Runs every benchmark, or those named: `npm run bench`, `npm run bench -- decision verify`. */
const directory = import.meta.dirname;
const names = readdirSync(directory)
  .filter((file) => file.endsWith(".ts") && file !== "run.ts")
  .map((file) => file.slice(0, -3))
  .sort();

const wanted = process.argv.slice(2);
if (wanted.includes("--help")) {
  console.log("npm run bench [-- NAME…]\n");
  for (const name of names) {
    const about = /^(?:\/\*\*|\/\/)\s*([^\n*]+)/m.exec(readFileSync(join(directory, `${name}.ts`), "utf8"))?.[1] ?? "";
    console.log(`  ${name.padEnd(12)} ${about.trim()}`);
  }
  process.exit(0);
}
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`No benchmark called ${unknown.join(", ")}. There are: ${names.join(", ")}.`);
  process.exit(1);
}
let failed = 0;
for (const name of wanted.length > 0 ? wanted : names) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, ["--expose-gc", join(directory, `${name}.ts`)], { stdio: "inherit" });
  if (status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
