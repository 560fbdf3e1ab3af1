/**
 * Steady load on the real program, an hour unless told otherwise: how its memory drifts, and whether each call that was
 * answered is on record once, with its end.
 *
 *   node bench/soak.ts [--minutes 60] [--rate 50]
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chat, chatCompletion, smallManifest, startMandate } from "../test/journeys/harness.ts";

function option(name: string, fallback: number): number {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? fallback : Number(process.argv[index + 1]);
}
const minutes = option("minutes", 60);
const ratePerSecond = option("rate", 50);
/** Caches fill and the compiler settles; what grows after that is drift. */
const warmUpShare = 0.2;

const answer = chatCompletion("gpt-test", "It is within policy. ".repeat(40));
const model = createServer((request, response) => {
  request.resume().on("end", () => setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end(answer), 20));
});
await new Promise<void>((done) => model.listen(0, "127.0.0.1", done));

const mandate = await startMandate();
const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const residentBytes = () => 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${mandate.process.pid}/status`, "utf8"))?.[1]);

const answered = new Set<string>();
let refused = 0;
let asked = 0;
async function ask(key: string): Promise<void> {
  asked += 1;
  try {
    const reply = await mandate.call("/v1/chat/completions", key, chat(`${asked}: ${"Please say whether order A1 may be refunded. ".repeat(12)}`));
    const id = reply.headers.get("x-mandate-decision");
    if (reply.status === 200 && id !== null) answered.add(id);
    else refused += 1;
  } catch {
    refused += 1;
  }
}

async function onRecord(): Promise<{ readonly ids: readonly string[]; readonly unended: number }> {
  const ids: string[] = [];
  let unended = 0;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page = (await mandate.api("GET", `/decisions?limit=500${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`)).body as { items: { id: string; terminal: string | null }[]; nextCursor: string | null };
    for (const { id, terminal } of page.items) {
      ids.push(id);
      if (terminal !== "done") unended += 1;
    }
    cursor = page.nextCursor;
  }
  return { ids, unended };
}

try {
  // A small system may make 10,000 calls a day: there are as many of them as the load takes.
  const keys: string[] = [];
  for (let n = 0; n <= (minutes * 60 * ratePerSecond) / 9_000; n++) {
    const name = `notes-${n}`;
    const applied = await mandate.apply(smallManifest(`http://127.0.0.1:${(model.address() as AddressInfo).port}`, name));
    if (applied.status !== 200) throw new Error(applied.text);
    keys.push((await mandate.credential(name)).key);
  }

  const began = performance.now();
  const endsAt = began + minutes * 60_000;
  const memory: { readonly atShare: number; readonly bytes: number }[] = [];
  let sampledAt = 0;
  for (let call = 0; performance.now() < endsAt; call++) {
    const due = began + (call * 1000) / ratePerSecond;
    if (due > performance.now()) await new Promise((done) => setTimeout(done, due - performance.now()));
    void ask(keys[call % keys.length]!);
    if (performance.now() - sampledAt < 5_000) continue;
    sampledAt = performance.now();
    memory.push({ atShare: (sampledAt - began) / (endsAt - began), bytes: residentBytes() });
    if (memory.length % 60 === 0) console.log(`${((sampledAt - began) / 60_000).toFixed(0)} min: ${answered.size} answered, ${refused} refused, ${megabytes(memory.at(-1)!.bytes)}`);
  }
  await new Promise((done) => setTimeout(done, 5_000));

  const settled = memory.filter(({ atShare }) => atShare > warmUpShare);
  const quarter = Math.max(1, settled.length >> 2);
  const [early, late] = [settled.slice(0, quarter), settled.slice(-quarter)].map((part) => median(part.map(({ bytes }) => bytes)));
  console.log(`memory: ${megabytes(early!)} after the warm-up, ${megabytes(late!)} at the end: ${(100 * (late! / early! - 1)).toFixed(1)} % (target < 5 %)`);

  const { ids, unended } = await onRecord();
  const unique = new Set(ids);
  const lost = [...answered].filter((id) => !unique.has(id)).length;
  console.log(`${answered.size} answered of ${asked} (${refused} refused); on record ${ids.length}, lost ${lost}, doubled ${ids.length - unique.size}, without their end ${unended} (target 0, 0, 0)`);
  if (lost > 0 || ids.length !== unique.size || unended > 0) process.exitCode = 1;
} finally {
  await mandate.stop();
  model.close();
}
