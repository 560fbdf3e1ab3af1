import { AppError } from "@mandate/model";
import { verifyAuthenticationResponse } from "@simplewebauthn/server";
import type { Tx } from "../database/index.ts";
import type { RelyingParty } from "./relying-party.ts";
import type { PasskeyAssertion } from "./schemas.ts";
import { lockPasskey, noteUse } from "./store.ts";
import type { Passkey } from "./store.ts";

/** A passkey's signature as the evidence keeps it (INTERFACE, Approvals); whoever records it adds person and role. All binary base64url. */
export interface PasskeySignature {
  readonly kind: "webauthn";
  readonly credentialId: string;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: string;
  readonly authenticatorData: string;
  readonly clientDataJSON: string;
  readonly signature: string;
  readonly rpId: string;
  readonly origin: string;
}

export interface VerifiedAssertion {
  readonly passkey: Passkey;
  readonly signature: PasskeySignature;
  /** Until then this passkey signs nothing at T2 or above (SPEC 2, People); null when it may. The caller compares. */
  readonly coolingUntil: Date | null;
}

export interface AssertionToVerify extends RelyingParty {
  /** Whose passkey it must be; null when the passkey itself says who signs in. */
  readonly personId: string | null;
  /** The exact bytes that were to be signed, for an approval its statement's 32-byte digest. */
  readonly challenge: Uint8Array;
  readonly assertion: PasskeyAssertion;
  readonly nowMs: number;
}

/**
 * Verifies a passkey's signature (WebAuthn Level 3 §7.2) over exactly this challenge, with the person verified by the
 * authenticator, and moves its counter on in the caller's transaction.
 * INVARIANT: one passkey answers one person; a counter that doesn't grow means that two authenticators hold one key.
 * @throws AppError `passkeys.assertion` (403), or `passkeys.counter` (403): hand either to `noteRefusedAssertion`
 */
export async function verifyPersonAssertion(tx: Tx, org: string, input: AssertionToVerify): Promise<VerifiedAssertion> {
  const { assertion, challenge } = input;
  const passkey = await lockPasskey(tx, org, assertion.id);
  // One answer for unknown, foreign and removed: whose passkey an id belongs to is nobody else's business.
  if (passkey === undefined || passkey.removedAt !== null || (input.personId !== null && passkey.personId !== input.personId)) throw refused("no live passkey of this person");
  if (passkey.blockedAt !== null) throw cloned(passkey, "blocked earlier");
  const expected = Buffer.from(challenge).toString("base64url");
  let verified;
  try {
    // Framed by another site a person may sign what that site shows around us.
    if (saysCrossOrigin(assertion.response.clientDataJSON)) throw new Error("signed inside another site's page");
    verified = await verifyAuthenticationResponse({
      response: { ...assertion, response: { ...assertion.response, userHandle: assertion.response.userHandle ?? undefined }, clientExtensionResults: {} },
      expectedChallenge: expected,
      expectedOrigin: [...input.origins],
      expectedRPID: input.rpId,
      // The counter is compared below, where its failure can be told from any other.
      credential: { id: passkey.credentialId, publicKey: passkey.publicKeyCose, counter: 0 },
      requireUserVerification: true,
    });
  } catch (cause) {
    throw refused(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!verified.verified) throw refused("signature doesn't verify");
  const { newCounter, origin, credentialBackedUp } = verified.authenticationInfo;
  // §7.2 step 22. Zero for ever is a passkey that syncs; anything else only grows.
  if ((newCounter !== 0 || passkey.signCount !== 0) && newCounter <= passkey.signCount) throw cloned(passkey, `counter ${newCounter} after ${passkey.signCount}`);
  await noteUse(tx, org, passkey.id, { signCount: newCounter, backedUp: credentialBackedUp, at: new Date(input.nowMs) });
  return {
    passkey,
    coolingUntil: passkey.coolingUntil !== null && passkey.coolingUntil.getTime() > input.nowMs ? passkey.coolingUntil : null,
    signature: {
      kind: "webauthn",
      credentialId: passkey.credentialId,
      publicKey: Buffer.from(passkey.publicKeySpki).toString("base64url"),
      authenticatorData: assertion.response.authenticatorData,
      clientDataJSON: assertion.response.clientDataJSON,
      signature: assertion.response.signature,
      rpId: input.rpId,
      origin,
    },
  };
}

function saysCrossOrigin(clientDataJSON: string): boolean {
  const data: unknown = JSON.parse(Buffer.from(clientDataJSON, "base64url").toString("utf8"));
  return typeof data === "object" && data !== null && "crossOrigin" in data && data.crossOrigin === true;
}

function refused(internal: string, cause?: unknown): AppError {
  return new AppError({
    code: "passkeys.assertion",
    status: 403,
    message: "The passkey's signature doesn't fit: another passkey, another page, or an answer given before. Nothing was changed.",
    internal,
    remedies: [{ text: "Load the page again and use a passkey that is listed under your account.", url: "/account" }],
    ...(cause === undefined ? {} : { cause }),
  });
}

function cloned(passkey: Passkey, internal: string): AppError {
  return new AppError({
    code: "passkeys.counter",
    status: 403,
    message: "This passkey's counter went backward, so a copy of it may exist. It is blocked.",
    internal: `passkey ${passkey.id}: ${internal}`,
    remedies: [{ text: "Use another passkey and remove this one, or ask two administrators for a reset.", url: "/account" }],
  });
}
