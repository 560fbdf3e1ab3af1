import { DenseTree, leafHash, noteVerifier, openCheckpoint, parseVerifierKey } from "@mandate/ledger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { startFakeS3 } from "./fake-s3.ts";
import type { FakeS3 } from "./fake-s3.ts";

const keys = { id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
let running: TestServer;
let s3: FakeS3;
const mirror = (over: Record<string, unknown> = {}) =>
  running.request("PUT", "/api/v1/evidence/mirror", { body: { endpoint: s3.url, bucket: "evidence-logs", region: "eu-central-1", prefix: "halden/", secret: "worm", retainDays: 3650, reason: "audit", ...over } });

beforeAll(async () => {
  [running, s3] = await Promise.all([startTestServer(), startFakeS3(keys)]);
  const put = await running.request("PUT", "/api/v1/secrets/worm", { body: { value: `${keys.id}:${keys.secret}`, hosts: [new URL(s3.url).host] } });
  expect(put.status, put.text).toBeLessThan(300);
});
afterAll(async () => {
  await running.close();
  await s3.close();
});

test("tiles, entries and checkpoints are written once, locked, and make up each log by themselves", async () => {
  const answer = await mirror();
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body.failing).toBeNull();
  const logs = (await running.request("GET", "/api/v1/evidence/logs")).body as { origin: string; vkey: string }[];
  for (const { origin, vkey } of logs) {
    const at = (file: string): Buffer | undefined => s3.objects.get(`evidence-logs/halden/${origin}/${file}`)?.body;
    if (at("checkpoint") === undefined) continue;
    const checkpoint = openCheckpoint(at("checkpoint")!, [noteVerifier(parseVerifierKey(vkey))]);
    expect(at(`checkpoints/${checkpoint.size}`)).toEqual(at("checkpoint"));
    const partial = checkpoint.size < 256 ? `.p/${checkpoint.size}` : "";
    const bundle = at(`tile/entries/000${partial}`)!;
    const hashes: Uint8Array[] = [];
    for (let offset = 0; offset < bundle.length; ) {
      const length = bundle.readUInt16BE(offset);
      hashes.push(leafHash(bundle.subarray(offset + 2, offset + 2 + length)));
      offset += 2 + length;
    }
    expect(Buffer.concat(hashes)).toEqual(at(`tile/0/000${partial}`));
    expect(Buffer.from(new DenseTree(Buffer.concat(hashes)).root())).toEqual(Buffer.from(checkpoint.root));
  }
  expect(s3.objects.size).toBeGreaterThan(6);
  for (const one of s3.objects.values()) {
    expect(one.mode).toBe("COMPLIANCE");
    expect(Date.parse(one.until) - running.now()).toBeGreaterThan(3649 * 86_400_000);
  }
  // Ciphertext stays: what is locked can't be forgotten.
  expect([...s3.objects.keys()].some((name) => name.includes("payload"))).toBe(false);
});

test("only what is new is written again", async () => {
  const before = new Map(s3.objects);
  expect((await mirror({ reason: "again" })).body.failing).toBeNull();
  for (const [name, { versions }] of s3.objects) if (!name.endsWith("/checkpoint")) expect(versions, name).toBe(before.get(name)?.versions ?? 1);
});

test("a store that refuses is a finding that ends when it takes again; a secret goes nowhere it wasn't sealed for", async () => {
  s3.refuse = "AccessDenied";
  expect((await mirror({ reason: "later" })).body.failing).toMatch(/403 \(AccessDenied\)/);
  const open = async () => ((await running.request("GET", "/api/v1/findings?state=open")).body.items as { title: string }[]).some((one) => one.title.startsWith("Write-once copies"));
  expect(await open()).toBe(true);
  s3.refuse = null;
  expect((await mirror({ reason: "back" })).body.failing).toBeNull();
  expect(await open()).toBe(false);
  expect((await mirror({ endpoint: "http://127.0.0.2:9", reason: "astray" })).body.failing).toMatch(/isn't sealed for/);
  expect((await mirror({ retainDays: 0 })).status).toBe(400);
  const gone = await running.request("DELETE", "/api/v1/evidence/mirror", { body: { reason: "moved" } });
  expect(gone.body).toMatchObject({ settings: null, logs: [] });
});
