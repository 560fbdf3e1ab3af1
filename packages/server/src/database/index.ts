export { openDatabase } from "./open.ts";
export type { Database, DatabaseOptions } from "./open.ts";
export type { CoreTables, Queries, Tx } from "./tables.ts";
export type { TransactionOptions } from "./transaction.ts";
export { retrying } from "./transaction.ts";
export { isRetryable, isUnavailable, isUniqueViolation } from "./errors.ts";
export { rowSecurityFaults } from "./row-security.ts";
