import { AppError } from "@mandate/model";
import type { Actor } from "./command.ts";

/**
 * For what decides without a question of its own: naming a delegate, linking another way in, accepting a risk,
 * break-glass. Whoever put a new passkey or password on somebody's account does none of it as that person for a day.
 * @throws AppError `identity.sign_in_cooling` (403)
 */
export function refuseCooling(actor: Actor): void {
  if (actor.coolingUntil === undefined) return;
  throw new AppError({
    code: "identity.sign_in_cooling",
    status: 403,
    message: `What you signed in with is new, so this waits until ${new Date(actor.coolingUntil).toISOString()}.`,
    remedies: [{ text: "Sign in with a passkey you had before, or wait." }],
  });
}
