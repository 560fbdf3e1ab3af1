import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startMandate } from "./harness.ts";

const cli = join(import.meta.dirname, "../../packages/cli/src/main.ts");
const folder = mkdtempSync(join(tmpdir(), "mandate-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "file"), "");

/** Starts what can't start. Ports of its own: the test must not depend on who uses 4600. */
function failedStart(env: Record<string, string>): Promise<{ code: unknown; err: string }> {
  const environment = { ...process.env, MANDATE_PORT: "45871", MANDATE_DATA_DIR: join(folder, "data"), MANDATE_BOOTSTRAP_TOKEN: "", ...env };
  return new Promise((resolve) =>
    execFile(process.execPath, [cli, "serve"], { env: environment, timeout: 60_000 }, (error, _out, err) => resolve({ code: error?.code ?? 0, err })),
  );
}

test.each([
  ["a data directory that is a file", { MANDATE_DATA_DIR: join(folder, "file") }, /MANDATE_DATA_DIR/],
  ["a data directory below a file", { MANDATE_DATA_DIR: join(folder, "file/data") }, /MANDATE_DATA_DIR/],
  ["a database address of another kind", { MANDATE_DATABASE_URL: "mysql://u:hunter2@db/x" }, /MANDATE_DATABASE_URL is not written as postgresql/],
  ["a database that isn't there", { MANDATE_DATABASE_URL: "postgresql://u:hunter2@127.0.0.1:1/x" }, /127\.0\.0\.1:1 can't be reached \(ECONNREFUSED\).*MANDATE_DATABASE_URL/],
  ["a master key file that isn't there", { MANDATE_MASTER_KEY_FILE: join(folder, "absent") }, /MANDATE_MASTER_KEY_FILE/],
])("%s ends the start with 1, the variable to mend and no password", async (_name, env, expected) => {
  const { code, err } = await failedStart(env);
  expect(code, err).toBe(1);
  expect(err).toMatch(expected);
  expect(err).not.toContain("hunter2");
  expect(err).not.toMatch(/\n {4}at /);
});

test("a master key of other data is named as such, and the right one still opens it", async () => {
  const mandate = await startMandate({ mode: "up", env: { MANDATE_BOOTSTRAP_TOKEN: "" } });
  try {
    await mandate.kill("SIGTERM");
    const other = join(folder, "other-key");
    writeFileSync(other, randomBytes(32).toString("hex"), { mode: 0o600 });
    const { code, err } = await failedStart({ MANDATE_DATA_DIR: mandate.dataDir, MANDATE_MASTER_KEY_FILE: other });
    expect(code, err).toBe(1);
    expect(err).toMatch(/belongs to other data.*MANDATE_MASTER_KEY_FILE/);
  } finally {
    await (await mandate.restart()).stop();
  }
});
