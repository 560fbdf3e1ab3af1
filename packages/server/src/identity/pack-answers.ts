import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";

export interface HeldRole {
  readonly person: string;
  readonly state: string;
  readonly role: string;
  readonly grantedBy: string;
  /** Null: asked for, not granted. */
  readonly grantedAt: string | null;
  readonly approval: string | null;
}

/** A role that somebody held and holds no more. */
export interface EndedRole {
  readonly person: string;
  readonly role: string;
  readonly grantedBy: string | null;
  readonly grantedAt: string;
  readonly endedAt: string;
  readonly approval: string | null;
}

const besideAdministrator = new Set(["administrator", "developer", "auditor"]);

/** Who holds what an administrator may not hold: the store refuses it, and the pack looks again. */
export function mixedRoles(roles: readonly HeldRole[]): { person: string; roles: string[] }[] {
  const held = Map.groupBy(roles, (one) => one.person);
  return [...held].map(([person, of]) => ({ person, roles: of.map((one) => one.role).sort() })).filter((one) => one.roles.includes("administrator") && one.roles.some((role) => !besideAdministrator.has(role)));
}

export async function identityAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const { rows } = await sql<Omit<HeldRole, "grantedAt"> & { grantedAt: Date | null }>`select p.email as person, p.state, r.role, r.granted_by as "grantedBy", r.granted_at as "grantedAt", r.approval_id as approval
    from person_roles r join people p on p.org = r.org and p.id = r.person_id where r.org = ${org} order by r.role, p.email`.execute(tx);
  const roles = rows.map((row) => ({ ...row, grantedAt: row.grantedAt?.toISOString() ?? null }));
  const past = await sql<Omit<EndedRole, "grantedAt" | "endedAt"> & { grantedAt: Date; endedAt: Date }>`select p.email as person, e.role, e.granted_by as "grantedBy", e.granted_at as "grantedAt", e.ended_at as "endedAt", e.approval_id as approval
    from person_roles_ended e join people p on p.org = e.org and p.id = e.person_id where e.org = ${org} and e.granted_at < coalesce(${scope.until}::timestamptz, 'infinity') and e.ended_at >= coalesce(${scope.since}::timestamptz, '-infinity')
    order by e.ended_at, p.email, e.role`.execute(tx);
  const ended: EndedRole[] = past.rows.map((row) => ({ ...row, grantedAt: row.grantedAt.toISOString(), endedAt: row.endedAt.toISOString() }));
  // What was taken away before a release kept it is in no row.
  const kept = await sql<{ since: Date }>`select m.applied_at as since from mandate_migration m, organization o where m.number = 361 and o.org = ${org} and o.created_at < m.applied_at
    and m.applied_at > coalesce(${scope.since}::timestamptz, '-infinity')`.execute(tx);
  const source = "people, person_roles, person_roles_ended";
  return {
    E03: {
      "approval authority matrix": { ...packAnswer({ source, query: "who holds which role, by whom granted and with which approval; state at the moment of creation; beside them (`ended`) each role that somebody held in the period and holds no more", gaps: kept.rows.map(({ since }) => `Roles taken away before ${since.toISOString().slice(0, 10)} are entries of the log, not rows here.`), rows: roles }), ended },
      "segregation of duties check": { ...packAnswer({ source, query: "people who hold administrator beside a role other than developer and auditor; none may exist", rows: mixedRoles(roles) }), population: new Set(roles.map((one) => one.person)).size },
    },
  };
}
