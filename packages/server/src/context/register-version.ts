import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

/** @returns the raised version; its row lock orders concurrent changes */
export async function bumpRegisterVersion(tx: Tx, org: string, now: Date): Promise<number> {
  const { rows } = await sql<{ version: string }>`insert into register_version (org, version, changed_at) values (${org}, 1, ${now})
    on conflict (org) do update set version = register_version.version + 1, changed_at = excluded.changed_at returning version`.execute(tx);
  return Number(rows[0]!.version);
}

/** 0 before the first change. */
export async function readRegisterVersion(tx: Tx, org: string): Promise<number> {
  const { rows } = await sql<{ version: string }>`select version from register_version where org = ${org}`.execute(tx);
  return Number(rows[0]?.version ?? 0);
}
