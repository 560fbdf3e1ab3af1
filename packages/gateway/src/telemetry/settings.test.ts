import { describe, expect, test } from "vitest";
import { readTelemetry } from "./settings.ts";

describe("the OpenTelemetry environment", () => {
  test("without an endpoint, switched off or told none, no spans are made", () => {
    const at = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };
    for (const env of [{}, { ...at, OTEL_SDK_DISABLED: "true" }, { ...at, OTEL_TRACES_EXPORTER: "none" }]) expect(readTelemetry(env)).toEqual({ settings: null, warnings: [] });
  });

  test("the general endpoint gets the signal's path, the signal's own is taken as it is", () => {
    expect(readTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector/otlp/" }).settings?.url).toBe("https://collector/otlp/v1/traces");
    expect(readTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://no", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://collector/x" }).settings?.url).toBe("https://collector/x");
  });

  test("headers are decoded, the signal's own win, and a bad one is left out without repeating it", () => {
    const { settings, warnings } = readTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Basic%20abc=,x-team=a", OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-team=b,bad header=secret-1,x=%0d%0asecret-2" });
    expect(settings?.headers).toEqual({ authorization: "Basic abc=", "x-team": "b" });
    expect(warnings).toHaveLength(2);
    expect(warnings.join()).not.toContain("secret");
  });

  test("what can't be done is said and stops nothing: grpc exports nothing, protobuf goes out as JSON", () => {
    const at = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4317" };
    expect(readTelemetry({ ...at, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toMatchObject({ settings: null, warnings: [expect.stringContaining("grpc")] });
    expect(readTelemetry({ ...at, OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" })).toMatchObject({ settings: { url: "http://c:4317/v1/traces" }, warnings: [expect.stringContaining("http/json")] });
    expect(readTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://c" })).toMatchObject({ settings: null, warnings: [expect.stringContaining("OTEL_EXPORTER_OTLP_ENDPOINT")] });
  });

  test("sampler, sizes, time-out, compression and resource are taken, within bounds", () => {
    const { settings } = readTelemetry({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25", OTEL_BSP_MAX_QUEUE_SIZE: "10", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "100",
      OTEL_EXPORTER_OTLP_TIMEOUT: "999999999", OTEL_EXPORTER_OTLP_COMPRESSION: "gzip", OTEL_SERVICE_NAME: "edge", OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=prod,service.name=other",
    });
    expect(settings).toMatchObject({ ratio: 0.25, followsParent: true, maxQueue: 10, maxBatch: 10, timeoutMs: 60_000, gzip: true, resource: { "deployment.environment.name": "prod", "service.name": "edge" } });
    expect(readTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_TRACES_SAMPLER: "jaeger_remote" })).toMatchObject({ settings: { ratio: 1, followsParent: true }, warnings: [expect.stringContaining("OTEL_TRACES_SAMPLER")] });
  });
});
