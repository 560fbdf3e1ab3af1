export { suspendCredentialsOf } from "./departures.ts";
export { createIssuerKeys } from "./issuer-keys.ts";
export type { IssuerKeys } from "./issuer-keys.ts";
export { machineIdentityRoutes } from "./routes.ts";
export { ensureSigningKey } from "./signing-keys.ts";
export { machineFacts } from "./snapshot.ts";
export { tidyTokens } from "./tidy.ts";
export { createTokenEndpoint } from "./token-endpoint.ts";
export { watchCredentials } from "./watch-use.ts";
