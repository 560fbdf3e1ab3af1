import { createPublicKey, verify } from "node:crypto";
import type { SystemFacts } from "@mandate/model";
import { type Refusal, refuse } from "../http/refusal.ts";
import { isMembers, type Members } from "../surfaces/fields.ts";
import type { IssuerKeys } from "../options.ts";

const digests: Readonly<Record<string, { kty: string; hash: string | null; ecdsa: boolean }>> = {
  RS256: { kty: "RSA", hash: "sha256", ecdsa: false },
  ES256: { kty: "EC", hash: "sha256", ecdsa: true },
  EdDSA: { kty: "OKP", hash: null, ecdsa: false },
};

const leewaySeconds = 30;

export interface User {
  readonly subject: string;
  /** The claims that the system's register entry lists, and no other. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * The person behind a call (RFC 7519, RFC 8725): a JWT of one of the system's issuers. Anything that can't be verified
 * is refused rather than ignored: dropping it would turn a rule about this user into a rule about nobody.
 */
export function verifyUser(
  token: string | undefined,
  system: SystemFacts,
  nowSeconds: number,
  issuerKeys: IssuerKeys,
): { user: User | null } | { refusal: Refusal } {
  if (token === undefined || token === "") return { user: null };
  const refused = (why: string) => ({
    refusal: refuse(
      "not_authorized",
      `The user's token was not accepted: ${why}.`,
      "Send a current token of one of the system's issuers, or none.",
      "x-mandate-user",
    ),
  });
  const parts = token.split(".");
  if (parts.length !== 3 || token.length > 8_192) return refused("it is not a signed JWT");
  const header = decode(parts[0]!);
  const claims = decode(parts[1]!);
  if (header === undefined || claims === undefined) return refused("it can't be read");
  const issuer = typeof claims.iss === "string" ? claims.iss : "";
  if (system.session.user !== "token" || !system.session.issuers.includes(issuer))
    return refused("its issuer is not one of the system's");
  const algorithm =
    typeof header.alg === "string" && Object.hasOwn(digests, header.alg) ? digests[header.alg]! : undefined;
  if (algorithm === undefined || header.crit !== undefined) return refused("its algorithm is not accepted");
  const keys = issuerKeys(issuer);
  if (keys === undefined) return refused("this gateway does not hold its issuer's keys");
  // The key's type is fixed by the algorithm, so an RSA key is never used as something else's.
  const candidates = keys.filter(
    (jwk) => jwk.kty === algorithm.kty && (header.kid === undefined || jwk.kid === header.kid),
  );
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
  const signature = Buffer.from(parts[2]!, "base64url");
  const good = candidates.some((jwk) => {
    try {
      const key = createPublicKey({ key: jwk, format: "jwk" });
      return verify(algorithm.hash, signed, algorithm.ecdsa ? { key, dsaEncoding: "ieee-p1363" } : key, signature);
    } catch {
      return false;
    }
  });
  if (!good) return refused("its signature does not hold");
  if (typeof claims.exp !== "number" || claims.exp + leewaySeconds <= nowSeconds)
    return refused("it has passed its end");
  if (typeof claims.nbf === "number" && claims.nbf - leewaySeconds > nowSeconds) return refused("it is not valid yet");
  const kept: Record<string, unknown> = {};
  for (const name of system.session.claims)
    if (Object.hasOwn(claims, name) && claims[name] !== null && claims[name] !== "") kept[name] = claims[name];
  return { user: { subject: `${issuer}#${String(claims.sub ?? "")}`, claims: kept } };
}

function decode(part: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
