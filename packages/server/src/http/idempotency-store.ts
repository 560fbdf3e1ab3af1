import { sql } from "kysely";
import type { Database } from "../database/index.ts";
import type { IdempotencyStore } from "./idempotency.ts";

const keptMs = 24 * 3_600_000;

export function databaseIdempotency(db: Database, org: string): IdempotencyStore {
  return {
    claim: (actor, key, requestHash, nowMs) =>
      db.transaction(org, async (tx) => {
        await sql`delete from idempotency_keys where org = ${org} and created_at < ${new Date(nowMs - keptMs)}`.execute(tx);
        const { rows: inserted } = await sql<{ key: string }>`insert into idempotency_keys (org, actor, key, request_hash, created_at) values (${org}, ${actor}, ${key}, ${requestHash}, ${new Date(nowMs)})
          on conflict do nothing returning key`.execute(tx);
        if (inserted.length > 0) return "claimed";
        const { rows } = await sql<{ request_hash: string; status: number | null; body: string | null }>`select request_hash, status, body from idempotency_keys where org = ${org} and actor = ${actor} and key = ${key}`.execute(tx);
        const row = rows[0]!;
        return { requestHash: row.request_hash, status: row.status, body: row.body };
      }),
    finish: async (actor, key, status, body) => {
      await db.transaction(org, (tx) => sql`update idempotency_keys set status = ${status}, body = ${body} where org = ${org} and actor = ${actor} and key = ${key}`.execute(tx));
    },
    forget: async (actor, key) => {
      await db.transaction(org, (tx) => sql`delete from idempotency_keys where org = ${org} and actor = ${actor} and key = ${key}`.execute(tx));
    },
  };
}
