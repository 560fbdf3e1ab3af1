import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import type { Job } from "../jobs/index.ts";
import { ensureSigningKey } from "./signing-keys.ts";

/** A new signing key before the old one is too old; assertion ids that can't be replayed any more are forgotten. */
export function tidyTokens(db: Database, ctx: ServerContext, masterKey: Uint8Array): Job {
  return {
    name: "access-tokens",
    everyMs: 60_000,
    async run() {
      await ensureSigningKey(ctx, masterKey);
      await db.transaction(ctx.org, (tx) => sql`delete from spent_assertions where org = ${ctx.org} and expires_at < ${new Date(ctx.now())}`.execute(tx));
    },
  };
}
