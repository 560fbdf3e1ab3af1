import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { readManifests } from "../manifest-files.ts";
import { printRows, type Row } from "../render/format.ts";

interface TestAnswer {
  readonly results: readonly (Row & { readonly passed?: boolean })[];
}

/** The server has the rest of the register, so it runs the tests on what would be there, and keeps nothing. */
export async function test(call: Call): Promise<ExitCode> {
  const stream = await readManifests(call.list("file"), call.terminal);
  const client = await call.client();
  const { results } = await client.request<TestAnswer>(
    "POST",
    "/api/v1/policies/test",
    { manifest: stream.yaml },
    { signal: call.terminal.signal, timeoutMs: 60_000 },
  );
  const columns = ["policy", "name", "expected", "outcome", "rule"].map((title) => ({
    title,
    value: (row: Row) => row[title],
  }));
  await printRows(call.terminal, call.format, {
    rows: results,
    columns: [{ title: "", value: (row) => (row.passed === true ? "✓" : "✕") }, ...columns],
    nameOf: (row) => `${String(row.policy)}/${String(row.name)}`,
    empty: "No tests in these manifests.",
  });
  const failed = results.filter((result) => result.passed !== true).length;
  if (results.length > 0) call.say(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? exitCodes.done : exitCodes.failed;
}
