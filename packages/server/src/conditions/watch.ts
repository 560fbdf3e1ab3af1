import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Job } from "../jobs/index.ts";
import { notify } from "../notifications/index.ts";
import { loadRegister } from "../registry/index.ts";
import { verifiedForMs } from "./condition.ts";
import { conditionStates } from "./dues.ts";
import type { Conditioned } from "./dues.ts";

/**
 * Takes each condition's measure again, keeps what changed, tells owners of what is unmet, and renews the verification
 * that gateways hold. INVARIANT (G5): it stops nothing and keeps nothing running; due dates are compared at the call.
 */
export function watchConditions(ctx: ServerContext): Job {
  return {
    name: "conditions",
    everyMs: 60_000,
    async run() {
      await ctx.transact(async (tx, record) => {
        const { rows } = await sql<Conditioned & { email: string | null; owners: (string | null)[] }>`select a.id, a.system, a.state, a.conditions, a.requester_email as email, array[o.spec -> 'owners' ->> 'business', o.spec -> 'owners' ->> 'technical'] as owners
          from authorizations a left join register_objects o on o.org = a.org and o.kind = 'AISystem' and o.name = a.system
          where a.org = ${ctx.org} and a.state = 'granted_with_conditions' and a.ends > ${new Date(ctx.now())} order by a.system`.execute(tx);
        if (rows.length === 0) return;
        const states = await conditionStates(tx, ctx.org, rows, await loadRegister(tx, ctx.org), ctx.now());
        const known = await sql<{ id: string; position: number; met: boolean; at: Date }>`select authorization_id as id, position, met, checked_at as at from condition_checks where org = ${ctx.org}`.execute(tx);
        const before = new Map(known.rows.map((row) => [`${row.id} ${row.position}`, row]));
        for (const one of rows) {
          const state = states.get(one.system);
          for (const [position, { met, shown }] of (state?.measured ?? []).entries()) {
            const was = before.get(`${one.id} ${position}`);
            // Half of a verification's life: the snapshot that this change makes carries the next one.
            if (was?.met === met && ctx.now() - was.at.getTime() < verifiedForMs / 2) continue;
            const condition = state!.conditions[position]!;
            await sql`insert into condition_checks (org, authorization_id, position, met, shown, checked_at) values (${ctx.org}, ${one.id}, ${position}, ${met}, ${shown}, ${new Date(ctx.now())})
              on conflict (org, authorization_id, position) do update set met = excluded.met, shown = excluded.shown, checked_at = excluded.checked_at`.execute(tx);
            record({ type: "authorization", system: one.system, payload: { event: met ? "condition_met" : "condition_unmet", authorization: one.id, position, condition, shown } });
            if (met || was?.met === false) continue;
            await notify(tx, ctx, {
              kind: "condition.unmet", thread: `${one.id}-condition-${position}`, system: one.system, to: [one.email, ...one.owners].filter((email) => email !== null),
              subject: `${one.system}: a condition of its authorization isn't met`,
              lines: [`${condition.metric}: ${shown}.`, `From ${condition.due} on: ${condition.consequence}.`], path: `/systems/${one.system}/promotion`,
            });
          }
        }
      });
    },
  };
}
