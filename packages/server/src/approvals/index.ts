export { openApproval, ownersWithinMs, statementDigest } from "./open.ts";
export type { ApproverSet, Asking, Question } from "./open.ts";
export { cannotDecide, decideApproval } from "./decide.ts";
export type { ApprovalEffect } from "./decide.ts";
export { listApprovals, readApproval, stateAt } from "./read.ts";
export type { ApprovalRecord, ApprovalSignature } from "./read.ts";
export { maxPendingPerSystem, openHold, spendApproval } from "./hold.ts";
export type { HoldSealing } from "./hold.ts";
export { approvalRoutes } from "./routes.ts";
