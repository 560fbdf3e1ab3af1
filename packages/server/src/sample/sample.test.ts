import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { parseManifest } from "@mandate/model/manifest";
import { parseAllDocuments } from "yaml";
import { afterEach, expect, test } from "vitest";
import { sampleCommands } from "./commands.ts";
import { sampleManifest } from "./manifests.ts";
import { startTraffic } from "./traffic.ts";

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: Record<string, unknown>;
}

async function manifests(): Promise<readonly Manifest[]> {
  const text = await sampleManifest({ providerUrl: "http://127.0.0.1:9999", priceWatchEnds: "2026-11-22T00:00:00Z" });
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

test("the register reads the whole sample without a complaint", async () => {
  const text = await sampleManifest({ providerUrl: "http://127.0.0.1:9999", priceWatchEnds: "2026-11-22T00:00:00Z" });
  expect(parseManifest(text, { file: "sample" }).problems).toEqual([]);
});

test("every object of the sample is labelled, named once, and every model stays on the machine", async () => {
  const objects = await manifests();
  const names = objects.map((object) => `${object.kind}:${object.metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(objects.every((object) => object.metadata.labels.sample === "true")).toBe(true);
  const endpoints = objects.filter((object) => object.kind === "Model").map((object) => object.spec.endpoint);
  expect(new Set(endpoints)).toEqual(new Set(["http://127.0.0.1:9999/v1"]));
});

test("every reference but a secret resolves inside the sample", async () => {
  const objects = await manifests();
  const kinds: Record<string, string> = { AISystem: "system", LegalEntity: "legal-entity" };
  const known = new Set(
    objects.map((object) => `${kinds[object.kind] ?? object.kind.toLowerCase()}:${object.metadata.name}`),
  );
  const references = JSON.stringify(objects.map((object) => object.spec)).matchAll(
    /"((?:model|tool|dataset|prompt|destination|vendor|policy|group):[^"]+)"/g,
  );
  const missing = [...references]
    .map((match) => match[1])
    .filter((reference) => reference !== undefined && !known.has(reference));
  expect(missing).toEqual([]);
});

test("exactly one system lacks an owner, so the sample shows that state and no other by accident", async () => {
  const systems = (await manifests()).filter((object) => object.kind === "AISystem");
  expect(systems.length).toBeGreaterThanOrEqual(9);
  const lacking = systems
    .filter((system) => Object.keys(system.spec.owners as object).length < 2)
    .map((system) => system.metadata.name);
  expect(lacking).toEqual(["footfall-insights"]);
});

test("each printed command is one line that a shell runs as it stands", async () => {
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.on("end", () => {
      bodies.push(JSON.parse(text));
      response.end(request.headers.authorization);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const line of Object.values(sampleCommands(url, "mk_live_x"))) {
    expect(line).toMatch(/^curl [^\n]+$/);
    const { stdout } = await promisify(execFile)("sh", ["-c", line]);
    expect(stdout).toBe("Bearer mk_live_x");
  }
  expect(bodies).toHaveLength(3);
});

test("traffic is one call at a time, uses only keys it has, and ends at once when stopped", async () => {
  let open = 0;
  let most = 0;
  const server = createServer((_request, response) => {
    open += 1;
    most = Math.max(most, open);
    response.once("close", () => (open -= 1));
    response.end("{}");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => void server.close());
  const gatewayUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const traffic = startTraffic({ gatewayUrl, keys: new Map([["returns-desk", "k"]]), history: 16, everyMs: 5 });
  closers.push(() => traffic.stop());
  await expect.poll(() => traffic.calls()).toBeGreaterThan(6);
  await traffic.stop();
  const made = traffic.calls();
  expect(most).toBe(1);
  await new Promise((done) => setImmediate(done));
  expect(traffic.calls()).toBe(made);
});

test("a revoked or retired system's traffic ends by itself", async () => {
  let calls = 0;
  const server = createServer((_request, response) => {
    calls += 1;
    response.statusCode = calls > 3 ? 403 : 200;
    response.end(calls > 3 ? '{"error":{"code":"system_retired"}}' : "{}");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => void server.close());
  const gatewayUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const traffic = startTraffic({ gatewayUrl, keys: new Map([["returns-desk", "k"]]), history: 16, everyMs: 1 });
  await expect.poll(() => calls).toBe(4);
  await traffic.stop();
  expect(traffic.calls()).toBe(4);
});
