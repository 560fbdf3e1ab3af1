export { conditionSchema, parseConditions } from "./condition.ts";
export type { Condition } from "./condition.ts";
export { conditionStates } from "./dues.ts";
export type { Conditioned, ConditionState } from "./dues.ts";
export { watchConditions } from "./watch.ts";
