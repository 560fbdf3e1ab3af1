import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";

/** Where write-once copies of the logs go. */
export interface MirrorSettings {
  /** `https://s3.eu-central-1.amazonaws.com`, or any server that speaks its protocol; the bucket is the path's first part. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Before each object's name; ends in `/` unless empty. */
  readonly prefix: string;
  /** Upstream secret `ACCESS-KEY-ID:SECRET-ACCESS-KEY`, sealed for the endpoint's host. */
  readonly secret: string;
  /** Nobody, the account's owner included in mode COMPLIANCE, can take an object away before this many days. */
  readonly retainDays: number;
  readonly lock: "COMPLIANCE" | "GOVERNANCE";
}

const key = "evidence-mirror";

export async function readMirror(tx: Tx, org: string): Promise<MirrorSettings | null> {
  const { rows } = await sql<{ value: MirrorSettings }>`select value from settings where org = ${org} and key = ${key}`.execute(tx);
  return rows[0]?.value ?? null;
}

export async function writeMirror(ctx: ServerContext, settings: MirrorSettings | null, reason: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const before = await readMirror(tx, ctx.org);
    if (settings === null) await sql`delete from settings where org = ${ctx.org} and key = ${key}`.execute(tx);
    else
      await sql`insert into settings (org, key, value, changed_by, changed_at) values (${ctx.org}, ${key}, ${JSON.stringify(settings)}::jsonb, ${ctx.actor.id}, ${new Date(ctx.now())})
        on conflict (org, key) do update set value = excluded.value, changed_by = excluded.changed_by, changed_at = excluded.changed_at`.execute(tx);
    // Another place holds nothing yet.
    const isMoved = before === null || settings === null || before.endpoint !== settings.endpoint || before.bucket !== settings.bucket || before.prefix !== settings.prefix;
    if (isMoved) await sql`delete from evidence_mirror where org = ${ctx.org}`.execute(tx);
    record({ type: "setting", payload: { event: "evidence.mirror", before, after: settings, reason } });
  });
}
