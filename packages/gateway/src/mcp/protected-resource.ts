import type { Compiled } from "../compiled.ts";
import type { Members } from "../surfaces/fields.ts";

export const metadataPrefix = "/.well-known/oauth-protected-resource";

/** RFC 9728 §3: the well-known part stands before the resource's own path. */
export function metadataAddress(compiled: Compiled, server: string): string {
  return `${compiled.snapshot.gatewayUrl}${metadataPrefix}/mcp/${encodeURIComponent(server)}`;
}

/**
 * Who issues tokens for `/mcp/{server}`. It says the same of every name, so that a caller without a key learns of no
 * server.
 */
export function protectedResource(compiled: Compiled, server: string): Members {
  const { gatewayUrl, consoleUrl, accessTokens } = compiled.snapshot;
  return {
    resource: `${gatewayUrl}/mcp/${server}`,
    authorization_servers: [accessTokens?.issuer ?? consoleUrl],
    bearer_methods_supported: ["header"],
    scopes_supported: ["tool.call"],
    dpop_signing_alg_values_supported: ["ES256", "EdDSA"],
    resource_name: "Mandate MCP gateway",
  };
}
