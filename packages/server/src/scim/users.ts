import SCIMMY from "scimmy";
import { newId } from "@mandate/model";
import { sql } from "kysely";
import { linkIdentity } from "../federation/index.ts";
import { deprovision, readmit } from "../identity/index.ts";
import { scimError } from "./context.ts";
import type { ScimContext } from "./context.ts";
import { countRemoval, readProvisioning } from "./pause.ts";

interface UserRow {
  id: string;
  email: string;
  name: string;
  state: "invited" | "active" | "deactivated";
  user_name: string;
  external_id: string | null;
  attributes: Record<string, unknown>;
  created_at: Date;
  changed_at: Date;
}

type UserResource = InstanceType<typeof SCIMMY.Resources.User>;
type UserSchema = InstanceType<typeof SCIMMY.Schemas.User>;

const emailPattern = /^[^\s@<>(),;:"\\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?$/;
/** A directory that asks for everyone gets them page by page; this bounds what one request reads. */
const maxRead = 10_000;
/** Attributes we keep as the directory wrote them. Passwords never: people prove themselves otherwise here. */
const kept = ["name", "displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone", "emails", "phoneNumbers"] as const;

const select = sql`select p.id, p.email, p.name, p.state, u.user_name, u.external_id, u.attributes, u.created_at, u.changed_at
  from scim_users u join people p on p.org = u.org and p.id = u.person_id`;

function shown(row: UserRow): Record<string, unknown> {
  return {
    ...row.attributes,
    id: row.id,
    userName: row.user_name,
    ...(row.external_id === null ? {} : { externalId: row.external_id }),
    active: row.state !== "deactivated",
    meta: { created: row.created_at, lastModified: row.changed_at },
  };
}

async function readUser({ tx, ctx }: ScimContext, id: string): Promise<UserRow | undefined> {
  const { rows } = await sql<UserRow>`${select} where u.org = ${ctx.org} and u.person_id = ${id} and u.deleted_at is null for update of u`.execute(tx);
  return rows[0];
}

/** The look-ups that directories make thousands of times go through an index; any other filter is tried on each. */
async function listUsers({ tx, ctx }: ScimContext, filter: unknown): Promise<{ rows: UserRow[]; filtered: boolean }> {
  const exact = /^(userName|externalId|emails\.value|emails\[type eq "work"\]\.value) eq "([^"\\]{1,254})"$/i.exec(String(filter ?? "").trim());
  const condition =
    exact === null ? sql`true`
    : exact[1]!.toLowerCase() === "username" ? sql`lower(u.user_name) = ${exact[2]!.toLowerCase()}`
    : exact[1]!.toLowerCase() === "externalid" ? sql`u.external_id = ${exact[2]!}`
    : sql`p.email = ${exact[2]!.toLowerCase()}`;
  const { rows } = await sql<UserRow>`${select} where u.org = ${ctx.org} and u.deleted_at is null and ${condition} order by u.created_at, u.person_id limit ${maxRead}`.execute(tx);
  return { rows, filtered: exact !== null };
}

export async function egressUser(resource: UserResource, scim: ScimContext): Promise<Record<string, unknown> | Record<string, unknown>[]> {
  if (resource.id !== undefined) {
    const row = await readUser(scim, resource.id);
    if (row === undefined) throw scimError(404, null, "There is no such user.");
    return shown(row);
  }
  const { rows, filtered } = await listUsers(scim, resource.filter?.expression);
  const all = rows.map(shown);
  // userName and addresses compare without case (RFC 7643 §4.1.1), which the library's own match doesn't.
  return resource.filter === undefined || filtered ? all : (resource.filter.match(all) as Record<string, unknown>[]);
}

