export { changeCredential, credentialFacts, CredentialMirror, findCredential, issueCredential, listCredentials, revokeCredentialsOf, rotateCredential } from "./credentials.ts";
export type { Credential, CredentialSystem, CredentialVerb, IssuedKey, LookUpSystem, NewCredential } from "./credentials.ts";
export { credentialRoutes } from "./routes.ts";
export { noteCredentialUse } from "./last-used.ts";
export { credentialAnswers } from "./pack-answers.ts";
export { findMachine, listTrusts, registerMachine, remoteKeySources, rotateClient } from "./machines.ts";
export type { IssuedMachine, Machine, NewMachine } from "./machines.ts";
export { keySourceOf, trustCovers } from "./trust.ts";
export type { Trust } from "./trust.ts";
