import type { ClientBase } from "pg";

/** Kept outside organizations: it says which migrations ran. */
const infrastructure = ["mandate_migration"];

/**
 * Tables that break "every row carries its organization, and row security is on and forced".
 * @returns one line a fault, empty when all is well
 */
export async function rowSecurityFaults(client: Pick<ClientBase, "query">): Promise<string[]> {
  const { rows } = await client.query<{
    name: string;
    org: boolean;
    enabled: boolean;
    forced: boolean;
    policies: number;
  }>(
    `SELECT c.oid::regclass::text AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org' AND a.attnotnull) AS org,
       (SELECT count(*)::int FROM pg_policy p WHERE p.polrelid = c.oid) AS policies
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
     ORDER BY 1`,
  );
  const faults: string[] = [];
  for (const table of rows) {
    if (infrastructure.includes(table.name)) continue;
    if (!table.org) faults.push(`${table.name}: no column org that is NOT NULL`);
    if (!table.enabled) faults.push(`${table.name}: row security is off`);
    if (!table.forced) faults.push(`${table.name}: row security isn't forced on the owner`);
    if (table.policies === 0) faults.push(`${table.name}: no policy`);
  }
  return faults;
}
