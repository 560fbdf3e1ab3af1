import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTestCollector, type TestCollector } from "../testing/collector.ts";
import { OtlpExporter } from "./exporter.ts";
import { readTelemetry } from "./settings.ts";
import type { Span } from "./span.ts";

const nowMs = 1_800_000_000_000;
const span = (n: number): Span => ({
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: n.toString(16).padStart(16, "a"), parentId: null, sampled: true, name: `span ${n}`, kind: "internal", startMs: nowMs, endMs: nowMs + 1.5,
  attributes: { text: "x", whole: n, share: 0.5, yes: true, list: ["a", "b"], absent: null }, events: [], error: null,
});

describe("exporting spans", () => {
  let collector: TestCollector;
  let exporter: OtlpExporter;
  let waits: number[];
  let logged: string[];

  beforeEach(async () => {
    collector = await startTestCollector();
    waits = [];
    logged = [];
  });
  afterEach(async () => {
    await exporter.close();
    await collector.close();
  });

  const start = (env: Record<string, string> = {}): void => {
    const { settings } = readTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: "60000", ...env });
    const log = (event: string, details: object): void => void logged.push(`${event} ${JSON.stringify(details)}`);
    exporter = new OtlpExporter({ settings: settings!, resource: { attributes: { "service.name": "mandate-gateway" }, scopeVersion: "1" }, log: { warn: log, error: log }, now: () => nowMs, jitter: () => 1, wait: (ms) => (waits.push(ms), Promise.resolve()) });
  };

  test("a batch is OTLP's JSON to the letter, with the headers that were set", async () => {
    start({ OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20canary-token", OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" });
    exporter.add(span(1));
    await exporter.flush();
    expect(collector.problems).toEqual([]);
    expect(collector.requests).toMatchObject([{ path: "/v1/traces", headers: { authorization: "Bearer canary-token", "content-type": "application/json", "content-encoding": "gzip" } }]);
    expect(collector.spans).toMatchObject([{ name: "span 1", kind: 1, startTimeUnixNano: "1800000000000000000", endTimeUnixNano: "1800000000001500000", attributes: { text: "x", whole: 1, share: 0.5, yes: true, list: ["a", "b"] } }]);
    expect(collector.spans[0]!.attributes).not.toHaveProperty("absent");
    expect(collector.resources).toEqual([{ "service.name": "mandate-gateway" }]);
  });

  test("memory is bounded: what doesn't fit the queue is dropped and counted, and nobody waits", async () => {
    start({ OTEL_BSP_MAX_QUEUE_SIZE: "3", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "3" });
    const held = Promise.withResolvers<void>();
    collector.answer = (nth, res) => {
      if (nth === 1) void held.promise.then(() => res.writeHead(200).end("{}"));
      return nth === 1;
    };
    for (let n = 0; n < 10; n++) exporter.add(span(n));
    expect(exporter.counts()).toEqual({ exported: 0, dropped: 4, failed: 0, queued: 3 });
    held.resolve();
    await exporter.flush();
    expect(exporter.counts()).toEqual({ exported: 6, dropped: 4, failed: 0, queued: 0 });
  });

  test("throttled, it waits as long as it was told, and tries again with the same spans", async () => {
    start();
    collector.answer = (nth, res) => {
      if (nth === 1) res.writeHead(429, { "retry-after": "7" }).end();
      else if (nth === 2) res.writeHead(503, { "retry-after": new Date(nowMs + 3_000).toUTCString() }).end();
      else if (nth === 3) res.writeHead(503).end();
      else if (nth === 4) res.destroy();
      return nth < 5;
    };
    exporter.add(span(1));
    await exporter.flush();
    expect(waits).toEqual([7_000, 3_000, 4_000, 8_000]);
    expect(new Set(collector.requests.map((one) => one.text)).size).toBe(1);
    expect(exporter.counts()).toMatchObject({ exported: 1, failed: 0 });
  });

  test("what may not be repeated is given up at once, said once, and no secret with it", async () => {
    start({ OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url.replace("//", "//user:canary-password@")}/x?token=canary-query`, OTEL_EXPORTER_OTLP_HEADERS: "authorization=canary-header" });
    collector.answer = (_nth, res) => {
      res.writeHead(400).end("canary-answer");
      return true;
    };
    for (let n = 0; n < 2; n++) {
      exporter.add(span(n));
      await exporter.flush();
    }
    expect(collector.requests).toHaveLength(2);
    expect(waits).toEqual([]);
    expect(exporter.counts()).toMatchObject({ exported: 0, failed: 2 });
    expect(logged).toHaveLength(1);
    expect(logged.join()).not.toContain("canary");
  });

  test("a redirect isn't followed: headers go where they were meant to", async () => {
    start({ OTEL_EXPORTER_OTLP_HEADERS: "authorization=canary" });
    const elsewhere = await startTestCollector();
    collector.answer = (_nth, res) => {
      res.writeHead(307, { location: `${elsewhere.url}/v1/traces` }).end();
      return true;
    };
    exporter.add(span(1));
    await exporter.flush();
    expect(elsewhere.requests).toEqual([]);
    expect(exporter.counts()).toMatchObject({ failed: 1 });
    await elsewhere.close();
  });

  test("a collector that takes a part says how much it left, in either spelling", async () => {
    start();
    collector.answer = (nth, res) => {
      res.writeHead(200).end(JSON.stringify({ partialSuccess: { rejectedSpans: nth === 1 ? "2" : 1 } }));
      return true;
    };
    for (let n = 0; n < 3; n++) exporter.add(span(n));
    await exporter.flush();
    expect(exporter.counts()).toMatchObject({ exported: 1, failed: 2 });
    exporter.add(span(4));
    await exporter.flush();
    expect(exporter.counts()).toMatchObject({ exported: 1, failed: 3 });
  });

  test("five tries, then the batch is lost and the next one has its turn; closing tries once more", async () => {
    start();
    collector.answer = (_nth, res) => {
      res.writeHead(502).end();
      return true;
    };
    exporter.add(span(1));
    await exporter.flush();
    expect(collector.requests).toHaveLength(5);
    expect(exporter.counts()).toMatchObject({ failed: 1 });
    collector.answer = () => false;
    exporter.add(span(2));
    await exporter.close();
    expect(exporter.counts()).toMatchObject({ exported: 1, failed: 1 });
    exporter.add(span(3));
    expect(exporter.counts()).toMatchObject({ dropped: 1 });
  });
});
