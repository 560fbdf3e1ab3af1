export { verifyPersonAssertion } from "./verify.ts";
export type { AssertionToVerify, PasskeySignature, VerifiedAssertion } from "./verify.ts";
export { noteRefusedAssertion } from "./refused.ts";
export { passkeySupport, phoneLinks } from "./relying-party.ts";
export type { PasskeySupport, RelyingParty } from "./relying-party.ts";
export { assertionSchema, creationOptionsSchema, registrationSchema, requestOptionsSchema } from "./schemas.ts";
export type { CreationOptions, PasskeyAssertion, PasskeyRegistration, RequestOptions } from "./schemas.ts";
export { everHadPasskey, passkeysOf } from "./store.ts";
export type { Passkey } from "./store.ts";
