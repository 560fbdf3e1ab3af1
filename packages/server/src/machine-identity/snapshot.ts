import type { AccessTokenRules, IssuerKeySet } from "@mandate/gateway";
import type { Tx } from "../database/index.ts";
import { issuerKeySets } from "./issuer-keys.ts";
import { signingJwks } from "./signing-keys.ts";

export interface MachineFacts {
  readonly accessTokens: AccessTokenRules;
  readonly issuerKeys: readonly IssuerKeySet[];
}

/** What gateways need to know machines and people by their tokens without asking anybody. */
export async function machineFacts(tx: Tx, org: string, addresses: { readonly issuer: string; readonly gatewayUrl: string }, sessionIssuers: readonly string[]): Promise<MachineFacts> {
  return {
    // The organization's id, not an address: it stays when the address changes, and no other installation has it.
    accessTokens: { issuer: addresses.issuer, audience: `urn:mandate:gateway:${org}`, keys: await signingJwks(tx, org), origins: [new URL(addresses.gatewayUrl).origin] },
    issuerKeys: await issuerKeySets(tx, org, [...new Set(sessionIssuers)]),
  };
}
