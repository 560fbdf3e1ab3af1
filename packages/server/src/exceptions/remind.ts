import { reminderDays } from "@mandate/frameworks";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Job } from "../jobs/index.ts";
import { notify } from "../notifications/index.ts";

const dayMs = 86_400_000;

/** Days of the reminder that is due `leftMs` before an end, if any: the nearest one that has been reached. */
export function reminderDue(leftMs: number, last: number | null): number | undefined {
  const due = reminderDays.filter((days) => leftMs <= days * dayMs).toSorted((a, b) => a - b)[0];
  return leftMs <= 0 || due === undefined || (last !== null && last <= due) ? undefined : due;
}

/** Tells requester and owners before an exception ends. It ends whether this ran or not (G5). */
export function exceptionReminders(ctx: ServerContext): Job {
  return {
    name: "exception reminders",
    everyMs: 60_000,
    run: () =>
      ctx.transact(async (tx, record) => {
        const now = new Date(ctx.now());
        const { rows } = await sql<{ id: string; system: string; scope: string; target: string; ends: Date; email: string | null; last: number | null; owners: (string | null)[] }>`select e.id, e.system, e.scope, e.target, e.ends_at as ends, e.requester_email as email, e.reminded_days as last,
            array[o.spec -> 'owners' ->> 'business', o.spec -> 'owners' ->> 'technical'] as owners
          from exceptions e left join register_objects o on o.org = e.org and o.kind = 'AISystem' and o.name = e.system
          where e.org = ${ctx.org} and e.granted_at is not null and e.ended_at is null and e.ends_at > ${now} order by e.ends_at limit 500 for update of e skip locked`.execute(tx);
        for (const one of rows) {
          const days = reminderDue(one.ends.getTime() - ctx.now(), one.last);
          if (days === undefined) continue;
          await notify(tx, ctx, {
            kind: "exception.ending", thread: `${one.id}-ending`, system: one.system, to: [one.email, ...one.owners].filter((email) => email !== null),
            subject: `${one.system}: the exception from ${one.target} ends within ${days === 1 ? "a day" : `${days} days`}`,
            lines: [`It ends by itself at ${one.ends.toISOString()}. Meet the ${one.scope} until then, or ask for another exception.`], path: "/exceptions",
          });
          await sql`update exceptions set reminded_days = ${days} where org = ${ctx.org} and id = ${one.id}`.execute(tx);
          record({ type: "notification", system: one.system, payload: { event: "exception.ending", exception: one.id, days } });
        }
      }),
  };
}
