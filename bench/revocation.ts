/**
 * From a revocation or suspension to its refusal at every one of eight gateways, beside 10,000 systems and 100,000
 * credentials; how long a gateway takes to start, what a snapshot weighs, and the memory of a gateway.
 *
 *   node bench/revocation.ts [SYSTEMS] [CREDENTIALS OF EACH] [GATEWAYS]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { partSnapshot } from "@mandate/gateway/remote";
import { sql } from "kysely";
import { addSystemsLike } from "../packages/server/src/testing/many-systems.ts";
import { startTestServer } from "../packages/server/src/testing/running-server.ts";
import { manifestOf, model } from "./seed/systems.ts";

const systems = Number(process.argv[2] ?? 10_000);
const credentialsOfEach = Number(process.argv[3] ?? 10);
const gatewayCount = Number(process.argv[4] ?? 8);
const rounds = 25;
/** Through the API; the others are rows like theirs, which takes minutes less. */
const applied = Math.min(systems, 50);
const cli = join(import.meta.dirname, "../packages/cli/src/main.ts");

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const said = (values: readonly number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  return `median ${median(values).toFixed(0)} ms, p90 ${sorted[Math.ceil(sorted.length * 0.9) - 1]!.toFixed(0)} ms, worst of ${sorted.length} ${sorted.at(-1)!.toFixed(0)} ms`;
};
const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;

