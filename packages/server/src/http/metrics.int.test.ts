import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noteBackup } from "../backup/last-backup.ts";
import { notesManifest } from "../testing/notes.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/observability.md"), "utf8");
const collector = createServer((request, response) => {
  request.resume();
  request.on("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
});
let server: TestServer;

interface Metric {
  readonly type: string;
  readonly labels: string;
}

const sampleLine = /^([a-z0-9_]+)(?:\{(.*)\})? -?[0-9.e+-]+$/;

/** Names, types and label names of a Prometheus text exposition, read as a scraper reads it. */
function exposed(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type !== null) {
      expect(metrics.has(type[1]!), `${type[1]} is declared once`).toBe(false);
      metrics.set(type[1]!, { type: type[2]!, labels: "" });
    } else if (!line.startsWith("# HELP ")) {
      expect(line, "every other line is a sample").toMatch(sampleLine);
      const [, sampled, inner] = sampleLine.exec(line)!;
      // A histogram's samples have names of their own, and a label for the bucket.
      const base = sampled!.replace(/_(?:bucket|sum|count)$/, "");
      const name = metrics.get(base)?.type === "histogram" ? base : sampled!;
      const labels = [...(inner ?? "").matchAll(/([a-z_]+)="(?:[^"\\]|\\.)*"/g)].map((one) => one[1]!).filter((label) => label !== "le").join(", ");
      metrics.set(name, { ...metrics.get(name)!, labels });
    }
  }
  return metrics;
}

const documented = new Map([...page.matchAll(/^\| `(mandate_\w+)` \| (\w+) \|(.*?)\| (.*?) \|/gm)].map(([, name, type, labels, there]) => [name!, { type: type!, labels: labels!.replaceAll("`", "").trim(), there: there! }]));
const scrape = async (): Promise<string> => (await server.request("GET", "/metrics")).text;
const sample = (text: string, series: string): number => Number(text.split("\n").find((line) => line.startsWith(`${series} `))?.split(" ").at(-1) ?? Number.NaN);

beforeAll(async () => {
  await new Promise<void>((done) => collector.listen(0, "127.0.0.1", done));
  server = await startTestServer({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}` });
}, 60_000);
afterAll(async () => {
  await server.close();
  await new Promise((done) => collector.close(done));
});

test("every metric is documented by name, type and labels, and every documented one is there", async () => {
  const key = await systemKey();
  await call(key, "no-such-model");
  await call("mdt_nobody", "no-such-model");
  await noteBackup(server.directory, { at: new Date(server.now()).toISOString(), folder: "/nowhere", bytes: 1, rows: 1 });
  const metrics = exposed(await scrape());
  for (const [name, { type, labels }] of metrics) expect(documented.get(name), name).toMatchObject({ type, labels });
  // Where nobody has answered yet there is no rate to show.
  const absent = [...documented].filter(([name]) => !metrics.has(name));
  expect(absent.map(([, { there }]) => there)).toEqual(["after an answer", "after an answer", "after an answer"]);
});

test("probes of the controls move no figure of ordinary decisions, neither in metrics nor in a pack", async () => {
  const before = await scrape();
  const decisions = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("mandate_decisions_total"));
  expect(sample(before, "mandate_probe_decisions_total")).toBe(0);
  await server.request("POST", "/api/v1/controls/run", { body: { controls: ["RT-01", "RT-02", "NHI-04"] } });
  const after = await scrape();
  expect(sample(after, "mandate_probe_decisions_total")).toBeGreaterThan(0);
  expect(decisions(after)).toEqual(decisions(before));
  const { body: preview } = await server.request("POST", "/api/v1/evidence/packs/preview", { body: {} });
  const listed = await server.request("GET", "/api/v1/decisions");
  expect(preview.decisions).toBe(listed.body.items.length);
});

async function systemKey(): Promise<string> {
  expect((await server.request("POST", "/api/v1/apply", { body: notesManifest })).status).toBe(200);
  return (await server.request("POST", "/api/v1/credentials", { body: { system: "notes", name: "key", ttl: "1h" } })).body.key;
}

async function call(key: string, model: string): Promise<number> {
  const response = await fetch(`${server.gatewayUrl}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }) });
  await response.arrayBuffer();
  return response.status;
}
