export { countFindings, dismissFinding, findFinding, listFindings, reportFinding, settleFindings } from "./findings.ts";
export type { Finding, NewFinding } from "./findings.ts";
export { findingRoutes } from "./routes.ts";
export { findingAnswers } from "./pack-answers.ts";
