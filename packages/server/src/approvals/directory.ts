import { approvingRoles } from "@mandate/model";
import type { Role } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { activeDelegations } from "../delegations/index.ts";
import { groupNewcomers, seatsTaken } from "./newcomers.ts";
import type { Directory, Member, Seat } from "./seats.ts";

interface Asked {
  readonly system: string | null;
  readonly approvers: readonly { readonly seat?: Seat; readonly committee?: { readonly group: string } }[];
}

interface Owners {
  readonly name: string;
  readonly business: string | null;
  readonly technical: string | null;
}

/**
 * People, roles, groups and delegations as they are in this transaction, for the questions given.
 * @param self who asks: its roles are those it was recognised with, a moment ago
 */
export async function loadDirectory(tx: Tx, org: string, nowMs: number, asked: readonly Asked[], self?: { readonly email: string | null; readonly roles: readonly Role[] }): Promise<Directory> {
  const sets = asked.flatMap((one) => one.approvers);
  const groupNames = [...new Set(sets.flatMap((set) => [...(set.seat?.kind === "group" ? [set.seat.name] : []), ...(set.committee === undefined ? [] : [set.committee.group])]))];
  const systems = [...new Set(asked.flatMap((one) => (one.system === null ? [] : [one.system])))];
  const roles = await sql<{ email: string; role: Role; scope: string }>`select p.email, r.role, r.scope from person_roles r join people p on p.org = r.org and p.id = r.person_id
    where r.org = ${org} and r.granted_at is not null and p.state <> 'deactivated' order by p.email`.execute(tx);
  const gone = await sql<{ email: string }>`select email from people where org = ${org} and state = 'deactivated'`.execute(tx);
  const groups = groupNames.length === 0 ? [] : (await sql<{ name: string; members: string[]; quorum: number | null }>`select name, spec->'members' as members, (spec->>'quorum')::int as quorum from register_objects
    where org = ${org} and kind = 'Group' and name = any(${groupNames})`.execute(tx)).rows;
  const newcomers = await groupNewcomers(tx, org, groups.map((one) => one.name), nowMs);
  const owners = systems.length === 0 ? [] : (await sql<Owners>`select name, lower(spec->'owners'->>'business') as business, lower(spec->'owners'->>'technical') as technical from register_objects
    where org = ${org} and kind = 'AISystem' and name = any(${systems})`.execute(tx)).rows;
  const taken = await seatsTaken(tx, org, systems, nowMs);
  const appointed = groupNames.length === 0 ? [] : (await sql<{ group_name: string; members: string[]; quorum: number }>`select group_name, members, quorum from committees
    where org = ${org} and group_name = any(${groupNames}) and appointed_at is not null and ended_at is null`.execute(tx)).rows;
  const departed = new Set(gone.rows.map((one) => one.email));
  const units = roles.rows.some((one) => one.scope.startsWith("unit:"))
    ? (await sql<{ name: string; unit: string | null }>`select name, unit from register_objects where org = ${org} and kind = 'AISystem' and name = any(${systems})`.execute(tx)).rows
    : [];
  // A role for one unit or system answers for that alone.
  const reaches = (scope: string, system: string | null): boolean =>
    scope === "" || (system !== null && (scope === `system:${system}` || units.some((one) => one.name === system && scope === `unit:${one.unit ?? ""}`)));
  const held = [...roles.rows];
  if (self?.email != null) for (const role of self.roles) if (!held.some((one) => one.email === self.email && one.role === role && one.scope === "")) held.push({ email: self.email, role, scope: "" });
  const present = (members: readonly Member[]): Member[] => members.filter((one) => !departed.has(one.email));

  return {
    nowMs,
    delegations: (await activeDelegations(tx, org, nowMs)).filter((one) => !departed.has(one.from) && !departed.has(one.to) && !held.some((role) => role.email === one.to && role.role === "administrator")),
    waiting(seat, system) {
      if (seat.kind === "group") return newcomers.get(seat.name) ?? [];
      if (seat.kind !== "owner" && seat.kind !== "owners") return [];
      return taken.filter((one) => one.system === system && (seat.kind === "owners" || one.seat === seat.owner));
    },
    holders(seat, system) {
      if (seat.kind === "person") return present([{ email: seat.email, role: "person" }]);
      if (seat.kind === "role") return [...new Map(held.filter((one) => one.role === seat.role && reaches(one.scope, system)).map(({ email, role }) => [email, { email, role }])).values()];
      if (seat.kind === "approvers") {
        const holding = held.filter((one) => (approvingRoles as readonly Role[]).includes(one.role) && reaches(one.scope, system));
        return [...Map.groupBy(holding, (one) => one.email).values()].map((of) => ({ email: of[0]!.email, role: of[0]!.role }));
      }
      if (seat.kind === "group") {
        const waiting = newcomers.get(seat.name)?.map((one) => one.email) ?? [];
        const members = groups.find((one) => one.name === seat.name)?.members.map((email) => email.toLowerCase()) ?? [];
        return present(members.filter((email) => !waiting.includes(email)).map((email) => ({ email, role: seat.name })));
      }
      const of = owners.find((one) => one.name === system);
      const all = (["business", "technical"] as const).flatMap((which): Member[] => (of?.[which] == null || taken.some((one) => one.system === system && one.seat === which && one.email === of[which]) ? [] : [{ email: of[which], role: `${which}-owner` }]));
      return present(seat.kind === "owners" ? all : all.filter((one) => one.role === `${seat.owner}-owner`));
    },
    committee(name) {
      const was = appointed.find((one) => one.group_name === name);
      const is = groups.find((one) => one.name === name);
      // INVARIANT: exactly as appointed. Whoever may edit the group by manifest must not thereby seat an approver.
      if (was === undefined || is === undefined || is.quorum !== was.quorum || sorted(is.members) !== sorted(was.members)) return [];
      return present(was.members.map((email) => ({ email, role: `committee ${name}` })));
    },
  };
}

function sorted(emails: readonly string[]): string {
  return [...new Set(emails.map((one) => one.toLowerCase()))].toSorted().join(" ");
}
