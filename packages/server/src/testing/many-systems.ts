import { createHash } from "node:crypto";
import { canonicalBytes } from "@mandate/ledger";
import { sql } from "kysely";
import type { Database } from "../database/index.ts";

/**
 * Systems that differ from a registered one in their names, `system-FROM` to `system-TO` less one: each row that makes one
 * up, its version hashed as it should be. Applying as many takes minutes.
 */
export async function addSystemsLike(db: Database, org: string, name: string, from: number, to: number): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, at) => from + at);
  await db.transaction(org, async (tx) => {
    const { rows } = await sql<{ manifest: { system: string } }>`select manifest from system_versions where org = ${org} and system = ${name}`.execute(tx);
    const manifests = numbers.map((n) => ({ ...rows[0]!.manifest, system: `system-${n}` }));
    const { rows: determined } = await sql<Record<string, unknown>>`select tier, reasons, flags, unanswered, inputs, contradictions, override_id as override from tier_determinations where org = ${org} and system = ${name}`.execute(tx);
    const hashed = (content: Record<string, unknown>): string => createHash("sha256").update(canonicalBytes(content)).digest("hex");
    const made = sql`unnest(${numbers}::int[], ${manifests.map(hashed)}::text[], ${manifests.map((one) => JSON.stringify(one))}::text[], ${numbers.map((n) => hashed({ ...determined[0], system: `system-${n}` }))}::text[]) as made(n, digest, manifest, determined)`;
    const tables = [
      ["register_objects", "t.kind = 'AISystem' and t.name", sql`jsonb_build_object('name', 'system-' || made.n, 'id', t.id || made.n)`],
      ["system_versions", "t.system", sql`jsonb_build_object('system', 'system-' || made.n, 'digest', made.digest, 'manifest', made.manifest::jsonb)`],
      ["system_states", "t.system", sql`jsonb_build_object('system', 'system-' || made.n, 'digest', made.digest)`],
      ["authorizations", "t.system", sql`jsonb_build_object('system', 'system-' || made.n, 'id', t.id || made.n, 'version_digest', made.digest)`],
      ["tier_determinations", "t.system", sql`jsonb_build_object('system', 'system-' || made.n, 'version_digest', made.digest, 'digest', made.determined)`],
      ["authorization_history", "(select a.system from authorizations a where a.org = t.org and a.id = t.authorization_id)", sql`jsonb_build_object('authorization_id', t.authorization_id || made.n)`],
    ] as const;
    for (const [table, system, changes] of tables)
      await sql`insert into ${sql.table(table)} select (jsonb_populate_record(t, ${changes})).* from ${sql.table(table)} t, ${made} where t.org = ${org} and ${sql.raw(system)} = ${name}`.execute(tx);
  });
}
