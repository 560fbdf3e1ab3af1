export { documentation } from "./documentation.ts";
export type { Documentation } from "./documentation.ts";
