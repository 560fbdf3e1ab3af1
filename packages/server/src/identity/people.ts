import { approvingRoles, AppError, newId } from "@mandate/model";
import type { Role } from "@mandate/model";
import { sql } from "kysely";
import type { CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly state: "invited" | "active" | "deactivated";
  readonly roles: readonly Role[];
  /** Asked for, waiting for someone who holds an approving role. */
  readonly pendingRoles: readonly Role[];
  /** For one unit or system alone. */
  readonly scopedRoles: readonly RoleInScope[];
  readonly createdAt: string;
  readonly lastSignIn: string | null;
  /** How many the person can use now. */
  readonly passkeys: number;
  /** Signs in with password and code as well, the weaker way. */
  readonly password: boolean;
}

export interface RoleInScope {
  readonly role: Role;
  /** `unit:NAME` or `system:NAME`. */
  readonly scope: string;
  readonly waiting: boolean;
}

interface PersonRow {
  id: string;
  email: string;
  name: string;
  state: Person["state"];
  created_at: Date;
  roles: Role[];
  pending: Role[];
  scoped: RoleInScope[];
  last_sign_in: Date | null;
  passkeys: string;
  password: boolean;
}

const selectPerson = sql`
  select p.id, p.email, p.name, p.state, p.created_at,
    coalesce((select array_agg(r.role order by r.role) from person_roles r where r.org = p.org and r.person_id = p.id and r.granted_at is not null and r.scope = ''), '{}') as roles,
    coalesce((select array_agg(r.role order by r.role) from person_roles r where r.org = p.org and r.person_id = p.id and r.granted_at is null and r.scope = ''), '{}') as pending,
    coalesce((select jsonb_agg(jsonb_build_object('role', r.role, 'scope', r.scope, 'waiting', r.granted_at is null) order by r.role, r.scope) from person_roles r where r.org = p.org and r.person_id = p.id and r.scope <> ''), '[]'::jsonb) as scoped,
    (select max(s.created_at) from sessions s where s.org = p.org and s.person_id = p.id and not s.minted) as last_sign_in,
    (select count(*) from passkeys k where k.org = p.org and k.person_id = p.id and k.removed_at is null and k.blocked_at is null) as passkeys,
    exists (select 1 from person_passwords w where w.org = p.org and w.person_id = p.id and w.confirmed_at is not null) as password
  from people p`;

function fromRow(row: PersonRow): Person {
  return { id: row.id, email: row.email, name: row.name, state: row.state, roles: row.roles, pendingRoles: row.pending, scopedRoles: row.scoped, createdAt: row.created_at.toISOString(), lastSignIn: row.last_sign_in?.toISOString() ?? null, passkeys: Number(row.passkeys), password: row.password };
}

export async function findPerson(tx: Tx, org: string, email: string): Promise<Person | undefined> {
  const { rows } = await sql<PersonRow>`${selectPerson} where p.org = ${org} and p.email = ${email.toLowerCase()}`.execute(tx);
  return rows[0] === undefined ? undefined : fromRow(rows[0]);
}

export async function personById(tx: Tx, org: string, id: string): Promise<Person | undefined> {
  const { rows } = await sql<PersonRow>`${selectPerson} where p.org = ${org} and p.id = ${id}`.execute(tx);
  return rows[0] === undefined ? undefined : fromRow(rows[0]);
}

/** By e-mail, `limit` at a time after `cursor` (an e-mail). */
export async function listPeople(tx: Tx, org: string, page: { cursor: string | undefined; limit: number; role?: Role | undefined; state?: string | undefined }): Promise<readonly Person[]> {
  const { rows } = await sql<PersonRow>`${selectPerson} where p.org = ${org} and p.email > ${page.cursor ?? ""}
    and (${page.state ?? null}::text is null or p.state = ${page.state ?? null})
    and (${page.role ?? null}::text is null or exists (select 1 from person_roles r where r.org = p.org and r.person_id = p.id and r.role = ${page.role ?? null} and r.granted_at is not null))
    order by p.email limit ${page.limit}`.execute(tx);
  return rows.map(fromRow);
}

