import { AppError } from "@mandate/model";
import { sql } from "kysely";
import { Secret, TOTP } from "otpauth";
import type { CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { RateLimit } from "../http/index.ts";
import { passkeysOf } from "../passkeys/index.ts";
import { openValue, sealValue } from "../secrets/index.ts";
import type { OwnSession } from "./own-passkeys.ts";
import { coolingMs, tellOfChange } from "./own-passkeys.ts";
import { hashPassword, maxPasswordLength, minPasswordLength, passwordFits } from "./password-hash.ts";
import { sessionStanding, startSession } from "./sessions.ts";
import type { OpenedSession } from "./sessions.ts";

/** After so many wrong codes in a row, each beside the right password, the password is known to somebody else. */
export const maxWrongCodes = 5;
const periodSeconds = 30;

interface FallbackRow {
  person_id: string;
  email: string;
  password: string;
  totp_wrapped_key: Buffer;
  totp_ciphertext: Buffer;
  confirmed_at: Date | null;
  last_step: string | null;
  wrong_codes: number;
  blocked_at: Date | null;
  cooling_until: Date;
}

export interface FallbackState {
  readonly set: boolean;
  readonly blocked: boolean;
  readonly coolingUntil: string | null;
}

/** Password and TOTP code: the way in for whoever has no passkey. Weaker, marked so, and never enough at T3. */
export interface Fallback {
  state(tx: Tx, personId: string, nowMs: number): Promise<FallbackState>;
  /** Replaces what was there; it counts once a first code proved that the secret arrived. */
  begin(ctx: CommandContext<Tx>, own: OwnSession, input: { readonly password: string; readonly code: string | null }): Promise<{ secret: string; uri: string }>;
  confirm(ctx: CommandContext<Tx>, own: OwnSession, code: string): Promise<void>;
  remove(ctx: CommandContext<Tx>, own: OwnSession): Promise<void>;
  signIn(ctx: CommandContext<Tx>, input: { readonly email: string; readonly password: string; readonly code: string }, browser: string): Promise<OpenedSession>;
}

export function createFallback(masterKey: Uint8Array, org: string): Fallback {
  const contextOf = (personId: string): string => JSON.stringify(["mandate.totp/1", org, personId]);
  // A session can try codes without the password; by person, because only the person's own session gets here.
  const attempts = new RateLimit(5);

  const read = async (tx: Tx, where: { readonly personId: string } | { readonly email: string }, lock = false): Promise<FallbackRow | undefined> => {
    const chosen = "personId" in where ? sql`f.person_id = ${where.personId}` : sql`p.email = ${where.email.toLowerCase()}`;
    const { rows } = await sql<FallbackRow>`select f.*, p.email from person_passwords f join people p on p.org = f.org and p.id = f.person_id
      where f.org = ${org} and ${chosen} and p.state <> 'deactivated' ${lock ? sql`for update of f` : sql``}`.execute(tx);
    return rows[0];
  };

  /** Step of the code when it is right and newer than any accepted before, else undefined. */
  const stepOf = (row: FallbackRow, code: string, nowMs: number): number | undefined => {
    const secret = openValue(masterKey, { wrappedKey: row.totp_wrapped_key, ciphertext: row.totp_ciphertext }, contextOf(row.person_id));
    const delta = new TOTP({ secret: Secret.fromBase32(secret), digits: 6, period: periodSeconds }).validate({ token: code, timestamp: nowMs, window: 1 });
    if (delta === null) return undefined;
    const step = Math.floor(nowMs / 1000 / periodSeconds) + delta;
    return row.last_step === null || step > Number(row.last_step) ? step : undefined;
  };

  const accept = (tx: Tx, personId: string, step: number): Promise<unknown> =>
    sql`update person_passwords set last_step = ${step}, wrong_codes = 0 where org = ${org} and person_id = ${personId}`.execute(tx);

  return {
    async state(tx, personId, nowMs) {
      const row = await read(tx, { personId });
      const set = row !== undefined && row.confirmed_at !== null;
      return { set, blocked: set && row.blocked_at !== null, coolingUntil: set && row.cooling_until.getTime() > nowMs ? row.cooling_until.toISOString() : null };
    },

    async begin(ctx, own, { password, code }) {
      if (password.length < minPasswordLength || password.length > maxPasswordLength) {
        throw new AppError({ code: "identity.password_length", status: 400, message: `A password has ${minPasswordLength} to ${maxPasswordLength} characters.`, remedies: [{ text: "A few words with spaces between them are fine." }] });
      }
      const hash = await hashPassword(password);
      return ctx.transact(async (tx, record) => {
        const invitation = await mayChange(tx, ctx, own, code);
        const secret = new Secret({ size: 20 });
        const sealed = sealValue(masterKey, secret.base32, contextOf(own.personId), ctx.random);
        const now = new Date(ctx.now());
        const coolingUntil = invitation ? now : new Date(ctx.now() + coolingMs);
        await sql`insert into person_passwords (org, person_id, password, totp_wrapped_key, totp_ciphertext, cooling_until, created_at)
          values (${org}, ${own.personId}, ${hash}, ${Buffer.from(sealed.wrappedKey)}, ${Buffer.from(sealed.ciphertext)}, ${coolingUntil}, ${now})
          on conflict (org, person_id) do update set password = excluded.password, totp_wrapped_key = excluded.totp_wrapped_key, totp_ciphertext = excluded.totp_ciphertext,
            cooling_until = excluded.cooling_until, created_at = excluded.created_at, confirmed_at = null, last_step = null, wrong_codes = 0, blocked_at = null`.execute(tx);
        record({ type: "person", payload: { event: "password.begun", person: own.personId, coolingUntil: coolingUntil.toISOString() } });
        return { secret: secret.base32, uri: new TOTP({ issuer: "Mandate", label: own.email, secret, digits: 6, period: periodSeconds }).toString() };
      });
    },

    async confirm(ctx, own, code) {
      attempts.take(own.personId, ctx.now());
      await ctx.transact(async (tx, record) => {
        const row = await read(tx, { personId: own.personId }, true);
        const step = row === undefined || row.confirmed_at !== null ? undefined : stepOf(row, code, ctx.now());
        if (step === undefined) throw codeRefused();
        await accept(tx, own.personId, step);
        await sql`update person_passwords set confirmed_at = ${new Date(ctx.now())} where org = ${org} and person_id = ${own.personId}`.execute(tx);
        record({ type: "person", payload: { event: "password.set", person: own.personId } });
        await tellOfChange(tx, ctx, own.email, "A password and code were set for your account", ["They sign you in beside your passkeys.", "If this wasn't you, tell an administrator now."]);
      });
    },

    async remove(ctx, own) {
      await ctx.transact(async (tx, record) => {
        const { rows } = await sql`delete from person_passwords where org = ${org} and person_id = ${own.personId} returning 1`.execute(tx);
        if (rows.length === 0) return;
        record({ type: "person", payload: { event: "password.removed", person: own.personId } });
        await tellOfChange(tx, ctx, own.email, "Password and code were removed from your account", ["If this wasn't you, tell an administrator now."]);
      });
    },

    async signIn(ctx, { email, password, code }, browser) {
      const known = await ctx.read((tx) => read(tx, { email }));
      // The slow part stands outside the transaction, and runs for strangers too.
      const fits = await passwordFits(password, known?.password);
      if (known === undefined || !fits) throw signInRefused();
      const opened = await ctx.transact(async (tx, record) => {
        const row = await read(tx, { personId: known.person_id }, true);
        if (row === undefined || row.password !== known.password || row.confirmed_at === null || row.blocked_at !== null) return undefined;
        const step = stepOf(row, code, ctx.now());
        if (step === undefined) {
          await noteWrongCode(tx, ctx, row, record);
          return undefined;
        }
        await accept(tx, row.person_id, step);
        return startSession(tx, ctx, record, { personId: row.person_id, openedBy: "password", minted: false, invitation: false, passkeyId: null, coolingUntil: row.cooling_until.getTime() > ctx.now() ? row.cooling_until : null, browser });
      });
      if (opened === undefined) throw signInRefused();
      return opened;
    },
  };

  /** Whoever has a passkey sets this in a session it opened; whoever has only this needs its code. @returns whether the session is the invitation's */
  async function mayChange(tx: Tx, ctx: CommandContext<Tx>, own: OwnSession, code: string | null): Promise<boolean> {
    const standing = await sessionStanding(tx, org, own.sessionId);
    if (standing === undefined || standing.minted) throw notHere("Somebody else could have opened this session.");
    if (ctx.actor.proof === "passkey") return false;
    if ((await passkeysOf(tx, org, own.personId)).some((one) => one.blockedAt === null)) throw notHere("You have a passkey; this session was opened without it.");
    const row = await read(tx, { personId: own.personId }, true);
    if (row === undefined || row.confirmed_at === null) return standing.invitation;
    const step = code === null ? undefined : stepOf(row, code, ctx.now());
    if (step === undefined) throw codeRefused();
    return false;
  }

  /**
   * Only someone who knows the password gets here, so nobody else can have it blocked; and the person hears of it. A
   * block is no secret from its owner, and a passkey or link still signs in.
   */
  async function noteWrongCode(tx: Tx, ctx: CommandContext<Tx>, row: FallbackRow, record: (evidence: MutationEvidence) => void): Promise<void> {
    const wrong = row.wrong_codes + 1;
    const blocks = wrong >= maxWrongCodes;
    await sql`update person_passwords set wrong_codes = ${wrong}, blocked_at = ${blocks ? new Date(ctx.now()) : null} where org = ${org} and person_id = ${row.person_id}`.execute(tx);
    record({ type: "session", payload: { event: "refused", person: row.person_id, by: "password", why: "wrong code after the right password", times: wrong, blocked: blocks } });
    if (blocks) await tellOfChange(tx, ctx, row.email, "Signing in with your password is blocked", [`Somebody knew your password and gave ${wrong} wrong codes.`, "Sign in with a passkey or a link, and set another password."]);
  }
}

function signInRefused(): AppError {
  return new AppError({
    code: "identity.sign_in_refused",
    status: 401,
    message: "E-mail, password and code don't fit together, or the code was used before.",
    remedies: [{ text: "Wait for the next code and try again, sign in with a passkey, or ask an administrator for a link." }],
  });
}

function codeRefused(): AppError {
  return new AppError({ code: "identity.code_refused", status: 403, message: "The code isn't right, or was used before.", remedies: [{ text: "Wait for the next code in your authenticator application, and check its clock." }] });
}

function notHere(message: string): AppError {
  return new AppError({ code: "identity.stronger_session", status: 403, message: `${message} A password can't be set in it.`, remedies: [{ text: "Sign in with a passkey, then set the password.", url: "/sign-in" }] });
}
