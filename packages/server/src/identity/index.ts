export { deactivatePerson, findPerson, inviteMissing, isApproving, listPeople, personById, putPerson, someoneAdministers } from "./people.ts";
export type { AskForRoles, NewPerson, Person } from "./people.ts";
export { createSignInLink, createToken, endSession, openSession, recogniseSession, recogniseToken } from "./sign-in.ts";
export { bootstrapActor, createAuthenticate } from "./authenticate.ts";
export { askHoldersForRoles, roleGrantEffect } from "./role-question.ts";
export { noteBootstrapStart } from "./bootstrap.ts";
export { identityRoutes, signInUrl } from "./routes.ts";
export { firstPersonEmail, inviteFirstPerson } from "./first-person.ts";
export type { FirstPerson } from "./first-person.ts";