export function personNotFound(email: string): AppError {
  return new AppError({ code: "identity.person_unknown", status: 404, message: `Nobody is registered as \`${email}\`.`, remedies: [{ text: "Invite the person first.", command: `npx mandate person add ${email} --name NAME` }] });
}

/** True once a person (not the bootstrap account) administers: active, because an invitation nobody took proves nobody. */
export async function someoneAdministers(tx: Tx, org: string): Promise<boolean> {
  const { rows } = await sql<{ one: number }>`select 1 as one from person_roles r join people p on p.org = r.org and p.id = r.person_id
    where r.org = ${org} and r.role = 'administrator' and r.granted_at is not null and p.state = 'active' limit 1`.execute(tx);
  return rows.length > 0;
}

/** True while somebody who is here holds an approving role. */
export async function someoneApproves(tx: Tx, org: string): Promise<boolean> {
  const { rows } = await sql`select 1 from person_roles r join people p on p.org = r.org and p.id = r.person_id
    where r.org = ${org} and r.role = any(${[...approvingRoles]}) and r.granted_at is not null and p.state <> 'deactivated' limit 1`.execute(tx);
  return rows.length > 0;
}

/** True once anybody held an approving role, also after all of them left or lost it. */
async function someoneApproved(tx: Tx, org: string): Promise<boolean> {
  const { rows } = await sql`select 1 from people where org = ${org} and ever_approved limit 1`.execute(tx);
  return rows.length > 0;
}

export function isApproving(role: Role): boolean {
  return (approvingRoles as readonly Role[]).includes(role);
}

/**
 * Inserts people that a manifest names as owners and nobody registered yet: invited, without a role. They count as
 * owners; they can do nothing before an invitation is taken.
 * @returns the e-mails that were new
 */
export async function inviteMissing(
  tx: Tx,
  who: { readonly org: string; readonly emails: readonly string[]; readonly nowMs: number; readonly random: (bytes: Uint8Array) => Uint8Array },
): Promise<readonly string[]> {
  const added: string[] = [];
  for (const email of new Set(who.emails.map((one) => one.toLowerCase()))) {
    const id = newId("person", who.nowMs, who.random);
    const { rows } = await sql<{ email: string }>`insert into people (org, id, email, name, state, created_at)
      values (${who.org}, ${id}, ${email}, ${email}, 'invited', ${new Date(who.nowMs)}) on conflict (org, email) do nothing returning email`.execute(tx);
    added.push(...rows.map((row) => row.email));
  }
  return added;
}

export interface NewPerson {
  readonly email: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** Absent: stay as they are. */
  readonly scopedRoles?: readonly { readonly role: Role; readonly scope: string }[] | undefined;
}

/** What opens the question "may this person hold an approving role?"; injected, because approvals know of people. */
export type AskForRoles = (
  tx: Tx,
  ctx: CommandContext<Tx>,
  person: { id: string; email: string },
  /** `security-reviewer`, or `security-reviewer in unit:care`. */
  roles: readonly string[],
  record: (evidence: MutationEvidence) => void,
) => Promise<string>;

/**
 * Registers a person, or sets name and roles of one that exists.
 * INVARIANT: once someone holds an approving role and a person administers, an approving role is granted only by
 * someone who holds one; otherwise it waits, so that an administrator can't invent an approver.
 */
