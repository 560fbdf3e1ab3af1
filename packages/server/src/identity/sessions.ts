import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import { bearerHash, newBearer } from "../bearer.ts";
import type { Actor, CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";

/** A session ends after this, whatever happens in it. */
export const sessionLifetimeMs = 12 * 3_600_000;
/** And after this without a request. */
export const sessionIdleMs = 2 * 3_600_000;
/** Each use is noted at most this often: a page asks many times a second. */
const noteEveryMs = 60_000;

export type OpenedBy = "link" | "passkey" | "password" | "oidc";

export interface NewSession {
  readonly personId: string;
  readonly openedBy: OpenedBy;
  /** Somebody else could have opened it: it reads and edits, and approves nothing. */
  readonly minted: boolean;
  /** The person's first arrival, by invitation. */
  readonly invitation: boolean;
  readonly passkeyId: string | null;
  /** Of the passkey, password or link that opened it. */
  readonly coolingUntil: Date | null;
  /** User-Agent, as shown in the list of sessions. */
  readonly browser: string;
}

export interface OpenedSession {
  /** The cookie's value. Always a new one (session fixation): nothing a browser had before signs anyone in. */
  readonly secret: string;
  readonly csrf: string;
  readonly expiresAt: string;
  readonly email: string;
  /** The person's first sign-in: the console offers what only a first one needs. */
  readonly first: boolean;
}

/** Opens a session in the caller's transaction; taking an invitation is part of it. @throws AppError `identity.person_deactivated` (403) */
export async function startSession(tx: Tx, ctx: CommandContext<Tx>, record: (evidence: MutationEvidence) => void, input: NewSession): Promise<OpenedSession> {
  const now = new Date(ctx.now());
  const { rows } = await sql<{ email: string; state: string }>`select email, state from people where org = ${ctx.org} and id = ${input.personId} for update`.execute(tx);
  const person = rows[0];
  if (person === undefined || person.state === "deactivated") {
    throw new AppError({ code: "identity.person_deactivated", status: 409, message: "This person can't sign in any more.", remedies: [{ text: "Ask an administrator." }] });
  }
  const secret = newBearer("session", ctx.random);
  const csrf = newBearer("session", ctx.random).slice(4);
  const id = newId("session", ctx.now(), ctx.random);
  const expiresAt = new Date(ctx.now() + sessionLifetimeMs);
  await sql`insert into sessions (org, id, person_id, session_hash, csrf, minted, created_at, expires_at, opened_by, invitation, last_seen_at, passkey_id, cooling_until, browser)
    values (${ctx.org}, ${id}, ${input.personId}, ${bearerHash(secret)}, ${csrf}, ${input.minted}, ${now}, ${expiresAt}, ${input.openedBy}, ${input.invitation}, ${now}, ${input.passkeyId}, ${input.coolingUntil}, ${input.browser.slice(0, 300)})`.execute(tx);
  const first = await activate(tx, ctx.org, input.personId, now);
  record({ type: "session", payload: { event: "opened", person: input.personId, session: id, by: input.openedBy, minted: input.minted, invitation: input.invitation, passkey: input.passkeyId, coolingUntil: input.coolingUntil?.toISOString() ?? null } });
  return { secret, csrf, expiresAt: expiresAt.toISOString(), email: person.email, first };
}

/** @returns true when the person was only invited before */
export async function activate(tx: Tx, org: string, personId: string, now: Date): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`update people set state = 'active', activated_at = ${now} where org = ${org} and id = ${personId} and state = 'invited' returning id`.execute(tx);
  return rows.length > 0;
}

const live = (nowMs: number) => sql`s.ended_at is null and s.expires_at > ${new Date(nowMs)} and coalesce(s.last_seen_at, s.created_at) > ${new Date(nowMs - sessionIdleMs)}`;

export interface LiveSession {
  readonly id: string;
  readonly openedBy: OpenedBy;
  readonly minted: boolean;
  readonly browser: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
}

