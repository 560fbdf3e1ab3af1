import { z } from "zod";
import { verificationKey } from "@mandate/gateway";
import { isLoopbackName } from "@mandate/gateway";

/** Public keys as people paste them: bounded, of an accepted algorithm, never with a private half. */
export const publicJwk = z
  .record(z.string().max(64), z.unknown())
  .refine((jwk) => JSON.stringify(jwk).length <= 4096, "is longer than a public key")
  .refine((jwk) => jwk["d"] === undefined && jwk["k"] === undefined, "holds a private key: register the public half, and replace this key, since it was sent")
  .refine((jwk) => verificationKey(jwk) !== undefined, "is no public key for ES256, EdDSA or RS256 of 2048 bits or more");

/** https, or this machine itself: keys fetched in the clear could be anybody's. */
export const keyAddress = z.string().max(2000).refine((text) => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (url.protocol === "https:" || (url.protocol === "http:" && isLoopbackName(url.hostname))) && url.username === "" && url.hash === "";
}, "is not an https address");

const issuer = z.string().max(2000).refine((text) => keyAddress.safeParse(text).success || /^spiffe:\/\/[a-z0-9._-]{1,255}$/.test(text), "is neither an https issuer nor a SPIFFE trust domain (spiffe://domain)");

const maxStars = 4;
const minLiteral = 6;
/**
 * A value to the letter, or with `*` for one segment (no `:` and no `/`). `repo:halden/*` would otherwise be everybody's
 * who can create a repository with a slash in the right place.
 */
const condition = z.string().min(1).max(500).refine((text) => text.split("*").length - 1 <= maxStars && text.replaceAll("*", "").length >= Math.min(minLiteral, text.length) && !text.startsWith("*"), `begins with * or leaves too little fixed (at most ${maxStars} *, ${minLiteral} fixed characters)`);

export const trustSchema = z.strictObject({
  issuer,
  audience: z.string().min(1).max(500),
  /** Absent: found by the issuer's discovery document. */
  jwks: z.strictObject({ keys: z.array(publicJwk).min(1).max(20) }).optional(),
  jwksUri: keyAddress.optional(),
  conditions: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_.:/-]{0,127}$/), condition)
    .refine((conditions) => conditions["sub"] !== undefined, "names no `sub`: whoever the issuer vouches for would be this system")
    .refine((conditions) => Object.keys(conditions).length <= 20, "has more than 20 conditions"),
}).refine((trust) => !trust.issuer.startsWith("spiffe://") || trust.jwks !== undefined || trust.jwksUri !== undefined, "a SPIFFE trust domain needs its bundle: jwks or jwksUri");
export type Trust = z.infer<typeof trustSchema>;

/** Where the keys of a trust come from: `null` when they were given with it. */
export function keySourceOf(trust: Trust): string | null {
  if (trust.jwks !== undefined) return null;
  return trust.jwksUri === undefined ? trust.issuer : `jwks:${trust.jwksUri}`;
}

/** Whether the token's own words fit; its signature and time are checked elsewhere. */
export function trustCovers(trust: Trust, claims: Readonly<Record<string, unknown>>): boolean {
  const { iss, sub, aud } = claims;
  if (typeof sub !== "string") return false;
  // A JWT-SVID names its issuer by the trust domain of its subject (SPIFFE JWT-SVID §3).
  if (trust.issuer.startsWith("spiffe://") ? !sub.startsWith(`${trust.issuer}/`) : iss !== trust.issuer) return false;
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!named.includes(trust.audience)) return false;
  return Object.entries(trust.conditions).every(([name, pattern]) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return (typeof value === "string" || typeof value === "number" || typeof value === "boolean") && fits(pattern, String(value));
  });
}

/** Segment by segment, without backtracking: it reads claims before their signature is known to hold. */
function fits(pattern: string, value: string): boolean {
  if (value.length > 1000) return false;
  const [wanted, given] = [pattern, value].map((text) => text.split(/([:/])/)) as [string[], string[]];
  return wanted.length === given.length && wanted.every((part, at) => fitsSegment(part, given[at]!));
}

/** Each `*` stands for one character or more; the leftmost place of each piece is as good as any later one. */
function fitsSegment(pattern: string, text: string): boolean {
  const pieces = pattern.split("*");
  const [first = ""] = pieces;
  if (pieces.length === 1) return first === text;
  const last = pieces.at(-1)!;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at + 1);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length > at;
}
