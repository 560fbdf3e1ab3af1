import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, chatCompletion, type Mandate, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

let mandate: Mandate;
let upstream: Upstream;
let key: string;

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startMandate();
  const applied = await mandate.apply(smallManifest(upstream.url, "notes", "  limits: { callsPerDay: 6 }\n"));
  expect(applied.status, applied.text).toBe(200);
  key = (await mandate.credential("notes")).key;
});
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
});

const call = () => mandate.call("/v1/chat/completions", key, chat("hello"));

test("killed between reserving and settling it forgets nothing and loses nothing: exactly what is left may still be used", async () => {
  expect([(await call()).status, (await call()).status]).toEqual([200, 200]);
  const before = upstream.requests.length;
  const answer = upstream.answer;
  upstream.answer = () => ({ chunks: ["", chatCompletion("gpt-test", "late")], delayMs: 20_000 });
  const cut = call().catch(() => null);
  await expect.poll(() => upstream.requests.length).toBe(before + 1);
  await mandate.kill("SIGKILL");
  await cut;
  upstream.answer = answer;
  mandate = await mandate.restart();
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => call()));
  expect(answers.map((one) => one.status).sort()).toEqual([200, 200, 200, 429, 429]);
  const refused = answers.find((one) => one.status === 429)!;
  expect(refused.body.error.code).toBe("budget");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(refused.headers.get("x-should-retry")).toBeNull();
}, 120_000);
