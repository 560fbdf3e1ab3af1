import type { SystemFacts } from "@mandate/model";
import type { CompiledIssuerKeys } from "../compiled.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import { leewaySeconds, readJws, signedByOneOf } from "./jws.ts";

const maxLength = 8_192;

export interface User {
  readonly subject: string;
  /** The claims that the system's register entry lists, and no other. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * The person behind a call: a JWT of one of the system's issuers. Anything that can't be verified is refused rather than
 * ignored: dropping it would turn a rule about this user into a rule about nobody.
 * @param delegated the user that the access token itself acts for; the header may not name another
 */
export function verifyUser(
  token: string | undefined,
  system: SystemFacts,
  nowSeconds: number,
  issuerKeys: ReadonlyMap<string, CompiledIssuerKeys>,
  delegated: User | null = null,
): { user: User | null } | { refusal: Refusal } {
  if (token === undefined || token === "") return { user: delegated };
  const refused = (why: string) => ({
    refusal: refuse(
      "not_authorized",
      `The user's token was not accepted: ${why}.`,
      "Send a current token of one of the system's issuers, or none.",
      "x-mandate-user",
    ),
  });
  const read = readUserToken(token, system, nowSeconds, issuerKeys);
  if ("why" in read) return refused(read.why);
  if (delegated !== null && delegated.subject !== read.user.subject)
    return refused("the access token acts for another user");
  return { user: read.user };
}

/** RFC 7519 under RFC 8725. `why` completes "was not accepted:" and holds nothing of the token. */
export function readUserToken(
  token: string,
  system: Pick<SystemFacts, "session">,
  nowSeconds: number,
  issuerKeys: ReadonlyMap<string, CompiledIssuerKeys>,
): { readonly user: User; readonly expiresAt: number } | { readonly why: string } {
  const { session } = system;
  const jws = readJws(token, maxLength);
  if (jws === undefined) return { why: "it is not a signed JWT that can be read" };
  const { claims } = jws;
  const issuer = typeof claims.iss === "string" ? claims.iss : "";
  if (session.user !== "token" || !session.issuers.includes(issuer))
    return { why: "its issuer is not one of the system's" };
  // Another JWT of ours or of the issuer's (RFC 8725 §3.11): a proof of a key says nothing of a person.
  if (jws.header.typ === "dpop+jwt") return { why: "it is another kind of token" };
  const held = issuerKeys.get(issuer);
  if (held === undefined || held.until <= nowSeconds)
    return { why: "this gateway does not hold current keys of its issuer" };
  if (!signedByOneOf(jws, held.keys)) return { why: "its signature does not hold" };
  if (typeof claims.exp !== "number" || claims.exp + leewaySeconds <= nowSeconds)
    return { why: "it has passed its end" };
  if (claims.nbf !== undefined && (typeof claims.nbf !== "number" || claims.nbf - leewaySeconds > nowSeconds))
    return { why: "it is not valid yet" };
  const audiences = session.audiences ?? [];
  const named: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  if (audiences.length > 0 && !named.some((one) => typeof one === "string" && audiences.includes(one)))
    return { why: "it is for another audience" };
  const kept: Record<string, unknown> = {};
  for (const name of session.claims)
    if (Object.hasOwn(claims, name) && claims[name] !== null && claims[name] !== "") kept[name] = claims[name];
  return { user: { subject: `${issuer}#${String(claims.sub ?? "")}`, claims: kept }, expiresAt: claims.exp };
}
