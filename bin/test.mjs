// Set-up, type check, lint, every test; the last line counts. Node 18 syntax.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodePath } from "./node-path.mjs";
import { setup } from "./setup.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await setup({ quiet: true });

const node = nodePath(root);
const environment = { ...process.env, PATH: `${dirname(node)}${delimiter}${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}` };
const tool = (name, file) => join(root, "node_modules", name, ...file.split("/"));

/** @returns the exit code; 1 when it couldn't be started */
function run(parameters) {
  return new Promise((resolve) => {
    const child = spawn(node, parameters, { cwd: root, env: environment, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

const filters = process.argv.slice(2);
const checks = [];
if (filters.length === 0) {
  checks.push(["type check", [tool("typescript", "bin/tsc"), "-p", "tsconfig.node.json", "--noEmit"]]);
  if (existsSync(join(root, "packages", "console", "src", "main.tsx"))) {
    checks.push(["console type check", [tool("typescript", "bin/tsc"), "-p", "packages/console", "--noEmit"]]);
  }
  checks.push(["lint", [tool("oxlint", "bin/oxlint")]]);
}

let passed = 0;
let failed = 0;
let skipped = 0;
for (const [name, parameters] of checks) {
  console.log(`> ${name}`);
  if ((await run(parameters)) === 0) passed += 1;
  else {
    failed += 1;
    console.log(`FAIL ${name}`);
  }
}

const reports = mkdtempSync(join(tmpdir(), "mandate-test-"));
const report = join(reports, "report.json");
console.log("> tests");
const code = await run([tool("vitest", "vitest.mjs"), "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...filters]);
try {
  const result = JSON.parse(readFileSync(report, "utf8"));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
  skipped += result.numPendingTests + result.numTodoTests;
  // A file that fails to load, or an error outside a test, counts too: nothing fails unseen.
  if (code !== 0 && result.numFailedTests === 0) failed += Math.max(1, result.numFailedTestSuites);
} catch {
  failed += 1;
}
rmSync(reports, { recursive: true, force: true });

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 ? 1 : 0;
