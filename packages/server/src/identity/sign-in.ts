import { AppError, newId } from "@mandate/model";
import type { Role } from "@mandate/model";
import { sql } from "kysely";
import { bearerHash, bearerHint, bearerKind, newBearer } from "../bearer.ts";
import type { Actor, CommandContext, ScopedRole } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { everHadPasskey } from "../passkeys/index.ts";
import { findPerson, personNotFound, someoneAdministers } from "./people.ts";
import { activate, recogniseSessionRow, startSession } from "./sessions.ts";
import type { OpenedSession } from "./sessions.ts";

export const linkLifetimeMs = 30 * 60_000;
export const tokenMaxMs = 366 * 86_400_000;

/**
 * Whether what `ctx.actor` makes for `personId` counts as made by someone else. INVARIANT: a token or session that
 * another could have used never approves once a person administers, and a derived one never gains what its source lacked.
 */
async function isMinted(tx: Tx, ctx: CommandContext<Tx>, personId: string): Promise<boolean> {
  if (ctx.actor.kind === "person") return ctx.actor.id !== personId || ctx.actor.proof === "minted";
  if (ctx.actor.kind === "system") return false;
  return someoneAdministers(tx, ctx.org);
}

/** A token or link is as new as what its maker had signed in with. */
function coolingOf({ actor }: CommandContext<Tx>): Date | null {
  return actor.coolingUntil === undefined ? null : new Date(actor.coolingUntil);
}

function requireSelfOrAdministrator(ctx: CommandContext<Tx>, personId: string): void {
  if (ctx.actor.kind !== "person" || ctx.actor.id === personId || ctx.actor.roles.includes("administrator")) return;
  throw new AppError({
    code: "identity.right_missing",
    status: 403,
    message: "Only the person, or an administrator, can do this.",
    remedies: [{ text: "Ask the person, or an administrator." }],
  });
}

async function requirePerson(tx: Tx, ctx: CommandContext<Tx>, email: string) {
  const person = await findPerson(tx, ctx.org, email);
  if (person === undefined) throw personNotFound(email);
  requireSelfOrAdministrator(ctx, person.id);
  if (person.state === "deactivated") {
    throw new AppError({ code: "identity.person_deactivated", status: 409, message: "This person was deactivated.", remedies: [{ text: "Ask an administrator to register the person again." }] });
  }
  return person;
}

/** @returns the token, shown once: only its hash is stored */
export async function createToken(ctx: CommandContext<Tx>, email: string, notAfter: Date): Promise<{ id: string; token: string; notAfter: string }> {
  const lifetimeMs = notAfter.getTime() - ctx.now();
  if (lifetimeMs <= 0 || lifetimeMs > tokenMaxMs) {
    throw new AppError({ code: "identity.token_end", status: 400, message: "A token ends in the future, at most 366 days ahead.", remedies: [{ text: "Choose an earlier or later notAfter." }] });
  }
  return ctx.transact(async (tx, record) => {
    const person = await requirePerson(tx, ctx, email);
    const token = newBearer("apiToken", ctx.random);
    const id = newId("credential", ctx.now(), ctx.random);
    const minted = await isMinted(tx, ctx, person.id);
    await sql`insert into api_tokens (org, id, person_id, token_hash, hint, minted_by, minted, cooling_until, created_at, not_after)
      values (${ctx.org}, ${id}, ${person.id}, ${bearerHash(token)}, ${bearerHint(token)}, ${ctx.actor.id}, ${minted}, ${coolingOf(ctx)}, ${new Date(ctx.now())}, ${notAfter})`.execute(tx);
    record({ type: "person", payload: { event: "token.created", person: person.id, token: id, minted, notAfter: notAfter.toISOString(), by: ctx.actor.id } });
    return { id, token, notAfter: notAfter.toISOString() };
  });
}

