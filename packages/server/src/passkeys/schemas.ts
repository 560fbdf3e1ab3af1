import { z } from "zod";

const base64url = (max: number) => z.string().min(1).max(max).regex(/^[A-Za-z0-9_-]+$/, "is not base64url");
const credential = {
  id: base64url(1400),
  rawId: base64url(1400),
  type: z.literal("public-key"),
  authenticatorAttachment: z.enum(["platform", "cross-platform"]).optional(),
  // Nothing of it is used; browsers send it.
  clientExtensionResults: z.record(z.string().max(100), z.unknown()).optional(),
};

/** AuthenticationResponseJSON (WebAuthn Level 3 §5.1.8): what `navigator.credentials.get()` gives. All binary is base64url. */
export const assertionSchema = z.object({
  ...credential,
  response: z.object({ clientDataJSON: base64url(4000), authenticatorData: base64url(4000), signature: base64url(2000), userHandle: base64url(100).nullish() }),
});
export type PasskeyAssertion = z.infer<typeof assertionSchema>;

/** RegistrationResponseJSON: what `navigator.credentials.create()` gives. */
export const registrationSchema = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(4000),
    attestationObject: base64url(20_000),
    transports: z.array(z.string().regex(/^[a-z-]{1,20}$/)).max(10).optional(),
  }),
});
export type PasskeyRegistration = z.infer<typeof registrationSchema>;

const descriptor = z.object({ id: z.string(), type: z.literal("public-key"), transports: z.array(z.string()).readonly().optional() });

/** PublicKeyCredentialRequestOptionsJSON, for `PublicKeyCredential.parseRequestOptionsFromJSON`. */
export const requestOptionsSchema = z.object({
  challenge: z.string(),
  rpId: z.string(),
  timeout: z.number(),
  userVerification: z.literal("required"),
  allowCredentials: z.array(descriptor).readonly(),
});
export type RequestOptions = z.infer<typeof requestOptionsSchema>;

/** PublicKeyCredentialCreationOptionsJSON, for `PublicKeyCredential.parseCreationOptionsFromJSON`. */
export const creationOptionsSchema = z.object({
  challenge: z.string(),
  rp: z.object({ id: z.string(), name: z.string() }),
  user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
  pubKeyCredParams: z.array(z.object({ type: z.literal("public-key"), alg: z.number() })).readonly(),
  timeout: z.number(),
  attestation: z.literal("none"),
  authenticatorSelection: z.object({ residentKey: z.literal("required"), requireResidentKey: z.literal(true), userVerification: z.literal("required") }),
  excludeCredentials: z.array(descriptor).readonly(),
});
export type CreationOptions = z.infer<typeof creationOptionsSchema>;
