export { systemVisibility, watchVisibility } from "./gaps.ts";
export type { SystemVisibility } from "./gaps.ts";
export { modelVisibility, visibilityOf, withFullCapture } from "./visibility.ts";
export { visibilityRoutes } from "./routes.ts";
export { visibilityAnswers } from "./pack-answers.ts";
