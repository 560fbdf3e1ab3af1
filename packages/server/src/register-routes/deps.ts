import { sql } from "kysely";
import type { DecisionPorts } from "../approvals/index.ts";
import type { CommandContext } from "../command.ts";
import type { Contexts, ServerContext } from "../context/index.ts";
import { revokeCredentialsOf } from "../credentials/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { inviteMissing } from "../identity/index.ts";
import type { RegisterPorts } from "../registry/index.ts";

export interface RegisterRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly ports: RegisterPorts;
  readonly decisions: DecisionPorts;
}

/** The same context, doing something more at the end of each of its transactions. */
function afterEach(ctx: ServerContext, more: (tx: Tx, record: Parameters<Parameters<ServerContext["transact"]>[0]>[1]) => Promise<void>): CommandContext<Tx> {
  return {
    ...ctx,
    transact: (work) =>
      ctx.transact(async (tx, record) => {
        const result = await work(tx, record);
        await more(tx, record);
        return result;
      }),
  };
}

/** People whom a group names are invited as owners are: who may be asked to approve must be able to arrive. */
export function invitingMembers(ctx: ServerContext): CommandContext<Tx> {
  return afterEach(ctx, async (tx) => {
    const { rows } = await sql<{ email: string }>`select distinct lower(member) as email from register_objects o, jsonb_array_elements_text(o.spec -> 'members') member
      where o.org = ${ctx.org} and o.kind = 'Group' and not exists (select 1 from people p where p.org = o.org and p.email = lower(member))`.execute(tx);
    if (rows.length > 0) await inviteMissing(tx, { org: ctx.org, emails: rows.map((row) => row.email), nowMs: ctx.now(), random: ctx.random });
  });
}

/** Retiring revokes what could call as the system, in the transaction that retires it. */
export function revokingKeysOf(ctx: ServerContext, system: string, reason: string): CommandContext<Tx> {
  return afterEach(ctx, async (tx, record) => {
    const revoked = await revokeCredentialsOf(tx, ctx.org, system, reason, new Date(ctx.now()));
    if (revoked.length > 0) record({ type: "credential", system, payload: { event: "revoked", credentials: revoked, because: "system retired", reason, by: ctx.actor.id } });
  });
}
