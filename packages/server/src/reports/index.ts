export { reportRoutes } from "./routes.ts";
export { reportAnswers } from "./pack-answers.ts";