/** @returns the link's secret part, good for one sign-in within 30 minutes */
export async function createSignInLink(ctx: CommandContext<Tx>, email: string): Promise<{ secret: string; expiresAt: string }> {
  return ctx.transact(async (tx, record) => {
    const person = await requirePerson(tx, ctx, email);
    const secret = newBearer("signInLink", ctx.random);
    const id = newId("session", ctx.now(), ctx.random);
    const expiresAt = new Date(ctx.now() + linkLifetimeMs);
    // An invitation is how a person first arrives; a later link made by someone else would be a way to act as them. Whoever
    // was deactivated and is back has arrived before.
    const arrived = person.state === "active" || (await everHadPasskey(tx, ctx.org, person.id));
    const minted = arrived && (await isMinted(tx, ctx, person.id));
    await sql`insert into sign_in_links (org, id, person_id, link_hash, created_by, created_by_kind, minted, cooling_until, created_at, expires_at)
      values (${ctx.org}, ${id}, ${person.id}, ${bearerHash(secret)}, ${ctx.actor.id}, ${ctx.actor.kind}, ${minted}, ${coolingOf(ctx)}, ${new Date(ctx.now())}, ${expiresAt})`.execute(tx);
    record({ type: "person", payload: { event: "sign_in_link.created", person: person.id, link: id, minted, by: ctx.actor.id } });
    return { secret, expiresAt: expiresAt.toISOString() };
  });
}

/** Spends a link: one compare-and-set, so that of two browsers with the same link one gets in. */
export async function openSession(ctx: CommandContext<Tx>, link: string, browser = ""): Promise<OpenedSession> {
  if (bearerKind(link) !== "signInLink") throw linkSpent();
  return ctx.transact(async (tx, record) => {
    const now = new Date(ctx.now());
    const { rows } = await sql<SpentLink>`update sign_in_links l set used_at = ${now} from people p
      where l.org = ${ctx.org} and l.link_hash = ${bearerHash(link)} and l.used_at is null and l.expires_at > ${now}
        and p.org = l.org and p.id = l.person_id and p.state <> 'deactivated'
      returning l.person_id, l.minted, l.cooling_until, l.created_by, l.created_by_kind, p.state`.execute(tx);
    const row = rows[0];
    if (row === undefined) throw linkSpent();
    return startSession(tx, ctx, record, { personId: row.person_id, openedBy: "link", ...(await standingOf(tx, ctx.org, row)), passkeyId: null, coolingUntil: row.cooling_until, browser });
  });
}

interface SpentLink {
  person_id: string;
  minted: boolean;
  cooling_until: Date | null;
  created_by: string;
  created_by_kind: string;
  state: string;
}

/**
 * What a link is worth when it is used, not when it was made: of two invitations an administrator makes, the person
 * takes one, and the other must not let the administrator in as that person.
 */
async function standingOf(tx: Tx, org: string, link: SpentLink): Promise<{ minted: boolean; invitation: boolean }> {
  const own = link.created_by === link.person_id;
  const byOthers = !own && link.created_by_kind !== "system";
  const minted = link.minted || (byOthers && link.state === "active" && (await someoneAdministers(tx, org)));
  if (minted || own || (await everHadPasskey(tx, org, link.person_id))) return { minted, invitation: false };
  const { rows } = await sql`select 1 from sessions where org = ${org} and person_id = ${link.person_id} limit 1`.execute(tx);
  return { minted, invitation: rows.length === 0 || link.created_by_kind !== "person" };
}

/** First use of a token takes the invitation, once. */
export async function activatePerson(ctx: CommandContext<Tx>, personId: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    if (await activate(tx, ctx.org, personId, new Date(ctx.now()))) record({ type: "person", payload: { event: "activated", person: personId } });
  });
}

function linkSpent(): AppError {
  return new AppError({
    code: "identity.link_spent",
    status: 401,
    message: "This sign-in link was used already, has ended, or never existed.",
    remedies: [{ text: "Make a new one.", command: "npx mandate login" }],
  });
}

export interface Recognised {
  readonly actor: Actor;
  readonly csrf: string | null;
  readonly expiresAt: number;
  readonly sessionId: string | null;
  /** The person was only invited so far: this use takes the invitation. */
  readonly invited: boolean;
}

interface PersonRow {
  person_id: string;
  email: string;
  state: string;
  roles: Role[];
  scoped: ScopedRole[];
}

