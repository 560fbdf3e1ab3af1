export { createAttempts } from "./attempt.ts";
export { linkIdentity } from "./identities.ts";
export { createOidcClient } from "./oidc.ts";
export { callbackPath, federationRoutes } from "./routes.ts";
