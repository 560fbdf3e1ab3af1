export { keepMonths } from "./keep-months.ts";
export { upkeepGauges, upkeepRoutes } from "./routes.ts";
