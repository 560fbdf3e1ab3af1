import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer } from "../evidence/index.ts";
import type { SectionAnswers } from "../evidence/index.ts";

export interface HeldRole {
  readonly person: string;
  readonly state: string;
  readonly role: string;
  readonly grantedBy: string;
  /** Null: asked for, not granted. */
  readonly grantedAt: string | null;
  readonly approval: string | null;
}

const besideAdministrator = new Set(["administrator", "developer", "auditor"]);

/** Who holds what an administrator may not hold: the store refuses it, and the pack looks again. */
export function mixedRoles(roles: readonly HeldRole[]): { person: string; roles: string[] }[] {
  const held = Map.groupBy(roles, (one) => one.person);
  return [...held].map(([person, of]) => ({ person, roles: of.map((one) => one.role).sort() })).filter((one) => one.roles.includes("administrator") && one.roles.some((role) => !besideAdministrator.has(role)));
}

export async function identityAnswers(tx: Tx, org: string): Promise<SectionAnswers> {
  const { rows } = await sql<Omit<HeldRole, "grantedAt"> & { grantedAt: Date | null }>`select p.email as person, p.state, r.role, r.granted_by as "grantedBy", r.granted_at as "grantedAt", r.approval_id as approval
    from person_roles r join people p on p.org = r.org and p.id = r.person_id where r.org = ${org} order by r.role, p.email`.execute(tx);
  const roles = rows.map((row) => ({ ...row, grantedAt: row.grantedAt?.toISOString() ?? null }));
  const source = "people, person_roles";
  return {
    E03: {
      "approval authority matrix": packAnswer({ source, query: "who holds which role, by whom granted and with which approval; state at the moment of creation", gaps: ["Roles taken away earlier are entries of the log, not rows here."], rows: roles }),
      "segregation of duties check": { ...packAnswer({ source, query: "people who hold administrator beside a role other than developer and auditor; none may exist", rows: mixedRoles(roles) }), population: new Set(roles.map((one) => one.person)).size },
    },
  };
}
