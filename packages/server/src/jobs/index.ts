export { startJobs } from "./jobs.ts";
export type { Job, RunningJobs } from "./jobs.ts";
