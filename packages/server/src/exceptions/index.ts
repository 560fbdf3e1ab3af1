export { exceptionAnswers } from "./pack-answers.ts";
export { endException, exceptionDecided, requestException } from "./request.ts";
export type { ExceptionPorts, NewException } from "./request.ts";
export { exceptionReminders, reminderDue } from "./remind.ts";
export { exceptionRoutes } from "./routes.ts";
export { exceptionsInForce, readExceptions } from "./store.ts";
export type { Exception } from "./store.ts";
export { withExceptions } from "./facts.ts";
