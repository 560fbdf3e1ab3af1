import { sql } from "kysely";
import type { Departure } from "../command.ts";
import { bumpRegisterVersion } from "../context/index.ts";
import type { Tx } from "../database/index.ts";

/** Nobody answers for them any more: suspended, not revoked, so that a successor can take them over. */
export const suspendCredentialsOf: Departure<Tx> = async (tx, ctx, person, record) => {
  const reason = "the accountable person has left";
  const { rows } = await sql<{ id: string; system: string; kind: string }>`update credentials set state = 'suspended', reason = ${reason}, changed_at = ${new Date(ctx.now())}
    where org = ${ctx.org} and accountable = ${person.email} and state = 'active' and not_after > ${new Date(ctx.now())} returning id, system, kind`.execute(tx);
  // People leave without a new snapshot; what they answered for must stop at the gateways (G2).
  if (rows.length > 0) await bumpRegisterVersion(tx, ctx.org, new Date(ctx.now()));
  for (const row of rows) record({ type: "credential", system: row.system, payload: { event: "suspend", credential: row.id, kind: row.kind, reason, person: person.id } });
};
