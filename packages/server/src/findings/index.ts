export { assignFinding, closeFinding, countFindings, countFindingsOpen, dismissFinding, findFinding, findingStateNow, listFindings, openFinding, reportFinding, settleFindings } from "./findings.ts";
export type { Finding, FindingFilter, NewFinding } from "./findings.ts";
export type { Severity } from "./kinds.ts";
export { severities } from "./kinds.ts";
export { escalateFindings } from "./escalate.ts";
export { findingRoutes } from "./routes.ts";
export { findingAnswers } from "./pack-answers.ts";
export { kindOf as findingKind } from "./kinds.ts";
