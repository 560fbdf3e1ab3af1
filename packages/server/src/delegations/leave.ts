import { sql } from "kysely";
import type { Departure } from "../command.ts";
import type { Tx } from "../database/index.ts";

/** A delegation stands between two people; it ends with either. */
export const endDelegationsOf: Departure<Tx> = async (tx, ctx, person, record) => {
  const { rows } = await sql<{ id: string }>`update delegations set ended_at = ${new Date(ctx.now())}, ended_by = ${ctx.actor.id}
    where org = ${ctx.org} and (from_person = ${person.id} or to_person = ${person.id}) and ended_at is null returning id`.execute(tx);
  for (const { id } of rows) record({ type: "delegation", payload: { event: "ended", delegation: id, why: "the person has left", person: person.id } });
};
