import SCIMMY from "scimmy";
import { newId } from "@mandate/model";
import { sql } from "kysely";
import { scimError } from "./context.ts";
import type { ScimContext } from "./context.ts";

interface GroupRow {
  id: string;
  name: string;
  display_name: string;
  external_id: string | null;
  members: string[];
  created_at: Date;
  changed_at: Date;
}

type GroupResource = InstanceType<typeof SCIMMY.Resources.Group>;
type GroupSchema = InstanceType<typeof SCIMMY.Schemas.Group>;

const columns = sql`id, name, display_name, external_id, members, created_at, changed_at`;
const maxMembers = 500;

async function shown({ tx, ctx }: ScimContext, rows: readonly GroupRow[]): Promise<Record<string, unknown>[]> {
  const { rows: people } = await sql<{ id: string; name: string }>`select id, name from people where org = ${ctx.org} and id = any(${[...new Set(rows.flatMap((row) => row.members))]})`.execute(tx);
  const names = new Map(people.map((one) => [one.id, one.name]));
  return rows.map((row) => ({
    id: row.id,
    displayName: row.display_name,
    ...(row.external_id === null ? {} : { externalId: row.external_id }),
    members: row.members.map((value) => ({ value, display: names.get(value) ?? value, type: "User", $ref: `/scim/v2/Users/${value}` })),
    meta: { created: row.created_at, lastModified: row.changed_at },
  }));
}

async function readGroup({ tx, ctx }: ScimContext, id: string): Promise<GroupRow | undefined> {
  const { rows } = await sql<GroupRow>`select ${columns} from scim_groups where org = ${ctx.org} and id = ${id} for update`.execute(tx);
  return rows[0];
}

export async function egressGroup(resource: GroupResource, scim: ScimContext): Promise<Record<string, unknown> | Record<string, unknown>[]> {
  if (resource.id !== undefined) {
    const row = await readGroup(scim, resource.id);
    if (row === undefined) throw scimError(404, null, "There is no such group.");
    return (await shown(scim, [row]))[0]!;
  }
  const { rows } = await sql<GroupRow>`select ${columns} from scim_groups where org = ${scim.ctx.org} order by created_at, id limit 2000`.execute(scim.tx);
  const all = await shown(scim, rows);
  return resource.filter === undefined ? all : (resource.filter.match(all) as Record<string, unknown>[]);
}

/** Members are approvers of whatever names the group, but it gives no role: roles are granted here, by people. */
export async function ingressGroup(resource: GroupResource, instance: GroupSchema, scim: ScimContext): Promise<Record<string, unknown>> {
  const { tx, ctx, record } = scim;
  const data = JSON.parse(JSON.stringify(instance)) as { displayName?: unknown; externalId?: unknown; members?: { value?: unknown }[] };
  const displayName = String(data.displayName ?? "").replaceAll(/\p{Cc}/gu, " ").trim();
  if (displayName === "" || displayName.length > 300) throw scimError(400, "invalidValue", "displayName is missing or too long.");
  const externalId = typeof data.externalId === "string" && data.externalId !== "" ? data.externalId.slice(0, 255) : null;
  const members = [...new Set((data.members ?? []).map((one) => String(one.value ?? "")))];
  if (members.length > maxMembers) throw scimError(413, null, `A group holds at most ${maxMembers} members.`);
  await refuseStrangers(scim, members);
  const known = resource.id === undefined ? undefined : await readGroup(scim, resource.id);
  if (resource.id !== undefined && known === undefined) throw scimError(404, null, "There is no such group.");
  const name = known?.name ?? groupName(displayName);
  const id = known?.id ?? newId("object", ctx.now(), ctx.random);
  const now = new Date(ctx.now());
  if (known === undefined) await refuseTaken(scim, name);
  await sql`insert into scim_groups (org, id, name, display_name, external_id, members, created_at, changed_at)
    values (${ctx.org}, ${id}, ${name}, ${displayName}, ${externalId}, ${members}, ${now}, ${now})
    on conflict (org, id) do update set display_name = excluded.display_name, external_id = excluded.external_id, members = excluded.members, changed_at = excluded.changed_at`.execute(tx);
  record({ type: "person", payload: { event: known === undefined ? "group.provisioned" : "group.changed", group: name, members, by: ctx.actor.id } });
  scim.groupsChanged.add(name);
  return (await shown(scim, [(await readGroup(scim, id))!]))[0]!;
}

export async function degressGroup(resource: GroupResource, scim: ScimContext): Promise<void> {
  const { tx, ctx, record } = scim;
  const row = await readGroup(scim, resource.id!);
  if (row === undefined) throw scimError(404, null, "There is no such group.");
  await sql`delete from scim_groups where org = ${ctx.org} and id = ${row.id}`.execute(tx);
  record({ type: "person", payload: { event: "group.removed", group: row.name, by: ctx.actor.id } });
  scim.groupsChanged.add(row.name);
}

async function refuseStrangers({ tx, ctx }: ScimContext, members: readonly string[]): Promise<void> {
  const { rows } = await sql<{ count: string }>`select count(*) from scim_users where org = ${ctx.org} and deleted_at is null and person_id = any(${[...members]})`.execute(tx);
  if (Number(rows[0]!.count) !== members.length) throw scimError(400, "invalidValue", "A member is not a user of this directory.");
}

/** A group that people wrote by hand isn't overwritten by one of the same name. */
async function refuseTaken({ tx, ctx }: ScimContext, name: string): Promise<void> {
  const { rows } = await sql<{ one: number }>`select 1 as one from scim_groups where org = ${ctx.org} and name = ${name}
    union all select 1 from register_objects where org = ${ctx.org} and kind = 'Group' and name = ${name}`.execute(tx);
  if (rows.length > 0) throw scimError(409, "uniqueness", `There is a group \`${name}\` already.`);
}

/** The register's name of a directory's group: `AI reviewers (EU)` is `ai-reviewers-eu`. */
export function groupName(displayName: string): string {
  const name = displayName.normalize("NFKD").toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, 100);
  if (name === "") throw scimError(400, "invalidValue", "displayName holds no letter or digit.");
  return name;
}

export interface MirroredGroup {
  readonly title: string;
  readonly members: readonly string[];
}

/** What the register's Group should read now; undefined when the directory removed it. */
export async function mirrored({ tx, ctx }: Pick<ScimContext, "tx" | "ctx">, name: string): Promise<MirroredGroup | undefined> {
  const { rows } = await sql<{ display_name: string; emails: string[] }>`select g.display_name,
      coalesce((select array_agg(p.email order by p.email) from people p where p.org = g.org and p.id = any(g.members) and p.state <> 'deactivated'), '{}') as emails
    from scim_groups g where g.org = ${ctx.org} and g.name = ${name}`.execute(tx);
  return rows[0] === undefined ? undefined : { title: rows[0].display_name, members: rows[0].emails };
}

export async function groupsOf({ tx, ctx }: Pick<ScimContext, "tx" | "ctx">, personId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`select name from scim_groups where org = ${ctx.org} and ${personId} = any(members)`.execute(tx);
  return rows.map((row) => row.name);
}
