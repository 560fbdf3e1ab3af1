import type { CredentialFacts, RegisterFacts } from "@mandate/model";
import type { AccessTokenRules } from "./auth/access-token.ts";
import type { Jwk } from "./auth/jws.ts";

/**
 * Everything a gateway enforces, immutable and versioned. The control plane publishes a whole one; the gateway compiles
 * it and swaps a single reference, so a call sees one version from first to last byte.
 * Holds provider secrets in clear for this process alone: never log, serialise or trace it.
 */
export interface Snapshot {
  /** Register version, rising by at least one with each change of state. */
  readonly version: number;
  readonly organization: { readonly id: string; readonly name: string };
  readonly facts: RegisterFacts;
  readonly credentials: readonly CredentialFacts[];
  readonly secrets: readonly UpstreamSecret[];
  /** Key-encryption keys by system, current month; `null` system is for entries that concern none. */
  readonly sealingKeys: readonly SealingKey[];
  /** Signs session tokens, the same at each gateway: labels follow the caller from one to the other. Absent: each its own. */
  readonly sessionKey?: Uint8Array;
  /** Hides whose content an entry is; see `subjectTag`. Absent: entries name nobody. */
  readonly subjectKey?: Uint8Array;
  /** Hex SHA-256 under which the control plane keeps `facts`: what a replay recomputes with. */
  readonly factsDigest?: string;
  /** Outbound ranges an administrator allowed: CIDR or host:port. */
  readonly outboundAllow: readonly string[];
  /** Command lines, word for word, that an administrator allows MCP servers to be; absent or empty: none. */
  readonly mcpCommands?: readonly (readonly string[])[];
  /** Base of links in refusals, for example `http://localhost:4600`. */
  readonly consoleUrl: string;
  /** Where gateways are reached, for their own metadata. */
  readonly gatewayUrl: string;
  /** Absent: no access token is accepted. */
  readonly accessTokens?: AccessTokenRules;
  /** Keys of those who vouch for people, fetched by the control plane; absent issuers' tokens are refused. */
  readonly issuerKeys?: readonly IssuerKeySet[];
}

export interface IssuerKeySet {
  readonly issuer: string;
  readonly keys: readonly Jwk[];
  /** Epoch seconds: keys last confirmed too long ago no longer count, whoever holds them now. */
  readonly until: number;
}

export interface UpstreamSecret {
  readonly name: string;
  readonly value: string;
  /** `host` or `host:port`: the only hosts it may be sent to. */
  readonly hosts: readonly string[];
}

export interface SealingKey {
  readonly kid: string;
  readonly system: string | null;
  readonly key: Uint8Array;
}
