import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { claimedChallenge, requestOptions, verifyPersonAssertion } from "../passkeys/index.ts";
import type { PasskeyAssertion, RequestOptions } from "../passkeys/index.ts";
import type { PasskeyDeps } from "./own-passkeys.ts";
import { startSession } from "./sessions.ts";
import type { OpenedSession } from "./sessions.ts";

const purpose = ["sign-in"];

/** No e-mail is asked and no passkey is named, so the answer tells nobody who exists here. */
export function signInOptions(deps: PasskeyDeps, nowMs: number): RequestOptions {
  return requestOptions(deps.relyingParty, deps.challenges.issue(purpose, nowMs), []);
}

export async function signInWithPasskey(ctx: CommandContext<Tx>, deps: PasskeyDeps, assertion: PasskeyAssertion, browser: string): Promise<OpenedSession> {
  return ctx.transact(async (tx, record) => {
    const challenge = claimedChallenge(assertion.response.clientDataJSON);
    await deps.challenges.spend(tx, ctx.org, challenge, purpose, ctx.now());
    const { passkey, coolingUntil } = await verifyPersonAssertion(tx, ctx.org, { ...deps.relyingParty, personId: null, challenge, assertion, nowMs: ctx.now() });
    return startSession(tx, ctx, record, { personId: passkey.personId, openedBy: "passkey", minted: false, invitation: false, passkeyId: passkey.id, coolingUntil, browser });
  });
}
