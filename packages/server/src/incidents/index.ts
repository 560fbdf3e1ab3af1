export { incidentRoutes } from "./routes.ts";
export type { IncidentPorts } from "./incidents.ts";
export { killRoutes } from "./kill-routes.ts";
export { withStops } from "./facts.ts";
export { watchIncidents } from "./watch.ts";
export { incidentAnswers } from "./pack-answers.ts";
export { openIncidents } from "./store.ts";
