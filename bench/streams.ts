/**
 * How long the gateway holds an event of a stream, and what its evidence adds to the first byte and the last, beside the same
 * model asked directly, in one run.
 *
 *   npm run bench -- streams
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { Pool } from "undici";
import { testKey } from "../packages/gateway/src/testing/facts.ts";
import { flushMs, median, next } from "./gateway/measure.ts";

const events = 40;
const everyMs = 10;
const rounds = 12;
const script = (name: string) => join(import.meta.dirname, "gateway", name);
const children: ChildProcess[] = [];

async function start(name: string, ...args: readonly string[]): Promise<number> {
  const child = fork(script(name), args, { execArgv: ["--max-semi-space-size=64", "--no-allocation-site-pretenuring"] });
  children.push(child);
  return (await next<{ port: number }>(child)).port;
}

interface Heard {
  /** Milliseconds from the writing of an event by the model to its being read here. */
  readonly heldMs: number[];
  /** Milliseconds from the request. */
  readonly firstMs: number[];
  /** Milliseconds from the writing of the last event to the end of the answer. */
  readonly lastMs: number[];
}

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
const body = JSON.stringify({ model: "gpt-test", stream: true, messages: [{ role: "user", content: "Please say whether order A1 may be refunded. ".repeat(20) }] });

async function listen(pool: Pool, heard: Heard): Promise<void> {
  const from = nowMs();
  const answer = await pool.request({ path: "/v1/chat/completions", method: "POST", headers: { authorization: `Bearer ${testKey}`, "content-type": "application/json" }, body });
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${(await answer.body.text()).slice(0, 300)}`);
  let first = true;
  let text = "";
  let seen = 0;
  let lastWritten = 0;
  for await (const part of answer.body as AsyncIterable<Buffer>) {
    const at = nowMs();
    if (first) heard.firstMs.push(at - from);
    first = false;
    text += part.toString();
    const parts = text.split("\n\n");
    text = parts.pop()!;
    for (const one of parts) {
      const written = /"chatcmpl-(\d+)"/.exec(one)?.[1];
      if (written === undefined) continue;
      seen += 1;
      lastWritten = Number(written) / 1e6;
      heard.heldMs.push(at - lastWritten);
    }
  }
  heard.lastMs.push(nowMs() - lastWritten);
  if (seen !== events) throw new Error(`${seen} of ${events} events arrived`);
}

try {
  const upstream = await start("stream-upstream.ts", String(events), String(everyMs));
  const places = [
    { name: "the model itself", port: upstream },
    { name: "gateway, pass", port: await start("target.ts", "evidence", String(upstream), "T0") },
    { name: "gateway, window", port: await start("target.ts", "evidence", String(upstream), "T2") },
  ];
  const ask = async (port: number, inFlight: number, into: Heard): Promise<void> => {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: inFlight, pipelining: 1 });
    await Promise.all(Array.from({ length: inFlight }, () => listen(pool, into)));
    await pool.close();
  };
  // Enough for the compiler to have settled: a gateway runs for weeks.
  for (const { port } of places) for (let more = 0; more < 20; more++) await ask(port, 64, { heldMs: [], firstMs: [], lastMs: [] });
  for (const inFlight of [1, 16]) {
    const heard = places.map((): Heard => ({ heldMs: [], firstMs: [], lastMs: [] }));
    for (let round = 0; round < rounds; round++) for (const [at, { port }] of places.entries()) await ask(port, inFlight, heard[at]!);
    console.log(`${events} events, one every ${everyMs} ms, ${inFlight} at once, ${rounds} rounds`);
    const direct = heard[0]!;
    console.table(
      places.map(({ name }, at) => {
        const { heldMs, firstMs, lastMs } = heard[at]!;
        const over = (mine: readonly number[], base: readonly number[]): string => (median(mine) - median(base)).toFixed(2);
        const p99 = heldMs.toSorted((a, b) => a - b)[Math.floor(heldMs.length * 0.99)]!;
        return { name, "event held, p50 ms": median(heldMs).toFixed(2), "p99 ms": p99.toFixed(2), "first byte over direct, ms": over(firstMs, direct.firstMs), "last byte over direct, ms": over(lastMs, direct.lastMs) };
      }),
    );
    if (inFlight === 1) {
      const flush = await flushMs(everyMs);
      const held = median(heard[1]!.heldMs) - median(direct.heldMs);
      const first = median(heard[1]!.firstMs) - median(direct.firstMs);
      const last = median(heard[1]!.lastMs) - median(direct.lastMs);
      const said = (met: boolean): string => (met ? "met" : "missed");
      console.log(`one flush takes ${flush.toFixed(2)} ms`);
      console.log(`pass: an event is held ${held.toFixed(2)} ms longer than directly (target ≤ 1 ms: ${said(held <= 1)})`);
      console.log(`pass: first byte +${first.toFixed(2)} ms (target ≤ 1 ms and one flush: ${said(first <= 1 + flush)}), last byte +${last.toFixed(2)} ms (one flush more: ${said(last <= 1 + 2 * flush)})`);
    }
  }
} finally {
  for (const child of children) child.kill();
}
