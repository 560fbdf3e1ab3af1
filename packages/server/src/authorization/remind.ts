import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import { reminderDue } from "../exceptions/index.ts";
import type { Job } from "../jobs/index.ts";
import { notify } from "../notifications/index.ts";

/** Tells owners before an authorization ends. It ends whether this ran or not (G5). */
export function authorizationReminders(ctx: ServerContext): Job {
  return {
    name: "authorization reminders",
    everyMs: 60_000,
    run: () =>
      ctx.transact(async (tx, record) => {
        const { rows } = await sql<{ id: string; system: string; type: "pilot" | "production"; ends: Date; last: number | null; owners: (string | null)[] }>`select a.id, a.system, a.type, a.ends, a.reminded_days as last,
            array[o.spec -> 'owners' ->> 'business', o.spec -> 'owners' ->> 'technical'] as owners
          from authorizations a join register_objects o on o.org = a.org and o.kind = 'AISystem' and o.name = a.system
          where a.org = ${ctx.org} and a.state in ('granted', 'granted_with_conditions') and a.ends > ${new Date(ctx.now())} order by a.ends limit 500 for update of a skip locked`.execute(tx);
        for (const one of rows) {
          const days = reminderDue(one.ends.getTime() - ctx.now(), one.last);
          if (days === undefined) continue;
          const next = one.type === "pilot" ? "Extend the pilot, or take the system to production." : "Ask for a new authorization before then.";
          await notify(tx, ctx, {
            kind: "authorization.ending", thread: `${one.id}-ending`, system: one.system, to: one.owners.filter((email) => email !== null),
            subject: `${one.system}: its ${one.type} authorization ends within ${days === 1 ? "a day" : `${days} days`}`,
            lines: [`Calls are refused from ${one.ends.toISOString()} on.`, next], path: `/systems/${one.system}/promotion`,
          });
          await sql`update authorizations set reminded_days = ${days} where org = ${ctx.org} and id = ${one.id}`.execute(tx);
          record({ type: "notification", system: one.system, payload: { event: "authorization.ending", authorization: one.id, days } });
        }
      }),
  };
}
