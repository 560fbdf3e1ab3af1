import type { EvidenceSink } from "../evidence-sink.ts";
import type { GatewayLog } from "../options.ts";
import { OtlpExporter, type SpanCounts } from "./exporter.ts";
import { readTelemetry, type TelemetrySettings } from "./settings.ts";
import { tracedSink } from "./traced-sink.ts";

export interface Telemetry {
  /** Null: no spans are made. */
  readonly settings: TelemetrySettings | null;
  traced(sink: EvidenceSink): EvidenceSink;
  counts(): SpanCounts | null;
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface TelemetryOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Stable name of this gateway. */
  readonly instance: string;
  readonly log: GatewayLog;
  readonly now: () => number;
}

/** Spans as the OpenTelemetry environment asks for them; nothing when it doesn't. */
export function startTelemetry({ env, version, instance, log, now }: TelemetryOptions): Telemetry {
  const { settings, warnings } = readTelemetry(env);
  for (const line of warnings) log.warn("telemetry.settings", { line });
  if (settings === null) {
    const nothing = (): Promise<void> => Promise.resolve();
    return { settings, traced: (sink) => sink, counts: () => null, flush: nothing, close: nothing };
  }
  const attributes = { "service.name": "mandate-gateway", "service.version": version, "service.instance.id": instance, "telemetry.sdk.name": "mandate", "telemetry.sdk.language": "nodejs", "telemetry.sdk.version": version, ...settings.resource };
  const exporter = new OtlpExporter({ settings, resource: { attributes, scopeVersion: version }, log, now });
  return {
    settings,
    traced: (sink) => tracedSink(sink, (span) => exporter.add(span), now),
    counts: () => exporter.counts(),
    flush: () => exporter.flush(),
    close: () => exporter.close(),
  };
}
