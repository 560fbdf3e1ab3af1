export { exportRoutes } from "./routes.ts";
export { readEvents } from "./collect-events.ts";
export { collectFacts, measuredOf } from "./collect-facts.ts";
export { findingBatches } from "./collect-findings.ts";
