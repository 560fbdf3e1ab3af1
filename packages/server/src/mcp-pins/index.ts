export { askServer } from "./ask-server.ts";
export { OfferQueue } from "./offer-queue.ts";
export { mcpPinRoutes } from "./routes.ts";
