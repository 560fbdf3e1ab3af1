import { createHash } from "node:crypto";
import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";
import { claimedChallenge, creationOptions, enrolmentCommitment, enrolPasskey, everHadPasskey, maxPasskeys, passkeysOf, requestOptions, verifyPersonAssertion } from "../passkeys/index.ts";
import type { Challenges, CreationOptions, Passkey, PasskeyAssertion, PasskeyRegistration, RelyingParty, RequestOptions } from "../passkeys/index.ts";
import { takeReset } from "./passkey-reset.ts";
import { sessionStanding } from "./sessions.ts";

/** A new passkey signs nothing at T2 or above for this long; a first one, enrolled by invitation, at once. */
export const coolingMs = 24 * 3_600_000;

export interface PasskeyDeps {
  readonly relyingParty: RelyingParty;
  readonly challenges: Challenges;
}

/** The person's own session, in which passkeys are managed: a token could be a program's. */
export interface OwnSession {
  readonly personId: string;
  readonly email: string;
  readonly name: string;
  readonly sessionId: string;
}

export interface AddOptions {
  readonly creation: CreationOptions;
  /** Present when an existing passkey has to confirm: its challenge is bound to this very addition. */
  readonly confirmation: RequestOptions | null;
}

const purposeOf = (own: OwnSession): readonly string[] => ["add-passkey", own.personId, own.sessionId];

/** The confirmation signs a hash of the new passkey's challenge: neither answer fits any other addition. */
function confirmationOf(challenge: Uint8Array): Uint8Array {
  return createHash("sha256").update("mandate.add-passkey\0").update(challenge).digest();
}

type Way = { readonly by: "invitation" | "sign-in" | "administrators"; readonly resetId?: string } | { readonly by: "passkey" };

/**
 * How this session may add a passkey. INVARIANT (SPEC 2, People): with one live passkey, only with it; after one was
 * lost, or in a session that somebody else could have opened, only after two administrators agreed.
 * @throws AppError `passkeys.needs_administrators` (403)
 */
async function wayOf(tx: Tx, org: string, own: OwnSession, nowMs: number): Promise<Way> {
  const standing = await sessionStanding(tx, org, own.sessionId);
  const reset = await takeReset(tx, org, own.personId, nowMs);
  if (standing !== undefined && reset !== undefined) return { by: "administrators", resetId: reset };
  if (standing === undefined || standing.minted) throw needsAdministrators();
  const existing = await passkeysOf(tx, org, own.personId);
  if (existing.some((one) => one.blockedAt === null)) return { by: "passkey" };
  if (await everHadPasskey(tx, org, own.personId)) throw needsAdministrators();
  return { by: standing.invitation ? "invitation" : "sign-in" };
}

export async function addOptions(tx: Tx, org: string, deps: PasskeyDeps, own: OwnSession, nowMs: number): Promise<AddOptions> {
  const way = await wayOf(tx, org, own, nowMs);
  const existing = await passkeysOf(tx, org, own.personId);
  const challenge = deps.challenges.issue(purposeOf(own), nowMs);
  return {
    creation: creationOptions(deps.relyingParty, challenge, { id: own.personId, email: own.email, name: own.name }, existing),
    confirmation: way.by === "passkey" ? requestOptions(deps.relyingParty, confirmationOf(challenge), existing.filter((one) => one.blockedAt === null)) : null,
  };
}

export interface Addition {
  readonly name: string;
  readonly registration: PasskeyRegistration;
  readonly confirmation: PasskeyAssertion | null;
}

