import { isIP } from "node:net";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";

/** Used on a loopback host until an administrator decides otherwise; said at start. */
export const loopbackAllow = ["127.0.0.0/8", "::1/128"] as const;

/** `10.0.0.0/8`, `fd00::/8`, `vllm.ml.svc:8000` or `[::1]:8000`. Link-local and metadata ranges can't be allowed. */
export function isOutboundEntry(text: string): boolean {
  const cidr = /^([0-9a-fA-F:.]+)\/([0-9]{1,3})$/.exec(text);
  if (cidr !== null) {
    const family = isIP(cidr[1]!);
    const bits = Number(cidr[2]);
    // A mask of 0 to 7 would open half the internet's private and metadata ranges in one line.
    return (family === 4 && bits >= 8 && bits <= 32 && !cidr[1]!.startsWith("169.254.")) || (family === 6 && bits >= 7 && bits <= 128 && !/^fe[89ab]/i.test(cidr[1]!));
  }
  const hostPort = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)):([0-9]{1,5})$/.exec(text);
  if (hostPort === null) return false;
  const port = Number(hostPort[3]);
  return port > 0 && port < 65_536 && !(hostPort[2] ?? "").startsWith("169.254.");
}

/** Undefined until an administrator decided. */
export async function readOutboundAllow(tx: Tx, org: string): Promise<readonly string[] | undefined> {
  const { rows } = await sql<{ value: { allow: string[] } }>`select value from settings where org = ${org} and key = 'outbound'`.execute(tx);
  return rows[0]?.value.allow;
}

export async function putOutboundAllow(ctx: ServerContext, allow: readonly string[]): Promise<void> {
  await ctx.transact(async (tx, record) => {
    await sql`insert into settings (org, key, value, changed_by, changed_at) values (${ctx.org}, 'outbound', ${JSON.stringify({ allow })}::jsonb, ${ctx.actor.id}, ${new Date(ctx.now())})
      on conflict (org, key) do update set value = excluded.value, changed_by = excluded.changed_by, changed_at = excluded.changed_at`.execute(tx);
    record({ type: "setting", payload: { event: "outbound", allow, by: ctx.actor.id } });
  });
}
