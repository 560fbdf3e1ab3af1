import type { UpstreamSecret } from "@mandate/gateway";
import { pemCertificates } from "./settings.ts";
import type { StreamSettings } from "./settings.ts";

/** What a TLS socket is made with, beside the host. */
export interface TlsParts {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * INVARIANT (G8): a secret goes only to the hosts it was sealed for; a private key stays here, and is used with them alone.
 * @param host `host:port` @throws Error
 */
export function secretFor(name: string, { host, hostname }: { readonly host: string; readonly hostname: string }, secrets: readonly UpstreamSecret[]): string {
  const found = secrets.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the secret ${name} isn't there`);
  if (found.hosts.includes(host) || found.hosts.includes(hostname)) return found.value;
  throw new Error(`the secret ${name} isn't sealed for ${host}`);
}

/** @throws Error where the key isn't there, isn't sealed for the host or is no key */
export function tlsParts({ ca, certificate, key }: Pick<StreamSettings, "ca" | "certificate" | "key">, at: { readonly host: string; readonly hostname: string }, secrets: readonly UpstreamSecret[]): TlsParts {
  return {
    ...(ca === undefined ? {} : { ca: (pemCertificates(ca) ?? []).join("\n") }),
    ...(certificate === undefined || key === undefined ? {} : { cert: (pemCertificates(certificate) ?? []).join("\n"), key: pemKey(key, secretFor(key, at, secrets)) }),
  };
}

/** A secret is one line, so a key comes as the inside of its PEM. */
function pemKey(name: string, value: string): string {
  if (!/^[A-Za-z0-9+/]{40,}={0,2}$/.test(value)) throw new Error(`the secret ${name} is no private key: PKCS #8 as base64 in one line`);
  return `-----BEGIN PRIVATE KEY-----\n${value.replaceAll(/.{64}/g, "$&\n")}\n-----END PRIVATE KEY-----\n`;
}
