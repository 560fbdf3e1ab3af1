import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import type { Job } from "../jobs/index.ts";

/** Like a new passkey: so long whoever was added to a group answers nothing in its name. */
export const newcomerWaitMs = 24 * 3_600_000;

export interface GroupVersion {
  readonly at: Date;
  readonly members: readonly string[];
  readonly author: string;
}

export interface Newcomer {
  readonly email: string;
  readonly addedBy: string;
  readonly until: Date;
}

/**
 * Pure. Who in the last version came after the first one given. INVARIANT: whoever may edit a manifest edits groups, and
 * must not thereby seat an approver who answers at once. Nobody's word shortens it: an edit can come by a session that
 * somebody else opened.
 * @param versions oldest first, from the one in force a day ago, or else from the group's first
 */
export function newcomersOf(versions: readonly GroupVersion[], nowMs: number): Newcomer[] {
  const [known, ...later] = versions;
  const settled = new Set(known?.members);
  const waiting = new Map<string, Newcomer>();
  for (const { at, members, author } of later) {
    for (const email of waiting.keys()) if (!members.includes(email)) waiting.delete(email);
    for (const email of members) {
      if (!settled.has(email) && !waiting.has(email)) waiting.set(email, { email, addedBy: author, until: new Date(at.getTime() + newcomerWaitMs) });
    }
  }
  return [...waiting.values()].filter((one) => one.until.getTime() > nowMs);
}

/** @param names null: of every group. Before a person administers there is nobody whose groups could be taken over. */
export async function groupNewcomers(tx: Tx, org: string, names: readonly string[] | null, nowMs: number): Promise<ReadonlyMap<string, readonly Newcomer[]>> {
  if (names?.length === 0) return new Map();
  const cutoff = new Date(nowMs - newcomerWaitMs);
  const { rows } = await sql<GroupVersion & { name: string }>`
    select h.name, h.recorded_at as at, coalesce(h.author_email, h.author) as author,
      (select coalesce(jsonb_agg(lower(m)), '[]'::jsonb) from jsonb_array_elements_text(coalesce(h.spec->'members', '[]'::jsonb)) m) as members
    from register_history h where h.org = ${org} and h.kind = 'Group' and (${names === null} or h.name = any(${[...(names ?? [])]}::text[]))
      and h.version >= coalesce((select max(b.version) from register_history b where b.org = h.org and b.kind = h.kind and b.name = h.name and b.recorded_at <= ${cutoff}), 1)
      and exists (select 1 from person_roles r join people p on p.org = r.org and p.id = r.person_id
        where r.org = h.org and r.role = 'administrator' and r.granted_at is not null and p.state = 'active')
    order by h.name, h.version`.execute(tx);
  return new Map([...Map.groupBy(rows, (row) => row.name)].map(([name, versions]) => [name, newcomersOf(versions, nowMs)]));
}

export interface SeatTaken extends Newcomer {
  readonly system: string;
  readonly seat: "business" | "technical";
  /** Who held it before. */
  readonly from: string;
}

/**
 * Owners put into a seat that another person held. INVARIANT: the same as for groups. Whoever may edit a manifest must
 * not become its approver by it; a successor who was asked and said yes did not come by an edit, and doesn't wait. The
 * first owner of a seat is taken as written.
 * @param systems null: all
 */
export async function seatsTaken(tx: Tx, org: string, systems: readonly string[] | null, nowMs: number): Promise<readonly SeatTaken[]> {
  if (systems?.length === 0) return [];
  const cutoff = new Date(nowMs - newcomerWaitMs);
  const { rows } = await sql<{ system: string; seat: "business" | "technical"; at: Date; email: string; author: string }>`
    select h.name as system, seat, h.recorded_at as at, lower(h.spec->'owners'->>seat) as email, coalesce(h.author_email, h.author) as author
    from register_history h, unnest(array['business', 'technical']) seat
    where h.org = ${org} and h.kind = 'AISystem' and (${systems === null} or h.name = any(${[...(systems ?? [])]}::text[])) and h.spec->'owners'->>seat is not null
      and exists (select 1 from register_history recent where recent.org = h.org and recent.kind = h.kind and recent.name = h.name and recent.recorded_at > ${cutoff})
      and h.version >= coalesce((select max(b.version) from register_history b where b.org = h.org and b.kind = h.kind and b.name = h.name and b.recorded_at <= ${cutoff} and b.spec->'owners'->>seat is not null), 1)
      and exists (select 1 from person_roles r join people p on p.org = r.org and p.id = r.person_id
        where r.org = h.org and r.role = 'administrator' and r.granted_at is not null and p.state = 'active')
    order by h.name, seat, h.version`.execute(tx);
  if (rows.length === 0) return [];
  const { rows: confirmed } = await sql<{ system: string; seat: string; successor: string }>`select system, seat, successor from owner_vacancies where org = ${org} and ended_why = 'succeeded'`.execute(tx);
  const said = new Set(confirmed.map((one) => `${one.system} ${one.seat} ${one.successor}`));
  return [...Map.groupBy(rows, (row) => `${row.system} ${row.seat}`).values()].flatMap((versions) => {
    const { system, seat } = versions[0]!;
    return newcomersOf(versions.map(({ at, email, author }) => ({ at, members: [email], author })), nowMs)
      .filter((one) => !said.has(`${system} ${seat} ${one.email}`))
      .map((one) => ({ ...one, system, seat, from: versions.findLast((version) => version.email !== one.email)!.email }));
  });
}

export interface NewcomerPorts {
  readonly report: (finding: { readonly key: string; readonly system: string | null; readonly kind: string; readonly title: string; readonly detail: string; readonly owner: string | null }) => Promise<void>;
  readonly settle: (kinds: readonly string[], stillOpen: ReadonlySet<string>) => Promise<void>;
}

/** Tells of approvers who came by an edit, while there is time to undo it. It decides nothing. */
export function watchNewcomers(ctx: ServerContext, ports: NewcomerPorts): Job {
  return {
    name: "watch groups",
    everyMs: 60_000,
    async run() {
      const open = new Set<string>();
      for (const [group, newcomers] of await ctx.read((tx) => groupNewcomers(tx, ctx.org, null, ctx.now()))) {
        if (newcomers.length === 0) continue;
        const key = `approvers.changed:${group}`;
        open.add(key);
        await ports.report({
          key, system: null, kind: "approvers.changed", owner: null, title: `Somebody was added to the group ${group}`,
          detail: newcomers.map((one) => `${one.addedBy} added ${one.email}, who answers in its name from ${one.until.toISOString()} on.`).join(" "),
        });
      }
      for (const one of await ctx.read((tx) => seatsTaken(tx, ctx.org, null, ctx.now()))) {
        const key = `approvers.changed:${one.system}:${one.seat}`;
        open.add(key);
        await ports.report({
          key, system: one.system, kind: "approvers.changed", owner: one.from, title: `${one.system} has another ${one.seat} owner`,
          detail: `${one.addedBy} put ${one.email} in the place of ${one.from}. As owner, ${one.email} approves from ${one.until.toISOString()} on.`,
        });
      }
      await ports.settle(["approvers.changed"], open);
    },
  };
}
