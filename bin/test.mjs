// Every check, in the order in which a failure is cheapest to learn; ends with one line, `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pinnedEnvironment, setUp } from "./setup.mjs";

await setUp();
const environment = { ...pinnedEnvironment(), ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }) };
const scratch = mkdtempSync(join(tmpdir(), "mandate-test-"));
const report = join(scratch, "report.json");
const totals = { passed: 0, failed: 0 };
const skipped = [];

function check(name, command, arguments_) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(command, arguments_, { stdio: ["ignore", "inherit", "inherit"], env: environment, shell: process.platform === "win32" });
  return status === 0;
}

for (const [name, command, arguments_] of [
  ["Types", "tsc", ["-b"]],
  ["Lint", "oxlint", ["--type-aware", "--quiet"]],
]) {
  if (check(name, command, arguments_)) totals.passed++;
  else totals.failed++;
}

const filters = process.argv.slice(2);
const ran = check("Tests", "vitest", ["run", "--reporter=default", "--silent=passed-only", "--reporter=json", `--outputFile.json=${report}`, ...filters]);
try {
  const result = JSON.parse(readFileSync(report, "utf8"));
  totals.passed += result.numPassedTests;
  totals.failed += result.numFailedTests;
  for (const file of result.testResults)
    for (const test of file.assertionResults)
      if (test.status !== "passed" && test.status !== "failed") skipped.push(`${relative(process.cwd(), file.name)}: ${test.fullName.trim()}`);
  // A file that could not even be loaded counts no test: it is a failure all the same.
  const broken = result.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  totals.failed += broken;
  if (!ran && result.numFailedTests + broken === 0) totals.failed++;
} catch {
  totals.failed++;
}
rmSync(scratch, { recursive: true, force: true });

if (skipped.length > 0) console.log(`\n${skipped.length} skipped, for want of what CONTRIBUTING.md names:\n  ${skipped.join("\n  ")}`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 ? 0 : 1);
