import { isAbsolute } from "node:path";
import { sql } from "kysely";
import { z } from "zod";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";

/** One command line, word for word. Its program by absolute path: a bare name would be whatever a PATH makes of it. */
export const commandLineSchema = z
  .array(z.string().min(1).max(2000))
  .min(1)
  .max(101)
  .refine(([program]) => program !== undefined && isAbsolute(program), "starts with no absolute path");

/** Empty until an administrator decided: a register entry alone starts nothing. */
export async function readMcpCommands(tx: Tx, org: string): Promise<readonly (readonly string[])[]> {
  const { rows } = await sql<{ value: { allow: string[][] } }>`select value from settings where org = ${org} and key = 'mcp-commands'`.execute(tx);
  return rows[0]?.value.allow ?? [];
}

export async function putMcpCommands(ctx: ServerContext, allow: readonly (readonly string[])[]): Promise<void> {
  await ctx.transact(async (tx, record) => {
    await sql`insert into settings (org, key, value, changed_by, changed_at) values (${ctx.org}, 'mcp-commands', ${JSON.stringify({ allow })}::jsonb, ${ctx.actor.id}, ${new Date(ctx.now())})
      on conflict (org, key) do update set value = excluded.value, changed_by = excluded.changed_by, changed_at = excluded.changed_at`.execute(tx);
    record({ type: "setting", payload: { event: "mcp-commands", allow, by: ctx.actor.id } });
  });
}
