import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api.ts";

export interface SignInProvider {
  readonly name: string;
  readonly title: string;
}

export interface Provider extends SignInProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly trustEmail: boolean;
  readonly redirectUri: string;
}

export interface OwnIdentity {
  readonly id: string;
  readonly issuer: string;
  readonly linkedBy: string;
  readonly linkedAt: string;
}

export const signInProviders = queryOptions({
  queryKey: ["sign-in-providers"],
  staleTime: 60_000,
  queryFn: async ({ signal }) =>
    (
      await client.request<{ items: readonly SignInProvider[] }>("GET", "/api/v1/session/providers", undefined, {
        signal,
      })
    ).items,
});

export const providers = queryOptions({
  queryKey: ["setting", "identity-providers"],
  queryFn: async ({ signal }) => (await client.list<Provider>("identity-providers", {}, { signal })).items,
});

export const ownIdentities = queryOptions({
  queryKey: ["account", "identities"],
  queryFn: async ({ signal }) =>
    (
      await client.request<{ items: readonly OwnIdentity[] }>("GET", "/api/v1/account/identities", undefined, {
        signal,
      })
    ).items,
});

/** Where the browser goes to sign in there; with `link` to tie that identity to whoever is signed in here. */
export const startAt = (name: string, link = false): string =>
  `/api/v1/session/oidc/${encodeURIComponent(name)}/start${link ? "?link=1" : ""}`;