export async function addPasskey(ctx: CommandContext<Tx>, deps: PasskeyDeps, own: OwnSession, input: Addition): Promise<Passkey> {
  return ctx.transact(async (tx, record) => {
    // One addition of a person at a time, so that two first ones can't both be first.
    await sql`select 1 from people where org = ${ctx.org} and id = ${own.personId} for update`.execute(tx);
    const nowMs = ctx.now();
    const way = await wayOf(tx, ctx.org, own, nowMs);
    const challenge = claimedChallenge(input.registration.response.clientDataJSON);
    await deps.challenges.spend(tx, ctx.org, challenge, purposeOf(own), nowMs);
    if (way.by === "passkey") {
      if (input.confirmation === null) throw needsConfirmation();
      await verifyPersonAssertion(tx, ctx.org, { ...deps.relyingParty, personId: own.personId, challenge: confirmationOf(challenge), assertion: input.confirmation, nowMs });
    }
    const existing = await passkeysOf(tx, ctx.org, own.personId);
    if (existing.length >= maxPasskeys) throw new AppError({ code: "passkeys.too_many", status: 409, message: `A person has at most ${maxPasskeys} passkeys.`, remedies: [{ text: "Remove one that isn't used any more." }] });
    if ("resetId" in way && way.resetId !== undefined) {
      await sql`update passkeys set removed_at = ${new Date(nowMs)} where org = ${ctx.org} and person_id = ${own.personId} and removed_at is null`.execute(tx);
      await sql`update passkey_resets set used_at = ${new Date(nowMs)} where org = ${ctx.org} and id = ${way.resetId}`.execute(tx);
    }
    const passkey = await enrolPasskey(tx, ctx.org, {
      ...deps.relyingParty,
      personId: own.personId,
      challenge,
      registration: input.registration,
      name: input.name,
      addedByWayOf: way.by,
      coolingUntil: way.by === "invitation" ? null : new Date(nowMs + coolingMs),
      nowMs,
      random: ctx.random,
    });
    record({ type: "person", commits: enrolmentCommitment(passkey), payload: { event: "passkey.added", person: own.personId, passkey: passkey.id, name: passkey.name, wayOf: way.by, coolingUntil: passkey.coolingUntil?.toISOString() ?? null, replaced: way.by === "administrators" ? existing.map((one) => one.id) : [] } });
    await tellOfChange(tx, ctx, own.email, `A passkey was added to your account: ${passkey.name}`, [
      `Added ${wayText[way.by]}.`,
      passkey.coolingUntil === null ? "It can sign at once." : `It signs nothing at T2 or above before ${passkey.coolingUntil.toISOString()}.`,
      "If this wasn't you, remove it and tell an administrator now.",
    ]);
    return passkey;
  });
}

const wayText = {
  invitation: "in the session of your invitation",
  "sign-in": "after signing in without a passkey",
  passkey: "with one of your passkeys",
  administrators: "after two administrators agreed to a reset; your earlier passkeys are gone",
} as const;

export async function renamePasskey(ctx: CommandContext<Tx>, own: OwnSession, id: string, name: string): Promise<Passkey> {
  return ctx.transact(async (tx, record) => {
    const passkey = await ownPasskey(tx, ctx.org, own.personId, id);
    await sql`update passkeys set name = ${name} where org = ${ctx.org} and id = ${id}`.execute(tx);
    record({ type: "person", payload: { event: "passkey.renamed", person: own.personId, passkey: id, from: passkey.name, to: name } });
    return { ...passkey, name };
  });
}

/** Removing is safe, so any session of the person may; the sessions it opened end with it. */
export async function removePasskey(ctx: CommandContext<Tx>, own: OwnSession, id: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const passkey = await ownPasskey(tx, ctx.org, own.personId, id);
    const now = new Date(ctx.now());
    await sql`update passkeys set removed_at = ${now} where org = ${ctx.org} and id = ${id}`.execute(tx);
    await sql`update sessions set ended_at = ${now} where org = ${ctx.org} and person_id = ${own.personId} and passkey_id = ${id} and id <> ${own.sessionId} and ended_at is null`.execute(tx);
    record({ type: "person", payload: { event: "passkey.removed", person: own.personId, passkey: id, name: passkey.name } });
    await tellOfChange(tx, ctx, own.email, `A passkey was removed from your account: ${passkey.name}`, ["Sessions it had opened have ended.", "If this wasn't you, tell an administrator now."]);
  });
}

async function ownPasskey(tx: Tx, org: string, personId: string, id: string): Promise<Passkey> {
  const found = (await passkeysOf(tx, org, personId)).find((one) => one.id === id);
  if (found !== undefined) return found;
  throw new AppError({ code: "passkeys.unknown", status: 404, message: "You have no passkey with this id.", remedies: [{ text: "List them under your account.", url: "/account" }] });
}

export async function tellOfChange(tx: Tx, ctx: CommandContext<Tx>, email: string, subject: string, lines: readonly string[]): Promise<void> {
  await notify(tx, ctx, { kind: "passkey.changed", thread: `passkeys-${email}`, system: null, to: [email], subject, lines, path: "/account" });
}

function needsConfirmation(): AppError {
  return new AppError({ code: "passkeys.confirmation", status: 403, message: "Adding a passkey needs one you have already.", remedies: [{ text: "Confirm with a passkey that is listed under your account.", url: "/account" }] });
}

function needsAdministrators(): AppError {
  return new AppError({
    code: "passkeys.needs_administrators",
    status: 403,
    message: "This session can't add a passkey: somebody else could have opened it, or your earlier passkeys are gone.",
    remedies: [{ text: "Sign in with a passkey you have, or ask an administrator for a reset, which a second administrator confirms." }],
  });
}
