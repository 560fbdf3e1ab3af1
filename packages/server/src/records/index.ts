export { listAcceptances } from "./acceptance.ts";
export { concernsAt, evaluationState } from "./concerns.ts";
export type { Concern, EvaluationState } from "./concerns.ts";
export { recordRoutes } from "./routes.ts";
export { currentConcerns, watchRecords } from "./watch.ts";
