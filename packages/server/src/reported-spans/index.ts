export { SpanIntake } from "./intake.ts";
export { spansOf } from "./store.ts";
export type { ShownSpan } from "./store.ts";
