export { upkeepGauges, upkeepRoutes } from "./routes.ts";
