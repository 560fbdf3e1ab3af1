import { createHash } from "node:crypto";
import { canonicalBytes } from "@mandate/ledger";
import { AppError, newId } from "@mandate/model";
import { verifyRegistrationResponse } from "@simplewebauthn/server";
import { decodeAttestationObject } from "@simplewebauthn/server/helpers";
import { isUniqueViolation } from "../database/index.ts";
import type { Tx } from "../database/index.ts";
import { acceptedAlgorithms, spkiOf } from "./public-key.ts";
import type { RelyingParty } from "./relying-party.ts";
import type { CreationOptions, PasskeyRegistration, RequestOptions } from "./schemas.ts";
import { insertPasskey } from "./store.ts";
import type { Passkey } from "./store.ts";

/** More serve nobody and would make every sign-in look longer. */
export const maxPasskeys = 20;

const timeoutMs = 120_000;

const descriptorOf = (one: Passkey): { id: string; type: "public-key"; transports: readonly string[] } => ({ id: one.credentialId, type: "public-key", transports: one.transports });

export function requestOptions(rp: RelyingParty, challenge: Uint8Array, allowed: readonly Passkey[]): RequestOptions {
  return { challenge: Buffer.from(challenge).toString("base64url"), rpId: rp.rpId, timeout: timeoutMs, userVerification: "required", allowCredentials: allowed.map(descriptorOf) };
}

/** Discoverable and with user verification: the passkey alone then says and proves who signs in. */
export function creationOptions(rp: RelyingParty, challenge: Uint8Array, person: { readonly id: string; readonly email: string; readonly name: string }, existing: readonly Passkey[]): CreationOptions {
  return {
    challenge: Buffer.from(challenge).toString("base64url"),
    rp: { id: rp.rpId, name: "Mandate" },
    user: { id: Buffer.from(person.id).toString("base64url"), name: person.email, displayName: person.name },
    pubKeyCredParams: acceptedAlgorithms.map((alg) => ({ type: "public-key", alg })),
    timeout: timeoutMs,
    attestation: "none",
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    excludeCredentials: existing.map(descriptorOf),
  };
}

export interface Enrolment extends RelyingParty {
  readonly personId: string;
  readonly challenge: Uint8Array;
  readonly registration: PasskeyRegistration;
  readonly name: string;
  readonly addedByWayOf: Passkey["addedByWayOf"];
  readonly coolingUntil: Date | null;
  readonly nowMs: number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
}

/** Verifies a new passkey (WebAuthn Level 3 §7.1) and stores it. Who may add one is the caller's question. @throws AppError `passkeys.registration` (400) */
export async function enrolPasskey(tx: Tx, org: string, input: Enrolment): Promise<Passkey> {
  const { registration } = input;
  let verified;
  try {
    requireNoCertificates(registration.response.attestationObject);
    verified = await verifyRegistrationResponse({
      response: { ...registration, clientExtensionResults: {} },
      expectedChallenge: Buffer.from(input.challenge).toString("base64url"),
      expectedOrigin: [...input.origins],
      expectedRPID: input.rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...acceptedAlgorithms],
    });
  } catch (cause) {
    throw refused(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!verified.verified) throw refused("attestation doesn't verify");
  const { credential, credentialDeviceType, credentialBackedUp } = verified.registrationInfo;
  const passkey: Passkey = {
    id: newId("passkey", input.nowMs, input.random),
    personId: input.personId,
    credentialId: credential.id,
    publicKeyCose: credential.publicKey,
    publicKeySpki: new Uint8Array(spkiOf(credential.publicKey)),
    rpId: input.rpId,
    signCount: credential.counter,
    name: input.name,
    transports: registration.response.transports ?? [],
    deviceType: credentialDeviceType,
    backedUp: credentialBackedUp,
    addedByWayOf: input.addedByWayOf,
    coolingUntil: input.coolingUntil,
    createdAt: new Date(input.nowMs),
    lastUsedAt: null,
    blockedAt: null,
    removedAt: null,
  };
  await insertPasskey(tx, org, passkey).catch((error: unknown) => {
    throw isUniqueViolation(error) ? refused("credential id is enrolled already") : error;
  });
  return passkey;
}

/**
 * Hex SHA-256 for the header of the entry that says whose passkey this is: whoever verifies a pack finds the key of a
 * signature there, so that no key can be passed off as a person's. A public key is no low-entropy input.
 */
export function enrolmentCommitment(passkey: Pick<Passkey, "credentialId" | "personId" | "publicKeySpki">): string {
  const { credentialId, personId, publicKeySpki } = passkey;
  return createHash("sha256").update(canonicalBytes({ credentialId, personId, publicKey: Buffer.from(publicKeySpki).toString("base64url") })).digest("hex");
}

/** A certificate chain would make the verifier fetch revocation lists from addresses that the sender chose. */
function requireNoCertificates(attestationObject: string): void {
  const object = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, "base64url")));
  const format = object.get("fmt");
  if (format === "none" || (format === "packed" && object.get("attStmt").get("x5c") === undefined)) return;
  throw new Error(`attestation \`${String(format)}\` wasn't asked for`);
}

function refused(internal: string, cause?: unknown): AppError {
  return new AppError({
    code: "passkeys.registration",
    status: 400,
    message: "This passkey couldn't be added: it was made for another page, isn't protected by a PIN or biometrics, or is listed already.",
    internal,
    remedies: [{ text: "Load the page again and choose a passkey that asks for a PIN, face or fingerprint." }],
    ...(cause === undefined ? {} : { cause }),
  });
}
