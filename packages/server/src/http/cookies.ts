/** Name of the session cookie. `__Host-` needs TLS, so plain loopback uses the bare name. */
export function sessionCookieName(secure: boolean): string {
  return secure ? "__Host-mandate_session" : "mandate_session";
}

/** Value of one cookie in a Cookie header (RFC 6265 §4.2), or undefined. A name sent twice is refused as absent. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined || header.length > 8192) return undefined;
  const found = header
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`));
  return found.length === 1 ? found[0]!.slice(name.length + 1) : undefined;
}

export function sessionCookie(value: string, secure: boolean, maxAgeSeconds: number): string {
  return `${sessionCookieName(secure)}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure ? "; Secure" : ""}`;
}
