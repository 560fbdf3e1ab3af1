import { AppError } from "@mandate/model";
import type { Role } from "@mandate/model";
import type { Actor } from "../command.ts";

/**
 * Who may call a route: `public` (no identity asked), `signed-in` (any identity), or any of these roles. A route that
 * declares none does not register: forgetting is not an open door.
 */
export type Access = "public" | "signed-in" | readonly Role[];

/** May change the register: everyone but an auditor, who reads and draws samples and changes nothing. */
export const editors = [
  "developer",
  "business-owner",
  "technical-owner",
  "security-reviewer",
  "legal-reviewer",
  "governance-lead",
  "authorizing-official",
  "administrator",
] as const satisfies readonly Role[];

export const administrators = ["administrator"] as const satisfies readonly Role[];

/** May stop a system or a key. Wide on purpose: stopping is safe, and every stop is an entry. */
export const stoppers = ["business-owner", "technical-owner", "security-reviewer", "governance-lead", "authorizing-official", "administrator"] as const satisfies readonly Role[];

/** What `requireAccess` asks of somebody where the system isn't known yet: any of the roles, for whatever system. @throws as it does */
export function requireRoleSomewhere(access: Access, actor: Actor | null): void {
  if (Array.isArray(access) && actor?.scopedRoles?.some((one) => access.includes(one.role)) === true) return;
  requireAccess(access, actor);
}

/** @param system the system that the route acts on, if it is about one @throws AppError `identity.right_missing` (403) naming the right, or `identity.required` (401) */
export function requireAccess(access: Access, actor: Actor | null, system?: string): void {
  if (access === "public") return;
  if (actor === null) throw signInRequired();
  if (access === "signed-in") return;
  if (actor.roles.some((role) => access.includes(role))) return;
  // A role for one unit or system opens what is done to a system it reaches, and nothing else.
  if (system !== undefined && actor.scopedRoles?.some((one) => access.includes(one.role) && one.systems.includes(system)) === true) return;
  throw new AppError({
    code: "identity.right_missing",
    status: 403,
    message: `This needs one of the roles ${access.join(", ")}.`,
    remedies: [{ text: "Ask an administrator for the role, or someone who holds it to do this.", url: "/settings" }],
  });
}

export function signInRequired(): AppError {
  return new AppError({
    code: "identity.required",
    status: 401,
    message: "Nobody is signed in, or the token is not valid any more.",
    remedies: [
      { text: "Send Authorization: Bearer with a token, or sign in to the console.", url: "/sign-in" },
      { text: "Make a sign-in link on the server's machine.", command: "npx mandate login" },
    ],
  });
}