const children: ChildProcess[] = [];
const directories: string[] = [];
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
const control = await startTestServer();
const ask = async (method: string, path: string, body?: unknown) => {
  const send = () => control.request(method, `/api/v1${path}`, body === undefined ? {} : { body });
  // Server and client share one process here: a busy one may close a connection that waited too long. An apply repeats itself.
  const reply = await send().catch((error: unknown) => (path === "/apply" ? send() : Promise.reject(error as Error)));
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text.slice(0, 500)}`);
  return reply.body;
};

async function startGateway(name: string): Promise<{ url: string; child: ChildProcess }> {
  const { token } = await ask("POST", "/gateways", { name });
  const dataDir = mkdtempSync(join(tmpdir(), "mandate-bench-gateway-"));
  directories.push(dataDir);
  const port = await freePort();
  const child = spawn(process.execPath, [cli, "gateway"], {
    env: { ...process.env, MANDATE_CONTROL_URL: control.url, MANDATE_GATEWAY_PORT: String(port), MANDATE_DATA_DIR: dataDir, MANDATE_GATEWAY_TOKEN: token },
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.push(child);
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 3000; tries++) {
    if ((await fetch(`${url}/readyz`).then((answer) => answer.status, () => 0)) === 200) return { url, child };
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`gateway ${name} did not become ready`);
}

/** @returns milliseconds until every gateway refuses the key */
async function untilRefused(urls: readonly string[], key: string, refused: boolean, from: number): Promise<number> {
  await Promise.all(
    urls.map(async (url) => {
      for (;;) {
        const { status } = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } }).then(async (answer) => (await answer.arrayBuffer(), answer));
        if ((status !== 200) === refused) return;
        await new Promise((done) => setTimeout(done, 10));
      }
    }),
  );
  return performance.now() - from;
}

try {
  const began = performance.now();
  await ask("POST", "/apply", model);
  await ask("POST", "/apply", manifestOf(0, applied));
  const { org } = control.server;
  await addSystemsLike(control.db, org, "system-0", applied, systems);
  console.log(`${systems} systems after ${((performance.now() - began) / 1000).toFixed(0)} s`);
  await control.db.transaction(org, (tx) => sql`insert into credentials (org, id, system, name, key_hash, hint, state, accountable, created_by, created_at, not_after, changed_at)
    select ${org}, 'cred_bench' || n, 'system-' || n % ${systems}::int, 'key', encode(sha256(n::text::bytea), 'hex'), '', 'active', 'tom@halden.example', 'bench', now(), now() + interval '1 day', now()
    from generate_series(1, ${systems * credentialsOfEach}::int) as n`.execute(tx));
  const made = [];
  for (let n = 0; n < rounds; n++) made.push(await ask("POST", "/credentials", { system: `system-${n}`, name: `revoked ${n}`, ttl: "1d" }) as { id: string; key: string });
  const built = [];
  for (let n = 0; n < 3; n++) {
    const building = performance.now();
    await control.server.publisher.refresh();
    built.push(performance.now() - building);
  }
  console.log(`${systems} systems, ${systems * credentialsOfEach} credentials; reading what changed and compiling a snapshot takes ${built.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  const { open, secret } = partSnapshot(control.server.publisher.current);
  console.log(`a whole snapshot: ${megabytes(JSON.stringify(open).length)} in clear, ${megabytes(JSON.stringify(secret).length)} sealed`);

  const gateways: { url: string; child: ChildProcess }[] = [];
  const started: number[] = [];
  for (let n = 1; n <= gatewayCount; n++) {
    const from = performance.now();
    gateways.push(await startGateway(`gateway-${n}`));
    started.push(performance.now() - from);
  }
  console.log(`a gateway is ready after: ${said(started)}`);
  const urls = gateways.map(({ url }) => url);
  const [revoked, suspended, answered]: number[][] = [[], [], []];
  for (const { id, key } of made) {
    await untilRefused(urls, key, false, 0);
    const from = performance.now();
    const answer = ask("POST", `/credentials/${id}/revoke`, { reason: "benchmark" }).then(() => answered!.push(performance.now() - from));
    revoked!.push(await untilRefused(urls, key, true, from));
    await answer;
  }
  const { key } = (await ask("POST", "/credentials", { system: "system-17", name: "suspended", ttl: "1d" })) as { key: string };
  for (let n = 0; n < rounds; n++) {
    await untilRefused(urls, key, false, 0);
    const from = performance.now();
    const answer = ask("POST", "/systems/system-17/suspend", { reason: "benchmark" });
    suspended!.push(await untilRefused(urls, key, true, from));
    await answer;
    await ask("POST", "/systems/system-17/resume", { reason: "benchmark" });
  }
  const [stopped, shared]: number[][] = [[], []];
  const status = async (url: string): Promise<number> => {
    const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: '{"model":"gpt-test","messages":[{"role":"user","content":"Hello"}]}' });
    await answer.arrayBuffer();
    return answer.status;
  };
  /** Until it is refused everywhere, or everywhere tried again: nothing listens where the model should. */
  const untilStatus = (wanted: number): Promise<unknown> =>
    Promise.all(urls.map(async (url) => { while ((await status(url)) !== wanted) await new Promise((done) => setTimeout(done, 2)); }));
  await untilStatus(502);
  for (let n = 0; n < 10; n++) {
    const from = performance.now();
    const answer = ask("POST", "/kill", { scope: { model: "gpt-test" }, reason: "benchmark" });
    await untilStatus(403);
    stopped!.push(performance.now() - from);
    await answer;
    // Nobody here holds a role that may resume.
    await control.db.transaction(org, (tx) => sql`update stops set ended_at = now(), ended_reason = 'benchmark' where org = ${org} and ended_at is null`.execute(tx));
    await control.server.publisher.refresh();
    await untilStatus(502);
  }
  for (let n = 1; n <= 10; n++) {
    const from = performance.now();
    await ask("POST", "/apply", model.replace("maxSensitivity: internal }", `maxSensitivity: internal, price: [{ from: 2026-01-${String(n).padStart(2, "0")}, input: "2.80", output: "14.00" }] }`));
    while (!(await ask("GET", "/gateways")).items.every((one: { confirmed: boolean }) => one.confirmed)) await new Promise((done) => setTimeout(done, 5));
    shared!.push(performance.now() - from);
  }
  console.log(`a stopped model that every system uses, to refusal at every one: ${said(stopped!)}; another price of it, to its being enforced at every one: ${said(shared!)}`);
  console.log(`revocation to refusal at every one of ${gatewayCount}: ${said(revoked!)}; suspension: ${said(suspended!)} (target ≤ 1000 ms); the answer to whoever revoked: ${said(answered!)}`);
  for (const [at, { child }] of gateways.entries())
    console.log(`gateway ${at + 1}: ${/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]} kB in memory`);
} finally {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await control.close();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}
