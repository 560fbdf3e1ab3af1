import { isIP } from "node:net";

/** Whom passkeys are made for. The browser signs both, so a page at another address can't use what it got. */
export interface RelyingParty {
  /** Domain that passkeys are bound to: the host of MANDATE_PUBLIC_URL, else `localhost`. */
  readonly rpId: string;
  /** Exact origins of our pages, port included: another program on this machine's `localhost` isn't us. */
  readonly origins: readonly string[];
}

/** Either whom passkeys are made for, or why none can be. */
export type PasskeySupport = { readonly relyingParty: RelyingParty; readonly off: null } | { readonly relyingParty: null; readonly off: string };

/** @param consoleUrl base of every link (`Configuration.consoleUrl`) */
export function passkeySupport(consoleUrl: string): PasskeySupport {
  const url = new URL(consoleUrl);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) return { relyingParty: null, off: "Passkeys need a name, and this server is asked for by a number. Set MANDATE_PUBLIC_URL to the name people use." };
  // Browsers offer passkeys on secure origins alone; localhost counts as one.
  if (url.protocol !== "https:" && host !== "localhost") return { relyingParty: null, off: "Passkeys need https. Set MANDATE_PUBLIC_URL to an https address." };
  return { relyingParty: { rpId: host, origins: [url.origin] }, off: null };
}

/** Links for another device: only a public address leads there. */
export function phoneLinks(publicUrl: string | null): { readonly on: boolean; readonly why: string | null } {
  if (publicUrl !== null) return { on: true, why: null };
  return { on: false, why: "Links for phones are off: MANDATE_PUBLIC_URL isn't set, and localhost on a phone is the phone." };
}
