export { externalCredentialRoutes } from "./routes.ts";