/** Newest first. */
export async function listSessions(tx: Tx, org: string, personId: string, nowMs: number): Promise<readonly LiveSession[]> {
  const { rows } = await sql<{ id: string; opened_by: OpenedBy; minted: boolean; browser: string; created_at: Date; last_seen_at: Date; expires_at: Date }>`
    select s.id, s.opened_by, s.minted, s.browser, s.created_at, coalesce(s.last_seen_at, s.created_at) as last_seen_at, s.expires_at
    from sessions s where s.org = ${org} and s.person_id = ${personId} and ${live(nowMs)} order by s.created_at desc, s.id desc limit 200`.execute(tx);
  return rows.map((row) => ({
    id: row.id,
    openedBy: row.opened_by,
    minted: row.minted,
    browser: row.browser,
    createdAt: row.created_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  }));
}

/**
 * Ends a person's sessions: one by id, or all but `keep`.
 * @returns how many ended
 */
export async function endSessions(ctx: CommandContext<Tx>, personId: string, which: { readonly only: string } | { readonly keep: string | null }): Promise<number> {
  return ctx.transact(async (tx, record) => {
    const chosen = "only" in which ? sql`id = ${which.only}` : sql`id is distinct from ${which.keep}`;
    const { rows } = await sql<{ id: string }>`update sessions set ended_at = ${new Date(ctx.now())} where org = ${ctx.org} and person_id = ${personId} and ended_at is null and ${chosen} returning id`.execute(tx);
    for (const { id } of rows) record({ type: "session", payload: { event: "ended", session: id, person: personId, by: ctx.actor.id } });
    return rows.length;
  });
}

export interface RecognisedSession {
  readonly personId: string;
  readonly id: string;
  readonly csrf: string;
  readonly proof: Actor["proof"];
  readonly coolingUntil: Date | null;
  /** The earlier of its two ends, epoch ms. */
  readonly expiresAt: number;
  /** Its last use was noted a while ago: the caller notes this one. */
  readonly noteUse: boolean;
}

export async function recogniseSessionRow(tx: Tx, org: string, secret: string, nowMs: number): Promise<RecognisedSession | undefined> {
  const { rows } = await sql<{ id: string; person_id: string; csrf: string; minted: boolean; opened_by: OpenedBy; cooling_until: Date | null; expires_at: Date; last_seen_at: Date }>`
    select s.id, s.person_id, s.csrf, s.minted, s.opened_by, s.cooling_until, s.expires_at, coalesce(s.last_seen_at, s.created_at) as last_seen_at
    from sessions s where s.org = ${org} and s.session_hash = ${bearerHash(secret)} and ${live(nowMs)}`.execute(tx);
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    personId: row.person_id,
    id: row.id,
    csrf: row.csrf,
    proof: row.minted ? "minted" : row.opened_by === "link" ? "session" : row.opened_by,
    coolingUntil: row.cooling_until,
    expiresAt: Math.min(row.expires_at.getTime(), nowMs + sessionIdleMs),
    noteUse: nowMs - row.last_seen_at.getTime() > noteEveryMs,
  };
}

/** A use is no decision: it is noted without an entry. */
export async function noteSessionUse(tx: Tx, org: string, id: string, nowMs: number): Promise<void> {
  await sql`update sessions set last_seen_at = ${new Date(nowMs)} where org = ${org} and id = ${id} and ended_at is null`.execute(tx);
}

/** What adding a passkey or password must know of the session it is asked in. */
export async function sessionStanding(tx: Tx, org: string, id: string): Promise<{ readonly minted: boolean; readonly invitation: boolean } | undefined> {
  const { rows } = await sql<{ minted: boolean; invitation: boolean }>`select minted, invitation from sessions where org = ${org} and id = ${id} and ended_at is null`.execute(tx);
  return rows[0];
}
