import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Job } from "../jobs/index.ts";
import { notify } from "../notifications/index.ts";
import { findingStateNow } from "./findings.ts";

const againMs = 7 * 86_400_000;

/**
 * Tells owners and governance leads of what is overdue, once and then once a week. Overdue itself is read from the clock;
 * this only says it aloud.
 */
export function escalateFindings(ctx: ServerContext): Job {
  return {
    name: "escalate findings",
    everyMs: 5 * 60_000,
    async run() {
      const now = new Date(ctx.now());
      await ctx.transact(async (tx, record) => {
        const { rows } = await sql<{ id: string; system: string | null; title: string; owner: string | null; due_at: Date }>`select id, system, title, owner, due_at from findings
          where org = ${ctx.org} and ${findingStateNow(now)} = 'open' and due_at <= ${now} and (escalated_at is null or escalated_at <= ${new Date(ctx.now() - againMs)})
          order by due_at limit 200 for update`.execute(tx);
        if (rows.length === 0) return;
        const { rows: leads } = await sql<{ email: string }>`select p.email from people p join person_roles r on r.org = p.org and r.person_id = p.id
          where p.org = ${ctx.org} and p.state <> 'deactivated' and r.role = 'governance-lead' and r.granted_at is not null`.execute(tx);
        await sql`update findings set escalated_at = ${now} where org = ${ctx.org} and id = any(${rows.map((row) => row.id)})`.execute(tx);
        for (const row of rows) {
          await notify(tx, ctx, {
            kind: "finding.opened",
            thread: row.id,
            system: row.system,
            to: [...(row.owner === null ? [] : [row.owner]), ...leads.map((one) => one.email)],
            subject: `Overdue: ${row.title}`,
            lines: [`It was due ${row.due_at.toISOString()}${row.owner === null ? ", and nobody owns it" : ""}.`],
            path: "/findings",
          });
        }
        record({ type: "finding", payload: { event: "escalated", findings: rows.map((row) => row.id) } });
      });
    },
  };
}
