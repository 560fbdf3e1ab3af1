/**
 * CPU a request, throughput and latency of the gateway, evidence on and off, beside a bare proxy and Portkey when it is
 * installed (npm install --prefix bench/peer). Interleaved in one run.
 *
 *   node bench/gateway.ts [--rounds 5] [--requests 1500] [--delay 20]
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Pool } from "undici";
import { flushMs, median, next } from "./gateway/measure.ts";

function option(name: string, fallback: number): number {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? fallback : Number(process.argv[index + 1]);
}
const rounds = option("rounds", 5);
const requests = option("requests", 1500);
const delayMs = option("delay", 20);
const inFlight = 64;
/** Enough for the compiler to have settled: a gateway runs for weeks. */
const warmUp = 6000;

const key = "mdt_test_0123456789abcdef0123456789abcdef";
let asked = 0;

interface Question {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** No two are alike, so that nothing is answered out of a memory that real traffic would miss. */
  readonly body: () => string;
}

const system = { role: "system", content: "You answer questions about refunds." };
const user = (): { role: string; content: string } => ({
  role: "user",
  content: `${(asked += 1)}: ${"Please say whether order A1, delivered nine days late, may be refunded. ".repeat(12)}`,
});
const chatOf = (messages: readonly unknown[]) =>
  JSON.stringify({ model: "gpt-test", messages, temperature: 0.2, max_tokens: 200 });

const chat: Question = { path: "/v1/chat/completions", headers: {}, body: () => chatOf([system, user()]) };

/** As a chat grows: what was said before comes again with each call. */
const past = Array.from({ length: 9 }, user).flatMap((one) => [
  one,
  { role: "assistant", content: "It is within policy. ".repeat(40) },
]);
const history: Question = { ...chat, body: () => chatOf([system, ...past, user()]) };

/** Labels of a named session: read, joined, signed and handed back. */
const session: Question = { ...chat, headers: { "x-mandate-session": "bench" } };

const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };
const toolCall = (path: string): Question => ({
  path,
  headers: {
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "find_order",
  },
  body: () =>
    JSON.stringify({ jsonrpc: "2.0", id: (asked += 1), method: "tools/call", params: { name: "find_order", arguments: { order: `A${asked}` }, _meta: meta } }),
});

interface Target {
  readonly name: string;
  readonly port: number;
  readonly question: Question;
  readonly headers: Readonly<Record<string, string>>;
  /** CPU microseconds so far. */
  readonly cpuMicros: () => Promise<number>;
  readonly stop: () => Promise<unknown>;
  readonly samples: { cpuMicros: number; perSecond: number; p50Ms: number; p99Ms: number }[];
}

const script = (name: string) => join(import.meta.dirname, "gateway", name);
const children: ChildProcess[] = [];
const upstream = fork(script("upstream.ts"), [String(delayMs)]);
children.push(upstream);
const { port: upstreamPort } = await next<{ port: number }>(upstream);

/** What the bare proxy costs once it keeps the evidence, by the product's own sealer and journal: no gateway can cost less. */
const limit = "bare proxy, evidence";

async function ours(name: string, kind: string, preload: readonly string[] = []): Promise<Target> {
  const child = fork(script("target.ts"), [kind, String(upstreamPort)], {
    // As the launcher starts the product; the bare reference gets the same.
    execArgv: ["--max-semi-space-size=64", "--no-allocation-site-pretenuring", ...preload.flatMap((file) => ["--import", script(file)])],
  });
  children.push(child);
  const { port } = await next<{ port: number }>(child);
  return {
    name,
    port,
    question: chat,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    cpuMicros: async () => {
      child.send("usage");
      const { usage } = await next<{ usage: NodeJS.CpuUsage }>(child);
      return usage.user + usage.system;
    },
    stop: () => {
      const gone = once(child, "exit");
      child.send("stop");
      return gone;
    },
    samples: [],
  };
}

/** The same process, asked something else. */
function also(target: Target, name: string, question: Question): Target {
  return { ...target, name, question, samples: [], stop: () => Promise.resolve() };
}

async function portkey(): Promise<Target | undefined> {
  const start = join(import.meta.dirname, "peer/node_modules/@portkey-ai/gateway/build/start-server.js");
  if (!existsSync(start) || !existsSync("/proc/self/stat")) return undefined;
  const port = 20_000 + (process.pid % 20_000);
  const child = spawn(process.execPath, [start, `--port=${port}`, "--headless"], {
    stdio: "ignore",
    env: { ...process.env, TRUSTED_CUSTOM_HOSTS: "127.0.0.1,localhost" },
  });
  children.push(child);
  for (let tries = 0; tries < 100; tries++) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, "127.0.0.1", () => done(true)).on("error", () => done(false));
      socket.unref();
    });
    if (open) break;
    await new Promise((done) => setTimeout(done, 100));
  }
  return {
    name: "portkey 1.15.2",
    port,
    question: chat,
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "x-portkey-provider": "openai",
      "x-portkey-custom-host": `http://127.0.0.1:${upstreamPort}/v1`,
    },
    cpuMicros: async () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      return (Number(fields[11]) + Number(fields[12])) * 10_000;
    },
    stop: () => {
      const gone = once(child, "exit");
      child.kill();
      return gone;
    },
    samples: [],
  };
}

