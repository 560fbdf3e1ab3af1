export { delegationRoutes } from "./routes.ts";
export { activeDelegations, delegationSigned } from "./delegations.ts";
export type { AskToSign } from "./delegations.ts";
export { endDelegationsOf } from "./leave.ts";
export { delegationAnswers } from "./pack-answers.ts";
