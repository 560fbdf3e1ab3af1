import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, type Mandate, type Reply, runCli, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

const cli = join(import.meta.dirname, "../../packages/cli/src/main.ts");

interface StandAlone {
  readonly url: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  output(): string;
  call(key: string, body: unknown, headers?: Record<string, string>, path?: string): Promise<Reply>;
  ready(): Promise<{ status: number; body: { tiersRefused?: string[] } }>;
  restart(): Promise<StandAlone>;
}

/** T2: it pays, and a person has to agree each time. */
const paying = `apiVersion: v1
kind: Group
metadata: { name: leads }
spec: { members: [lea@halden.example] }
---
apiVersion: v1
kind: AISystem
metadata: { name: refunds }
spec:
  purposes: [{ id: refunds, text: Refunds customers. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: acts-with-approval
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [], regions: [EEA], training: never }
  uses: { models: [model:gpt-test], tools: [tool:refunds.issue] }
  policies: [policy:people-pay]
---
apiVersion: v1
kind: Tool
metadata: { name: refunds.issue }
spec: { effect: pays, reversible: false, critical: [{ arg: order, type: id }], input: { type: object, properties: { order: { type: string } } } }
---
apiVersion: v1
kind: Policy
metadata: { name: people-pay }
spec:
  rules:
    - { id: people-pay, on: "tool:refunds.issue", holdUnless: "context.input.order == \\"none\\"", approvers: { group: leads, count: 1, within: 30m }, because: A person agrees to each refund. }
`;

/** Its users type themselves: a conversation of theirs alone is clean. */
const clean = `apiVersion: v1
kind: AISystem
metadata: { name: talks }
spec:
  purposes: [{ id: talks, text: Talks with colleagues. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: suggests
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [], regions: [EEA], training: never }
  session: { userChannel: clean }
  uses: { models: [model:gpt-test] }
`;

const running: ChildProcess[] = [];
const directories: string[] = [];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** `mandate gateway` as a process of its own, waited for until it can decide calls. */
async function startGateway(control: string, token: string | null, known?: { dataDir: string; port: number }): Promise<StandAlone> {
  const dataDir = known?.dataDir ?? mkdtempSync(join(tmpdir(), "mandate-gateway-"));
  directories.push(dataDir);
  const port = known?.port ?? (await freePort());
  const child = spawn(process.execPath, [cli, "gateway"], {
    env: { ...process.env, NO_COLOR: "1", MANDATE_CONTROL_URL: control, MANDATE_GATEWAY_PORT: String(port), MANDATE_DATA_DIR: dataDir, ...(token === null ? {} : { MANDATE_GATEWAY_TOKEN: token }) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`gateway exited with ${child.exitCode}:\n${output}`);
    if ((await fetch(`${url}/readyz`).then((answer) => answer.status, () => 0)) === 200) break;
    if (Date.now() > deadline) throw new Error(`gateway not ready:\n${output}`);
    await new Promise((done) => setTimeout(done, 50));
  }
  return {
    url,
    dataDir,
    process: child,
    output: () => output,
    async call(key, body, headers = {}, path = "/v1/chat/completions") {
      const response = await fetch(url + path, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers }, body: JSON.stringify(body) });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
    },
    async ready() {
      const response = await fetch(`${url}/readyz`);
      return { status: response.status, body: (await response.json()) as { tiersRefused?: string[] } };
    },
    restart: () => startGateway(control, null, { dataDir, port }),
  };
}

async function end(one: StandAlone, signal: NodeJS.Signals): Promise<number | null> {
  const gone = new Promise<number | null>((done) => one.process.once("exit", done));
  one.process.kill(signal);
  return gone;
}

