export { Publisher } from "./publisher.ts";
export type { PublisherOptions } from "./publisher.ts";
export { FindingReporter } from "./reporter.ts";
export { buildSnapshot } from "./snapshot-builder.ts";
export { readStoppedNow, withoutStopped } from "./stopped-now.ts";
