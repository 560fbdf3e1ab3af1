import type { SpecOf } from "@mandate/model";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { readManifests } from "../manifest-files.ts";
import { readObjects } from "../read-objects.ts";
import { printRows, type Row } from "../render/format.ts";

/** Runs on this machine, from the manifests alone: a pull request's check needs no server and no token. */
export async function test(call: Call): Promise<ExitCode> {
  const objects = await readObjects(await readManifests(call.list("file"), call.terminal));
  const [{ factsOfManifests }, { runPolicyTests, validatePolicies }, { validateInvariants }] = await Promise.all([
    import("../manifest-facts.ts"),
    import("@mandate/policy"),
    import("@mandate/policy/proof"),
  ]);
  const { facts, problems } = factsOfManifests(objects);
  const invariants = objects.flatMap((object) => (object.kind === "Policy" ? validateInvariants(facts, object.name, (object.spec as SpecOf<"Policy">).invariants ?? []) : []));
  const wrong = [...problems, ...validatePolicies(facts), ...invariants];
  if (wrong[0] !== undefined) {
    const lines = wrong.map(
      ({ policy, rule, message, remedy }) => `${policy}${rule === null ? "" : ` ${rule}`}: ${message}. ${remedy}`,
    );
    throw new CliError({
      code: "policy.invalid",
      message: lines.join("\n"),
      next: "Mend the policies, then run their tests.",
    });
  }
  const rows: Row[] = [];
  for (const object of objects) {
    if (object.kind !== "Policy") continue;
    const tests = (object.spec as SpecOf<"Policy">).tests ?? [];
    const nowSeconds = Math.floor(call.terminal.now() / 1000);
    for (const { name, passed, expected, decision } of runPolicyTests(facts, object.name, tests, nowSeconds)) {
      rows.push({
        policy: object.name,
        name,
        passed,
        expected,
        outcome: decision.outcome,
        rule: decision.rule,
        reason: decision.reason,
      });
    }
  }
  const failed = rows.filter((row) => row.passed !== true);
  await printRows(call.terminal, call.format, {
    rows,
    columns: [
      { title: "", value: (row) => (row.passed === true ? "✓" : "✕") },
      ...["policy", "name", "expected", "outcome", "rule"].map((title) => ({ title, value: (row: Row) => row[title] })),
    ],
    nameOf: (row) => `${String(row.policy)}/${String(row.name)}`,
    empty: "No policy in these manifests has tests.",
  });
  for (const row of failed) call.say(`${String(row.policy)}, ${String(row.name)}: ${String(row.reason)}`);
  if (rows.length > 0) call.say(`${rows.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? exitCodes.done : exitCodes.failed;
}