interface BearerRow extends PersonRow {
  id: string;
  minted: boolean;
  cooling_until: Date | null;
  ends: Date;
}

/**
 * Whoever a system names as its owner acts as one there, and nowhere else, whatever other roles they hold. A successor
 * who hasn't said yes to a vacant seat doesn't hold it, and an auditor changes nothing wherever they are named. INVARIANT: these open routes; who may
 * approve is looked up apart.
 */
const owned = sql`coalesce((select jsonb_agg(jsonb_build_object('role', seat || '-owner', 'scope', 'system:' || o.name, 'systems', jsonb_build_array(o.name)))
    from register_objects o, unnest(array['business', 'technical']) seat where o.org = p.org and o.kind = 'AISystem' and lower(o.spec->'owners'->>seat) = p.email
      and not exists (select 1 from person_roles a where a.org = p.org and a.person_id = p.id and a.role = 'auditor' and a.granted_at is not null)
      and not exists (select 1 from owner_vacancies v where v.org = o.org and v.system = o.name and v.seat = seat and v.ended_at is null and v.email <> p.email)), '[]'::jsonb)`;

const rolesOf = sql`coalesce((select array_agg(r.role order by r.role) from person_roles r where r.org = p.org and r.person_id = p.id and r.granted_at is not null and r.scope = ''), '{}') as roles,
  coalesce((select jsonb_agg(jsonb_build_object('role', r.role, 'scope', r.scope, 'systems',
    case when r.scope like 'system:%' then jsonb_build_array(substr(r.scope, 8))
      else coalesce((select jsonb_agg(o.name) from register_objects o where o.org = r.org and o.kind = 'AISystem' and 'unit:' || o.unit = r.scope), '[]'::jsonb) end))
    from person_roles r where r.org = p.org and r.person_id = p.id and r.granted_at is not null and r.scope <> ''), '[]'::jsonb) || ${owned} as scoped`;

/** Whose API token this is, now; undefined when it never was, has ended, was revoked or its person was deactivated. */
export async function recogniseToken(tx: Tx, org: string, token: string, nowMs: number): Promise<Recognised | undefined> {
  if (bearerKind(token) !== "apiToken") return undefined;
  const now = new Date(nowMs);
  const { rows } = await sql<BearerRow>`select t.id, t.person_id, p.email, p.state, t.minted, t.cooling_until, t.not_after as ends, ${rolesOf}
    from api_tokens t join people p on p.org = t.org and p.id = t.person_id
    where t.org = ${org} and t.token_hash = ${bearerHash(token)} and t.revoked_at is null and t.not_after > ${now} and p.state <> 'deactivated'`.execute(tx);
  const row = rows[0];
  if (row === undefined) return undefined;
  return { actor: personActor(row, row.minted ? "minted" : "token", row.cooling_until, nowMs), csrf: null, expiresAt: row.ends.getTime(), sessionId: null, invited: row.state === "invited" };
}

export async function recogniseSession(tx: Tx, org: string, secret: string, nowMs: number): Promise<(Recognised & { readonly noteUse: boolean }) | undefined> {
  if (bearerKind(secret) !== "session") return undefined;
  const session = await recogniseSessionRow(tx, org, secret, nowMs);
  if (session === undefined) return undefined;
  const { rows } = await sql<PersonRow>`select p.id as person_id, p.email, p.state, ${rolesOf} from people p where p.org = ${org} and p.id = ${session.personId} and p.state <> 'deactivated'`.execute(tx);
  const row = rows[0];
  if (row === undefined) return undefined;
  return { actor: personActor(row, session.proof, session.coolingUntil, nowMs), csrf: session.csrf, expiresAt: session.expiresAt, sessionId: session.id, invited: false, noteUse: session.noteUse };
}

function personActor(row: PersonRow, proof: Actor["proof"], coolingUntil: Date | null, nowMs: number): Actor {
  return { kind: "person", id: row.person_id, email: row.email, roles: row.roles, proof, ...(coolingUntil !== null && coolingUntil.getTime() > nowMs ? { coolingUntil: coolingUntil.getTime() } : {}), ...(row.scoped.length === 0 ? {} : { scopedRoles: row.scoped }) };
}
