export { DecisionCounts } from "./decision-counts.ts";
export type { DecisionCount } from "./decision-counts.ts";
export { startTelemetry } from "./start.ts";
export type { Telemetry } from "./start.ts";
export type { KeptSpan } from "./spans-in/kept.ts";
export type { SpanCounts } from "./exporter.ts";