/** @returns latencies in milliseconds */
async function load(
  target: Pick<Target, "name" | "port" | "headers" | "question">,
  total: number,
  connections = inFlight,
): Promise<{ latencies: number[]; seconds: number }> {
  const pool = new Pool(`http://127.0.0.1:${target.port}`, { connections, pipelining: 1 });
  const latencies: number[] = [];
  let left = total;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) {
        const from = performance.now();
        const answer = await pool.request({
          path: target.question.path,
          method: "POST",
          headers: { ...target.headers, ...target.question.headers },
          body: target.question.body(),
        });
        const text = await answer.body.text();
        if (answer.statusCode !== 200)
          throw new Error(`${target.name} answered ${answer.statusCode}: ${text.slice(0, 300)}`);
        latencies.push(performance.now() - from);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  await pool.close();
  return { latencies, seconds };
}

/** One call at a time, where nothing waits for a processor: what the gateway and its two flushes add. */
async function latency(targets: readonly Target[]): Promise<void> {
  const direct = { name: "direct", port: upstreamPort, question: chat, headers: { "content-type": "application/json" } };
  const places = [direct, ...targets];
  const times = places.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [at, place] of places.entries()) times[at]!.push(...(await load(place, 60, 1)).latencies);
  const [base, ...others] = times.map(median);
  console.log(
    `one in flight, over direct (${base!.toFixed(1)} ms): ${targets.map(({ name }, at) => `${name} +${(others[at]! - base!).toFixed(2)} ms`).join(", ")}; one flush takes ${(await flushMs(delayMs)).toFixed(2)} ms (target, whole answer: ≤ 1 ms and two flushes)`,
  );
}

try {
  const peer = await portkey();
  const bare = await ours("bare proxy", "bare");
  const full = await ours("gateway, evidence", "evidence");
  const blind = await ours("evidence, no detectors", "evidence", ["without-detectors.ts"]);
  const targets = [
    bare,
    await ours(limit, "sealing"),
    await ours("gateway, null sink", "null"),
    full,
    ...(peer === undefined ? [] : [peer]),
    blind,
    also(full, "evidence, labelled session", session),
    also(bare, "bare, chat of 20 messages", history),
    also(full, "evidence, chat of 20 messages", history),
    also(bare, "bare, MCP tool call", toolCall("/mcp")),
    also(full, "evidence, MCP tool call", toolCall("/mcp/orders")),
  ];
  for (const target of targets) await load(target, warmUp);
  // A process that is asked four kinds of things has settled four times as long as these two.
  for (const target of [targets[1]!, targets[2]!, blind]) for (let more = 0; more < 3; more++) await load(target, warmUp);
  for (let round = 0; round < rounds; round++) {
    for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
      const before = await target.cpuMicros();
      const { latencies, seconds } = await load(target, requests);
      const sorted = latencies.sort((a, b) => a - b);
      target.samples.push({
        cpuMicros: ((await target.cpuMicros()) - before) / requests,
        perSecond: requests / seconds,
        p50Ms: median(sorted),
        p99Ms: sorted[Math.floor(sorted.length * 0.99)]!,
      });
    }
  }
  console.log(
    `${chat.body().length} byte chat, model answers after ${delayMs} ms, ${inFlight} in flight, ${rounds} rounds of ${requests}, medians`,
  );
  const figures = targets.map(({ name, samples }) => ({
    name,
    "cpu µs/request": Math.round(median(samples.map((one) => one.cpuMicros))),
    "requests/s": Math.round(median(samples.map((one) => one.perSecond))),
    "p50 ms": Number(median(samples.map((one) => one.p50Ms)).toFixed(1)),
    "p99 ms": Number(median(samples.map((one) => one.p99Ms)).toFixed(1)),
  }));
  console.table(figures);
  const cpu = (name: string) => figures.find((one) => one.name === name)!["cpu µs/request"];
  const ratio = (a: number, b: number) => (a / b).toFixed(2);
  const all = "gateway, evidence";
  console.log(`CPU, evidence on, against the bare proxy: ${ratio(cpu(all), cpu("bare proxy"))} (target ≤ 2)`);
  console.log(
    `throughput, evidence on, against the null sink: ${ratio(figures.find((one) => one.name === all)!["requests/s"], figures.find((one) => one.name === "gateway, null sink")!["requests/s"])} (target ≥ 0.9)`,
  );
  if (peer === undefined) console.log("Portkey is not installed: npm install --prefix bench/peer --ignore-scripts");
  else console.log(`CPU, evidence on, against Portkey: ${ratio(cpu(all), cpu(peer.name))} (target ≤ 0.2)`);
  console.log(`CPU of the evidence alone (the bare proxy with its two entries sealed and flushed), against the bare proxy: ${ratio(cpu(limit), cpu("bare proxy"))}`);
  console.log("What each costs, CPU µs a request:");
  console.log(`  evidence ${cpu(all) - cpu("gateway, null sink")}`);
  console.log(`  detectors ${cpu(all) - cpu("evidence, no detectors")}`);
  console.log(`  a labelled session ${cpu("evidence, labelled session") - cpu(all)}`);
  console.log(
    `  a chat of 20 messages, against the bare proxy: ${ratio(cpu("evidence, chat of 20 messages"), cpu("bare, chat of 20 messages"))}`,
  );
  console.log(`  an MCP tool call, against the bare proxy: ${ratio(cpu("evidence, MCP tool call"), cpu("bare, MCP tool call"))}`);
  await latency(targets.filter((target) => target.question === chat));
  await Promise.all(targets.map((target) => target.stop()));
} finally {
  for (const child of children) child.kill();
}
