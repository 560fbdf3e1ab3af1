export { startDataPlane } from "./data-plane.ts";
export type { DataPlane, DataPlaneOptions } from "./data-plane.ts";
export { accessRequestRoutes } from "./access-requests.ts";
export { asksWithApiToken, authzenRoutes } from "./authzen-routes.ts";
export { createSlots } from "./slots.ts";