export async function ingressUser(resource: UserResource, instance: UserSchema, scim: ScimContext): Promise<Record<string, unknown>> {
  const data = JSON.parse(JSON.stringify(instance)) as Record<string, unknown>;
  const userName = String(data["userName"] ?? "").trim();
  const externalId = typeof data["externalId"] === "string" && data["externalId"] !== "" ? data["externalId"].slice(0, 255) : null;
  if (userName === "" || userName.length > 254 || /\p{Cc}/u.test(userName)) throw scimError(400, "invalidValue", "userName is missing or not one line.");
  const attributes = Object.fromEntries(kept.flatMap((key) => (data[key] === undefined ? [] : [[key, data[key]]])));
  if (JSON.stringify(attributes).length > 20_000) throw scimError(413, null, "The user's attributes are too large.");
  const wanted = { userName, externalId, attributes, name: nameOf(data, userName), active: data["active"] !== false };
  await refuseTaken(scim, wanted, resource.id ?? null);
  const id = resource.id === undefined ? await create(scim, wanted, emailOf(data, userName)) : await change(scim, resource.id, wanted);
  return shown((await readUser(scim, id))!);
}

export async function degressUser(resource: UserResource, scim: ScimContext): Promise<void> {
  const row = await readUser(scim, resource.id!);
  if (row === undefined) throw scimError(404, null, "There is no such user.");
  await deactivate(scim, row);
  const { tx, ctx } = scim;
  await sql`update scim_users set deleted_at = ${new Date(ctx.now())} where org = ${ctx.org} and person_id = ${row.id}`.execute(tx);
}

interface Wanted {
  readonly userName: string;
  readonly externalId: string | null;
  readonly attributes: Record<string, unknown>;
  readonly name: string;
  readonly active: boolean;
}

async function refuseTaken({ tx, ctx }: ScimContext, { userName, externalId }: Wanted, own: string | null): Promise<void> {
  const { rows } = await sql<{ id: string }>`select person_id as id from scim_users where org = ${ctx.org} and deleted_at is null and person_id is distinct from ${own}
    and (lower(user_name) = ${userName.toLowerCase()} or (external_id is not null and external_id = ${externalId})) limit 1`.execute(tx);
  if (rows[0] !== undefined) throw scimError(409, "uniqueness", "Another user has this userName or externalId.");
}

/** A person who is here already is taken into the directory's care; nobody becomes somebody else. */
async function create(scim: ScimContext, wanted: Wanted, email: string): Promise<string> {
  const { tx, ctx, record } = scim;
  const now = new Date(ctx.now());
  const { rows } = await sql<{ id: string; state: string }>`select id, state from people where org = ${ctx.org} and email = ${email} for update`.execute(tx);
  const known = rows[0];
  const id = known?.id ?? newId("person", ctx.now(), ctx.random);
  if (known === undefined) await sql`insert into people (org, id, email, name, state, created_at) values (${ctx.org}, ${id}, ${email}, ${wanted.name}, 'invited', ${now})`.execute(tx);
  else if (known.state === "deactivated" && wanted.active) await readmit(scim.tx, scim.ctx, scim.record, id);
  await sql`insert into scim_users (org, person_id, user_name, external_id, attributes, created_at, changed_at)
    values (${ctx.org}, ${id}, ${wanted.userName}, ${wanted.externalId}, ${JSON.stringify(wanted.attributes)}::jsonb, ${now}, ${now})
    on conflict (org, person_id) do update set user_name = excluded.user_name, external_id = excluded.external_id, attributes = excluded.attributes, created_at = excluded.created_at, changed_at = excluded.changed_at, deleted_at = null`.execute(tx);
  record({ type: "person", payload: { event: known === undefined ? "provisioned" : "taken_into_provisioning", person: id, email, externalId: wanted.externalId, by: ctx.actor.id } });
  // INVARIANT: who was here before proves themselves as before. A directory that could tie its own subject to them
  // could sign in as them.
  if (known === undefined) await linkSubject(scim, id, wanted.externalId);
  if (!wanted.active) {
    const row = await readUser(scim, id);
    await deactivate(scim, row!);
  }
  return id;
}

