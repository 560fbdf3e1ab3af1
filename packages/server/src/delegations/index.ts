export { delegationRoutes } from "./routes.ts";
export { activeDelegations, createDelegation, delegationSigned, endDelegation, listDelegations, maxDelegationDays } from "./delegations.ts";
export type { AskToSign, Delegation } from "./delegations.ts";
export { endDelegationsOf } from "./leave.ts";
