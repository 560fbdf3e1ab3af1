export { endServiceAccountsOf, listServiceAccounts, recogniseServiceToken } from "./accounts.ts";
export type { ServiceAccount } from "./accounts.ts";
export { serviceAccountRoutes } from "./routes.ts";
