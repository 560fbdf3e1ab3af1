import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Mandate, startMandate } from "./harness.ts";

const cli = join(import.meta.dirname, "../../packages/cli/src/main.ts");
const run = promisify(execFile);
let mandate: Mandate;

/** `mandate recover` on the host: same data directory and port as the server, no token. */
async function recover(email: string): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, MANDATE_DATA_DIR: mandate.dataDir, MANDATE_PORT: new URL(mandate.url).port, MANDATE_GATEWAY_PORT: new URL(mandate.gateway).port, NO_COLOR: "1" };
  return run(process.execPath, [cli, "recover", email], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout.trim(), err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, out: error.stdout, err: error.stderr }),
  );
}

beforeAll(async () => {
  mandate = await startMandate();
  await mandate.api("POST", "/people", { email: "judge@halden.example", name: "Judge", roles: ["authorizing-official"] });
}, 120_000);
afterAll(async () => mandate?.stop());

test("recovering is refused while the server runs", async () => {
  const answer = await recover("ada@halden.example");
  expect(answer.code).not.toBe(0);
  expect(answer.err).toContain("the server seems to run");
});

test("with the server stopped it makes an administrator's link, works once, is loud, and never lets an approver in", async () => {
  await mandate.kill("SIGTERM");
  const approver = await recover("judge@halden.example");
  expect(approver.code).not.toBe(0);
  expect(approver.err).toContain("approving role");

  const answer = await recover("ada@halden.example");
  expect(answer.code, answer.err).toBe(0);
  expect(answer.out).toMatch(/^http:\/\/localhost:\d+\/sign-in#link=mdl_/);
  expect(answer.err).toContain("It grants no approving role");

  mandate = await mandate.restart();
  const link = answer.out.split("#link=")[1]!;
  const signIn = () => fetch(`${mandate.url}/api/v1/session/sign-in`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ link }) });
  const first = await signIn();
  expect(first.status).toBe(200);
  expect((await signIn()).status).toBe(401);
  const cookie = first.headers.get("set-cookie")!.split(";", 1)[0]!;
  const session = (await (await fetch(`${mandate.url}/api/v1/session`, { headers: { cookie } })).json()) as { person: { roles: string[] } };
  expect(session.person.roles).toEqual(["administrator"]);
  const findings = (await mandate.api("GET", "/findings?limit=100")).body.items as { cause: string }[];
  expect(findings.map((one) => one.cause)).toContain("access_recovered");
});