let mandate: Mandate;
let upstream: Upstream;
let key: string;
let east: StandAlone;
let west: StandAlone;
let eastToken: string;

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startMandate();
  const applied = await mandate.apply(smallManifest(upstream.url));
  expect(applied.status, applied.text).toBe(200);
  key = (await mandate.credential("notes")).key;
  eastToken = (await mandate.api("POST", "/gateways", { name: "east" })).body.token;
  const westToken = (await mandate.api("POST", "/gateways", { name: "west" })).body.token;
  [east, west] = await Promise.all([startGateway(mandate.url, eastToken), startGateway(mandate.url, westToken)]);
}, 180_000);

afterAll(async () => {
  for (const child of running) if (child.exitCode === null) child.kill("SIGKILL");
  await mandate?.stop();
  await upstream?.close();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

const gateways = async (): Promise<Record<string, boolean>> => Object.fromEntries((await mandate.api("GET", "/gateways")).body.items.map((one: { name: string; confirmed: boolean }) => [one.name, one.confirmed]));
interface Added {
  readonly calls: number;
  readonly medianMs: number | null;
  readonly p99Ms: number | null;
  readonly kinds: readonly { readonly kind: string; readonly calls: number }[];
}
const added = async (name: string): Promise<Added | null> => (await mandate.api("GET", `/gateways/${name}`)).body.added;
const decided = async (id: string): Promise<{ terminal: string | null; intent: { log: string } }> => (await mandate.api("GET", `/decisions/${id}`)).body;

describe("two gateways beside one control plane", () => {
  test("both enforce the register, and what they did stands in logs of their own", async () => {
    const before = upstream.requests.length;
    const answers = [await east.call(key, chat("from the east")), await west.call(key, chat("from the west"))];
    expect(answers.map((one) => one.status)).toEqual([200, 200]);
    expect(upstream.requests.length - before).toBe(2);
    const [one, two] = await Promise.all(answers.map((answer) => decided(answer.headers.get("x-mandate-decision")!)));
    expect([one!.terminal, two!.terminal]).toEqual(["done", "done"]);
    expect(one!.intent.log).not.toBe(two!.intent.log);
    const refused = await west.call("mdk_unknown", chat("no"));
    expect([refused.status, refused.body.error.code]).toEqual([401, "credential_unknown"]);
    expect(await gateways()).toMatchObject({ east: true, west: true });
  });

  test("each tells its own figures, and the control plane what each adds to a call", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/observability.md"), "utf8");
    const told = new Set([...page.matchAll(/^\| `(mandate_\w+)` \|.*\| yes \|$/gm)].map(([, name]) => name!));
    const text = await (await fetch(`${east.url}/metrics`)).text();
    const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!);
    for (const name of names) expect(told.has(name), name).toBe(true);
    // No exporter is set here; nobody unknown called here.
    expect([...told].filter((name) => !names.includes(name))).toEqual(["mandate_unauthenticated_total", "mandate_spans_total"]);
    expect(text).toMatch(/^mandate_decisions_total\{action="model.call",outcome="allow",code="",tier="T\d"\} 1$/m);
    expect(text).toMatch(/^mandate_added_seconds_count\{kind="model"\} 1$/m);
    const elsewhere = await fetch(`${east.url}/metrics`, { headers: { "x-forwarded-for": "10.0.0.9" } });
    expect([elsewhere.status, ((await elsewhere.json()) as { code: string }).code]).toEqual([401, "identity.required"]);
    await expect.poll(async () => (await added("east"))?.calls, { timeout: 30_000 }).toBe(1);
    const { medianMs, p99Ms, kinds } = (await added("east"))!;
    expect([medianMs! > 0, p99Ms! >= medianMs!, kinds.find((one) => one.kind === "model")?.calls]).toEqual([true, true, 1]);
    const { gateways: listed } = (await mandate.api("GET", "/overview")).body as { gateways: { name: string; added: Added | null }[] };
    expect(listed.find((one) => one.name === "east")?.added?.calls).toBe(1);
    // The control plane's own carried none: nothing can be told of it, and nothing is.
    expect(listed.find((one) => one.name !== "east" && one.name !== "west")?.added).toMatchObject({ calls: 0, medianMs: null, p99Ms: null });
  });

  test("controls are seen to refuse at each of them, by what stands in its own log; one that is gone is not known, never a pass", async () => {
    const probed = async (): Promise<{ control: string; outcome: string; reason: string; gateways: { gateway: string; outcome: string; saw: string }[]; proof: { saw: string; decisions: string[] } | null }[]> =>
      (await mandate.api("POST", "/controls/run", { controls: [] })).body.results.filter((one: { gateways: unknown[] }) => one.gateways.length > 0);
    const before = await (await fetch(`${east.url}/metrics`)).text();
    const results = await probed();
    expect(results.length).toBeGreaterThan(15);
    for (const one of results) {
      expect(one.gateways.map(({ gateway }) => gateway).slice(1), one.control).toEqual(["east", "west"]);
      expect(one.gateways.map(({ outcome }) => outcome), `${one.control}: ${JSON.stringify(one.gateways)}`).toEqual(["refused", "refused", "refused"]);
      expect(one.proof?.saw, one.control).toContain("(at 3 gateways)");
    }
    const [forbidden] = results.filter((one) => one.control === "RT-03");
    const logs = await Promise.all(forbidden!.proof!.decisions.map(async (id) => (await decided(id)).intent.log));
    expect(new Set(logs).size).toBe(3);
    // Nobody's figures moved, and nobody is sent after them.
    const after = await (await fetch(`${east.url}/metrics`)).text();
    const figures = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("mandate_decisions_total") || line.startsWith("mandate_added_seconds_count"));
    expect(figures(after)).toEqual(figures(before));
    expect(after).toMatch(/^mandate_probe_decisions_total [1-9]/m);
    expect(JSON.stringify((await mandate.api("GET", "/findings?limit=200")).body)).not.toContain("probe:");
    expect((await mandate.api("GET", "/reassessments")).body.items).toEqual([]);
    await end(west, "SIGKILL");
    await expect.poll(async () => (await gateways())["west"], { timeout: 20_000 }).toBe(false);
    for (const one of await probed()) {
      expect(one.outcome, one.control).not.toBe("pass");
      expect(one.gateways.map(({ outcome }) => outcome), one.control).toEqual(["refused", "refused", "not_known"]);
      expect(one.reason).toContain("west could not be probed");
    }
    west = await west.restart();
    await expect.poll(async () => (await gateways())["west"], { timeout: 20_000 }).toBe(true);
    expect(new Set((await probed()).flatMap((one) => one.gateways.map(({ outcome }) => outcome)))).toEqual(new Set(["refused"]));
  });

  test("a suspension is in force at both when the answer comes, and the resumption too", async () => {
    expect((await mandate.api("POST", "/systems/notes/suspend", { reason: "test" })).status).toBe(200);
    const answers = await Promise.all([east, west].map((one) => one.call(key, chat("now?"))));
    expect(answers.map((one) => one.body.error.code)).toEqual(["system_suspended", "system_suspended"]);
    await mandate.api("POST", "/systems/notes/resume", { reason: "test" });
    expect((await Promise.all([east, west].map((one) => one.call(key, chat("again"))))).map((one) => one.status)).toEqual([200, 200]);
  });

  test("a token enrols once; nobody without the slot's key is heard, and an overheard request works once", async () => {
    const again = await fetch(`${mandate.url}/api/v1/gateway/enrol`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token: eastToken, signingKey: "A".repeat(43), sealingKey: "A".repeat(43) }) });
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([403, "gateways.token"]);
    for (const [method, path] of [["GET", "/stream"], ["GET", "/journal"], ["POST", "/spend"], ["POST", "/ack"]] as const) {
      const answer = await mandate.api(method, `/gateway${path}`, method === "POST" ? (path === "/spend" ? { id: "apr_x", callHash: "0".repeat(64), system: "notes" } : { version: 1 }) : undefined);
      expect([answer.status, answer.body.code], path).toEqual([401, "gateways.signature"]);
    }
    const stored = JSON.parse(readFileSync(join(east.dataDir, "slot.json"), "utf8")) as { id: string; signing: string };
    const { createPrivateKey } = await import("node:crypto");
    const { signRequest } = await import("../../packages/gateway/src/remote/wire.ts");
    const request = { method: "GET", path: "/api/v1/gateway/journal", body: new Uint8Array(), atMs: Date.now(), nonce: "n".repeat(22) };
    const headers = signRequest(createPrivateKey(stored.signing), stored.id, request);
    const overheard = async (path: string, more: Record<string, string> = {}) => (await fetch(mandate.url + path, { headers: { ...headers, ...more } })).status;
    expect(await overheard(request.path)).toBe(200);
    expect(await overheard(request.path)).toBe(401);
    const fresh = signRequest(createPrivateKey(stored.signing), stored.id, { ...request, nonce: "m".repeat(22) });
    expect((await fetch(`${mandate.url}/api/v1/gateway/stream`, { headers: fresh })).status).toBe(401);
    const late = signRequest(createPrivateKey(stored.signing), stored.id, { ...request, nonce: "o".repeat(22), atMs: Date.now() - 60_000 });
    expect((await fetch(mandate.url + request.path, { headers: late })).status).toBe(401);
  });

  test("a session that moves brings along what it has seen, and an early token of it forgets nothing anywhere", async () => {
    expect((await mandate.apply(clean)).status).toBe(200);
    const talking = (await mandate.credential("talks")).key;
    const say = async (at: StandAlone, session: string, messages: unknown[]): Promise<string> => {
      const answer = await at.call(talking, { model: "gpt-test", messages }, { "x-mandate-session": session });
      expect(answer.status, answer.text).toBe(200);
      return answer.headers.get("x-mandate-session")!;
    };
    const untrusted = (token: string): boolean => (JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString("utf8")) as { labels: { untrusted: boolean } }).labels.untrusted;
    const words = [{ role: "user", content: "Hello." }];
    const read = [...words, { role: "assistant", content: "I looked it up." }, { role: "user", content: "And?" }];
    const early = await say(east, "talk", words);
    expect(untrusted(early)).toBe(false);
    // It moves and is what it was; there it reads what nobody vouches for.
    expect(untrusted(await say(west, early, words))).toBe(false);
    expect(untrusted(await say(west, early, read))).toBe(true);
    for (const at of [east, west, east]) expect(untrusted(await say(at, early, words))).toBe(true);
    // The same name is the same session at each of them.
    expect(untrusted(await say(west, "talk", words))).toBe(true);
    const other = await say(west, "other", words);
    expect(untrusted(await say(east, other, words))).toBe(false);
    // Whoever knew it is gone: nobody can say what it saw, so it counts as the worst.
    const lost = await say(east, "lost", words);
    await end(east, "SIGKILL");
    // What a gateway that is gone adds isn't known.
    await expect.poll(() => added("east"), { timeout: 20_000 }).toBeNull();
    expect(untrusted(await say(west, lost, words))).toBe(true);
    east = await east.restart();
    expect(untrusted(await say(east, lost, words))).toBe(true);
  });

  test("what an application reports of itself at one of them stands in its conversation's timeline", async () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const answer = await west.call(key, chat("traced"), { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, "x-mandate-session": "traced" });
    const span = { traceId, spanId: "00f067aa0ba902b8", startTimeUnixNano: "1800000000000000000", attributes: [{ key: "gen_ai.operation.name", value: { stringValue: "invoke_agent" } }] };
    expect((await west.call(key, { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }, {}, "/otlp/v1/traces")).status).toBe(200);
    const { body } = await mandate.api("GET", `/decisions/${answer.headers.get("x-mandate-decision")}`);
    const shown = async () => (await mandate.api("GET", `/sessions/${body.session}`)).body.spans;
    await expect.poll(shown, { timeout: 10_000 }).toMatchObject([{ system: "notes", trace: traceId, span: span.spanId, operation: "invoke_agent" }]);
  });

  test("together they keep a limit that each alone would keep", async () => {
    expect((await mandate.apply(smallManifest(upstream.url, "counted", "  limits: { callsPerDay: 10 }\n"))).status).toBe(200);
    const { key: counted } = await mandate.credential("counted");
    const answers = await Promise.all(Array.from({ length: 16 }, (_, n) => (n % 2 === 0 ? east : west).call(counted, chat(`${n}`))));
    expect(answers.filter((one) => one.status === 200)).toHaveLength(10);
    expect(new Set(answers.filter((one) => one.status !== 200).map((one) => `${one.status} ${one.body.error.code}`))).toEqual(new Set(["429 budget"]));
    // The control plane's own gateway draws on the same.
    expect((await mandate.call("/v1/chat/completions", counted, chat("one more"))).status).toBe(429);
  });

  test("an approval is spent once, however many gateways see its ticket at the same instant", async () => {
    expect((await mandate.apply(paying)).status).toBe(200);
    const owner = await mandate.personToken("bea@halden.example");
    const waiting = await mandate.api("GET", "/approvals?state=pending", undefined, owner);
    const pilot = waiting.body.items.find((item: { statement: { action: string } }) => item.statement.action === "pilot");
    expect((await mandate.api("POST", `/approvals/${pilot.id}/approve`, { reason: "accepted" }, owner)).status).toBe(200);
    const payingKey = (await mandate.credential("refunds")).key;
    const ask = (at: StandAlone, approval?: string) =>
      at.call(
        payingKey,
        { subject: { type: "system", id: "refunds" }, action: { name: "tool.call" }, resource: { type: "tool", id: "refunds.issue" }, context: { input: { order: "A1" } } },
        approval === undefined ? {} : { "x-mandate-approval": approval },
        "/access/v1/evaluation",
      );
    const held = await ask(east);
    expect(held.body.context.outcome, held.text).toBe("hold");
    const { id } = held.body.context.approval;
    expect((await ask(west)).body.context.approval.id).toBe(id);
    const approver = await mandate.personToken("lea@halden.example");
    // The rule's group, and an owner: a session that nobody vouches for needs one as well.
    for (const person of [approver, owner]) await mandate.api("POST", `/approvals/${id}/approve`, { reason: "once" }, person);
    expect((await mandate.api("GET", `/approvals/${id}`, undefined, owner)).body.state).toBe("approved");
    const repeats = await Promise.all([ask(east, id), ask(west, id), ask(east, id), ask(west, id)]);
    expect(repeats.filter((one) => one.body.decision === true)).toHaveLength(1);
  });

  test("no secret of the control plane stands on a gateway's disk or in its output", async () => {
    await mandate.api("PUT", "/secrets/planted", { value: "planted-provider-secret-123456", hosts: ["api.example.com"] });
    await east.call(key, chat("after the secret"));
    const { execFileSync } = await import("node:child_process");
    const found = execFileSync("sh", ["-c", `grep -rl planted-provider-secret ${JSON.stringify(east.dataDir)} || true`]).toString();
    expect(found).toBe("");
    expect(east.output()).not.toContain("planted-provider-secret");
  });

  test("a gateway that serves some systems knows no key of another, and calls go on for its own", async () => {
    expect((await mandate.api("POST", "/gateways", { name: "typo", serves: ["nots"] })).body.code).toBe("gateways.system_unknown");
    const { token } = (await mandate.api("POST", "/gateways", { name: "counting", serves: ["counted"] })).body;
    const counting = await startGateway(mandate.url, token);
    const { key: counted } = await mandate.credential("talks");
    expect((await counting.call(key, chat("not mine"))).body.error.code).toBe("credential_unknown");
    expect((await counting.call(counted, chat("nor this"))).body.error.code).toBe("credential_unknown");
    // Of its own system it knows all, the limit that is used up included.
    expect((await mandate.apply(smallManifest(upstream.url, "counted", ""))).status).toBe(200);
    const own = await mandate.credential("counted");
    expect((await counting.call(own.key, chat("mine"))).status).toBe(200);
    expect((await mandate.api("DELETE", "/gateways/counting")).status).toBe(204);
    await end(counting, "SIGTERM");
  });

  test("a copy of its volume is another gateway: it isn't let in, and the first goes on", async () => {
    const copied = mkdtempSync(join(tmpdir(), "mandate-gateway-"));
    cpSync(east.dataDir, copied, { recursive: true, filter: (path) => !path.endsWith("lock") });
    await expect(startGateway(mandate.url, null, { dataDir: copied, port: await freePort() })).rejects.toThrow(/another process runs, or ran later, with this gateway's identity/i);
    expect((await east.call(key, chat("still the one"))).status).toBe(200);
    expect(await gateways()).toMatchObject({ east: true });
  });

  test("killed in the middle of calls it comes back, closes them as unknown, and nothing acknowledged is lost", async () => {
    upstream.answer = () => ({ chunks: ["{", " "], delayMs: 5_000 });
    const open = east.call(key, chat("never ends")).then(() => "answered", () => "cut");
    await new Promise((done) => setTimeout(done, 500));
    await end(east, "SIGKILL");
    expect(await open).toBe("cut");
    upstream.answer = () => ({ chunks: [JSON.stringify({ id: "x", object: "chat.completion", created: 1, model: "gpt-test", choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } })] });
    east = await east.restart();
    expect((await east.call(key, chat("back"))).status).toBe(200);
    await expect.poll(async () => (await mandate.api("GET", "/decisions?limit=50")).body.items.some((one: { terminal: string }) => one.terminal === "unknown"), { timeout: 10_000 }).toBe(true);
  });

  test("without its control plane a gateway goes on inside the tier's bound; what it wrote arrives once, later", async () => {
    await mandate.kill("SIGKILL");
    const answers: string[] = [];
    for (let n = 0; n < 5; n++) {
      const answer = await west.call(key, chat(`alone ${n}`));
      expect(answer.status, answer.text).toBe(200);
      answers.push(answer.headers.get("x-mandate-decision")!);
    }
    mandate = await mandate.restart();
    await expect.poll(async () => (await Promise.all(answers.map((id) => decided(id)))).map((one) => one.terminal), { timeout: 20_000 }).toEqual(answers.map(() => "done"));
    await expect.poll(gateways, { timeout: 10_000 }).toMatchObject({ west: true });
  });

  test("the pack holds every gateway's log, and verifies", async () => {
    const file = join(mandate.dataDir, "pack.zip");
    const packed = await runCli(mandate, ["evidence", "pack", "-f", file]);
    expect(packed.code, packed.stderr).toBe(0);
    const verified = await runCli(null, ["evidence", "verify", file, "-o", "json"]);
    expect(verified.code, verified.stderr).toBe(0);
    const logs = (JSON.parse(verified.stdout) as { logs: { origin: string; size: number }[] }).logs;
    expect(logs.length).toBeGreaterThanOrEqual(5);
  });

  test("a removed gateway is cut off and heard no more", async () => {
    expect((await mandate.api("DELETE", "/gateways/west")).status).toBe(204);
    await expect.poll(async () => west.output().includes("the control plane doesn't answer"), { timeout: 10_000 }).toBe(true);
    expect(Object.keys(await gateways())).not.toContain("west");
    expect((await east.call(key, chat("still here"))).status).toBe(200);
    expect(await end(east, "SIGTERM")).toBe(0);
  });
});
