import { createHash, createPublicKey, verify } from "node:crypto";
import { verifyRegistrationResponse } from "@simplewebauthn/server";
import { describe, expect, it } from "vitest";
import { SoftPasskey } from "../testing/soft-passkey.ts";
import { spkiOf } from "./public-key.ts";

describe.each(["ES256", "EdDSA", "RS256"] as const)("a %s passkey", (kind) => {
  it("verifies from its SubjectPublicKeyInfo alone, with nothing but a general library", async () => {
    const passkey = new SoftPasskey({ kind });
    const challenge = Buffer.from("one challenge of thirty-two byte").toString("base64url");
    const registration = passkey.create({ challenge, user: { id: "cGVy" } });
    const registered = await verifyRegistrationResponse({
      response: { ...registration, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: passkey.origin,
      expectedRPID: passkey.rpId,
      supportedAlgorithmIDs: [-8, -7, -257],
    });
    const key = createPublicKey({ key: spkiOf(registered.registrationInfo!.credential.publicKey), format: "der", type: "spki" });
    const { response } = passkey.assert(challenge);
    const signed = Buffer.concat([Buffer.from(response.authenticatorData, "base64url"), createHash("sha256").update(Buffer.from(response.clientDataJSON, "base64url")).digest()]);
    const signature = Buffer.from(response.signature, "base64url");
    expect(verify(kind === "EdDSA" ? null : "sha256", signed, key, signature)).toBe(true);
    signed[0]! ^= 1;
    expect(verify(kind === "EdDSA" ? null : "sha256", signed, key, signature)).toBe(false);
  });
});

it("bytes that are no key are an error", () => {
  expect(() => spkiOf(new Uint8Array([0xa1, 0x01, 0x04]))).toThrow(/kind that isn't accepted/);
});
