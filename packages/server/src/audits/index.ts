export { auditFiles, auditsCovered } from "./pack-files.ts";
export { auditRoutes } from "./routes.ts";
export { enter, readRoom, refuseEndedAuditor } from "./room.ts";
