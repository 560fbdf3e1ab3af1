export { contentColumns, eraseApproved, keyBackupDays, keyTables, listErasures } from "./erase.ts";
export type { Erasure } from "./erase.ts";
export { listHolds } from "./holds.ts";
export type { LegalHold } from "./holds.ts";
export { endContent } from "./ends.ts";
export { replayErasures } from "./kept-erasures.ts";
export { shredErased } from "./shred.ts";
export { retentionRoutes } from "./routes.ts";
export { retentionAnswers } from "./pack-answers.ts";
