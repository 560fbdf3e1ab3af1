export { inUseRoutes } from "./routes.ts";
export { loadUsers } from "./load-users.ts";
