import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { ApprovalRecord } from "./read.ts";

/**
 * Records that these questions' arguments are about to be shown to the actor. INVARIANT: the entry commits before
 * anything is returned, so nobody reads unseen. Bounded: a page that asks every few seconds is one entry.
 */
export async function noteOpened(quiet: ServerContext, opened: readonly ApprovalRecord[]): Promise<void> {
  if (opened.length === 0) return;
  const { id: person, email } = quiet.actor;
  const ids = opened.map((one) => one.id);
  const known = await quiet.read(async (tx) => {
    const { rows } = await sql<{ count: string }>`select count(*) from approval_reads where org = ${quiet.org} and person_id = ${person} and approval_id = any(${ids}::text[])`.execute(tx);
    return Number(rows[0]!.count);
  });
  if (known === ids.length) return;
  await quiet.transact(async (tx, record) => {
    const { rows } = await sql<{ id: string }>`insert into approval_reads (org, approval_id, person_id, at)
      select ${quiet.org}, id, ${person}, ${new Date(quiet.now())} from unnest(${ids}::text[]) id on conflict do nothing returning approval_id as id`.execute(tx);
    const fresh = new Set(rows.map((row) => row.id));
    for (const [system, of] of Map.groupBy(opened.filter((one) => fresh.has(one.id)), (one) => one.system)) {
      record({ type: "evidence.read", ...(system === null ? {} : { system }), approvals: of.map((one) => one.id), payload: { event: "arguments_opened", person, email, roles: quiet.actor.roles } });
    }
  });
}