export async function putPerson(ctx: CommandContext<Tx>, input: NewPerson, ask: AskForRoles): Promise<{ person: Person; created: boolean }> {
  return ctx.transact(async (tx, record) => {
    const now = new Date(ctx.now());
    const email = input.email.toLowerCase();
    const found = await findPerson(tx, ctx.org, email);
    if (found?.state === "deactivated") await readmit(tx, ctx, record, found.id);
    const known = found?.state === "deactivated" ? await personById(tx, ctx.org, found.id) : found;
    const id = known?.id ?? newId("person", ctx.now(), ctx.random);
    if (known === undefined) {
      await sql`insert into people (org, id, email, name, state, created_at) values (${ctx.org}, ${id}, ${email}, ${input.name}, 'invited', ${now})`.execute(tx);
    } else {
      await sql`update people set name = ${input.name} where org = ${ctx.org} and id = ${id}`.execute(tx);
    }
    const held = [...[...(known?.roles ?? []), ...(known?.pendingRoles ?? [])].map((role) => ({ role, scope: "" })), ...(known?.scopedRoles ?? [])];
    const wanted = [...input.roles.map((role) => ({ role, scope: "" })), ...(input.scopedRoles ?? known?.scopedRoles ?? [])];
    refuseMixedRoles(wanted.map((one) => one.role));
    const among = (list: readonly { role: Role; scope: string }[], one: { role: Role; scope: string }) => list.some((other) => other.role === one.role && other.scope === one.scope);
    const taken = held.filter((one) => !among(wanted, one));
    const given = wanted.filter((one, at) => !among(held, one) && !among(wanted.slice(0, at), one));
    for (const { role, scope } of taken) await sql`delete from person_roles where org = ${ctx.org} and person_id = ${id} and role = ${role} and scope = ${scope}`.execute(tx);
    let waits = given.filter((one) => isApproving(one.role));
    const holder = ctx.actor.roles.some(isApproving) && ctx.actor.proof !== "minted" && ctx.actor.id !== id;
    if (holder || !(await someoneApproved(tx, ctx.org)) || (ctx.actor.kind !== "person" && !(await someoneAdministers(tx, ctx.org)))) waits = [];
    const approvalId = waits.length === 0 ? null : await ask(tx, ctx, { id, email }, waits.map(inWords), record);
    for (const one of given) {
      const waiting = waits.includes(one);
      await sql`insert into person_roles (org, person_id, role, scope, granted_by, requested_at, granted_at, approval_id)
        values (${ctx.org}, ${id}, ${one.role}, ${one.scope}, ${ctx.actor.id}, ${now}, ${waiting ? null : now}, ${waiting ? approvalId : null})`.execute(tx);
    }
    const [added, removed] = [given.map(inWords), taken.map(inWords)];
    record({ type: "person", payload: { event: known === undefined ? "invited" : "changed", person: id, email, name: input.name, added, removed, waiting: waits.map(inWords), by: ctx.actor.id } });
    if (known === undefined) await tellInvited(tx, ctx, id, email);
    const person = await personById(tx, ctx.org, id);
    return { person: person!, created: known === undefined };
  });
}

/** Back without the roles of before: who left may have been replaced, and nobody noticed what they could still sign. */
export async function readmit(tx: Tx, ctx: CommandContext<Tx>, record: (evidence: MutationEvidence) => void, id: string): Promise<void> {
  await sql`update people set state = 'invited' where org = ${ctx.org} and id = ${id} and state = 'deactivated'`.execute(tx);
  await sql`delete from person_roles where org = ${ctx.org} and person_id = ${id}`.execute(tx);
  record({ type: "person", payload: { event: "reactivated", person: id, by: ctx.actor.id } });
}

/**
 * Says that an invitation waits and whom to ask. The link itself is a secret that signs in, so no mail carries it; and
 * people whom a manifest names as owners get none, because whoever edits a manifest could then write to anybody.
 */
async function tellInvited(tx: Tx, ctx: CommandContext<Tx>, id: string, email: string): Promise<void> {
  await notify(tx, ctx, {
    kind: "person.invited", thread: `person-${id}`, system: null, to: [email], subject: "An invitation to Mandate waits for you",
    lines: [`Ask ${ctx.actor.email ?? "whoever administers Mandate"} for your sign-in link. It works once, and no message holds it.`], path: "/sign-in",
  });
}

const inWords = (one: { readonly role: Role; readonly scope: string }): string => (one.scope === "" ? one.role : `${one.role} in ${one.scope}`);

function refuseMixedRoles(roles: readonly Role[]): void {
  if (!roles.includes("administrator") || !roles.some(isApproving)) return;
  throw new AppError({
    code: "identity.separation_of_duties",
    status: 409,
    message: "An administrator holds no approving role: who can make people could otherwise make approvals.",
    remedies: [{ text: "Give the two roles to two people." }],
  });
}

/** Effect of an approved `role.grant`: the waiting roles become held. */
export async function grantWaitingRoles(tx: Tx, org: string, approvalId: string, now: Date): Promise<void> {
  await sql`update person_roles set granted_at = ${now} where org = ${org} and approval_id = ${approvalId} and granted_at is null`.execute(tx);
}
