import { z } from "zod";
import { openValue, sealValue } from "../secrets/index.ts";

/** What a browser carries from the start of a sign-in to its return, sealed: nobody else can read or make one. */
export interface Attempt {
  readonly provider: string;
  readonly state: string;
  readonly nonce: string;
  /** PKCE (RFC 7636). */
  readonly verifier: string;
  /** Set when a signed-in person links an identity rather than signing in. */
  readonly link: { readonly personId: string; readonly sessionId: string } | null;
  readonly endsMs: number;
}

const schema = z.strictObject({
  provider: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  link: z.strictObject({ personId: z.string(), sessionId: z.string() }).nullable(),
  endsMs: z.number(),
});

export const attemptLifetimeMs = 10 * 60_000;

export interface Attempts {
  seal(attempt: Attempt): string;
  /** Undefined when it isn't ours, was changed, or is too old. */
  open(text: string | undefined, nowMs: number): Attempt | undefined;
}

export function createAttempts(masterKey: Uint8Array, org: string, random: (bytes: Uint8Array) => Uint8Array): Attempts {
  const context = JSON.stringify(["mandate.oidc-attempt/1", org]);
  return {
    seal(attempt) {
      const { wrappedKey, ciphertext } = sealValue(masterKey, JSON.stringify(attempt), context, random);
      return `${Buffer.from(wrappedKey).toString("base64url")}.${Buffer.from(ciphertext).toString("base64url")}`;
    },
    open(text, nowMs) {
      const [wrapped, ciphertext, more] = (text ?? "").split(".");
      if (!wrapped || !ciphertext || more !== undefined) return undefined;
      try {
        const plain = openValue(masterKey, { wrappedKey: Buffer.from(wrapped, "base64url"), ciphertext: Buffer.from(ciphertext, "base64url") }, context);
        const attempt = schema.parse(JSON.parse(plain));
        return attempt.endsMs > nowMs ? attempt : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
