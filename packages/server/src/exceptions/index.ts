export { exceptionAnswers } from "./pack-answers.ts";
export { exceptionDecided, rulesFor } from "./request.ts";
export type { ExceptionPorts } from "./request.ts";
export { exceptionReminders, reminderDue } from "./remind.ts";
export { exceptionRoutes } from "./routes.ts";
export { exceptionsInForce, readExceptions } from "./store.ts";
export type { Exception } from "./store.ts";
export { withExceptions } from "./facts.ts";
