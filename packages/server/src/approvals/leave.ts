import { sql } from "kysely";
import type { Departure } from "../command.ts";
import type { Tx } from "../database/index.ts";

/** What a person who left had asked for lapses: nobody is there to answer for it. */
export const lapseQuestionsOf: Departure<Tx> = async (tx, ctx, person, record) => {
  const { rows } = await sql<{ id: string; system: string | null }>`update approvals set expires_at = ${new Date(ctx.now())}
    where org = ${ctx.org} and state = 'pending' and requester = ${person.email} and expires_at > ${new Date(ctx.now())} returning id, system`.execute(tx);
  for (const { id, system } of rows) {
    record({ type: "approval", ...(system === null ? {} : { system }), approvals: [id], payload: { event: "lapsed", why: "the person who asked has left", person: person.id } });
  }
};