async function linkSubject({ tx, ctx, record }: ScimContext, personId: string, externalId: string | null): Promise<void> {
  const { identityProvider } = await readProvisioning(tx, ctx.org);
  if (identityProvider === null || externalId === null) return;
  const { rows } = await sql<{ issuer: string }>`select issuer from identity_providers where org = ${ctx.org} and name = ${identityProvider}`.execute(tx);
  if (rows[0] !== undefined) await linkIdentity(tx, ctx, record, { issuer: rows[0].issuer, subject: externalId }, personId, "provisioning");
}

async function change(scim: ScimContext, id: string, wanted: Wanted): Promise<string> {
  const { tx, ctx, record } = scim;
  const row = await readUser(scim, id);
  if (row === undefined) throw scimError(404, null, "There is no such user.");
  await sql`update scim_users set user_name = ${wanted.userName}, external_id = ${wanted.externalId}, attributes = ${JSON.stringify(wanted.attributes)}::jsonb, changed_at = ${new Date(ctx.now())}
    where org = ${ctx.org} and person_id = ${id}`.execute(tx);
  await sql`update people set name = ${wanted.name} where org = ${ctx.org} and id = ${id}`.execute(tx);
  record({ type: "person", payload: { event: "changed", person: id, name: wanted.name, userName: wanted.userName, externalId: wanted.externalId, by: ctx.actor.id } });
  if (row.state === "deactivated" && wanted.active) await readmit(scim.tx, scim.ctx, scim.record, id);
  if (row.state !== "deactivated" && !wanted.active) await deactivate(scim, row);
  return id;
}

async function deactivate(scim: ScimContext, row: UserRow): Promise<void> {
  const { tx, ctx, record, departures } = scim;
  if (row.state === "deactivated") return;
  const { rows } = await sql<{ id: string }>`select p.id from people p join person_roles r on r.org = p.org and r.person_id = p.id
    where p.org = ${ctx.org} and r.role = 'administrator' and r.granted_at is not null and p.state = 'active' and p.id <> ${row.id} limit 1`.execute(tx);
  const administers = await sql<{ one: number }>`select 1 as one from person_roles where org = ${ctx.org} and person_id = ${row.id} and role = 'administrator' and granted_at is not null`.execute(tx);
  if (administers.rows.length > 0 && rows.length === 0) throw scimError(409, "mutability", "This is the only administrator: make somebody else one first.");
  await countRemoval(tx, ctx, row.id);
  await deprovision(tx, ctx, record, row, departures);
}

function emailOf(data: Record<string, unknown>, userName: string): string {
  const emails = Array.isArray(data["emails"]) ? (data["emails"] as { value?: unknown; primary?: unknown; type?: unknown }[]) : [];
  const chosen = emails.find((one) => one.primary === true) ?? emails.find((one) => one.type === "work") ?? emails[0];
  const text = String(chosen?.value ?? userName).trim().toLowerCase();
  if (text.length <= 254 && emailPattern.test(text)) return text;
  if (chosen !== undefined) throw scimError(400, "invalidValue", "The user's e-mail address is none.");
  // A directory may know a user by name alone: an address that can receive nothing (RFC 2606) stands in for it.
  const local = userName.normalize("NFKD").toLowerCase().replaceAll(/[^a-z0-9._-]+/g, "-").replaceAll(/^[-.]+|[-.]+$/g, "").slice(0, 60);
  if (local === "") throw scimError(400, "invalidValue", "userName holds no letter or digit.");
  return `${local}@directory.invalid`;
}

function nameOf(data: Record<string, unknown>, userName: string): string {
  const name = (data["name"] ?? {}) as { formatted?: unknown; givenName?: unknown; familyName?: unknown };
  const parts = [name.givenName, name.familyName].filter((part) => typeof part === "string" && part !== "").join(" ");
  const text = [data["displayName"], name.formatted, parts].find((one) => typeof one === "string" && one.trim() !== "");
  return String(text ?? userName).replaceAll(/\p{Cc}/gu, " ").trim().slice(0, 300) || userName;
}
