import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { openFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import { inForceStates } from "./store.ts";

const share = 0.1;
const mostDrawn = 20;

/**
 * Pure. One in ten, at least one: those whose hash with the seed is lowest. INVARIANT: nobody chooses. The seed is a head
 * of the log that nobody could know when they attested, and whoever holds it draws the same again.
 */
export function drawSample(systems: readonly string[], seed: string): string[] {
  const count = Math.min(mostDrawn, Math.ceil(systems.length * share));
  const rank = (name: string): string => createHash("sha256").update(`${seed}\n${name}`).digest("hex");
  return systems.map((name) => ({ name, at: rank(name) })).toSorted((a, b) => (a.at < b.at ? -1 : 1)).slice(0, count).map(({ name }) => name);
}

export interface SamplePorts {
  /** Newest signed heads of the evidence logs. */
  readonly heads: (tx: Tx) => Promise<string>;
}

/** T0 alone is self-attested and sampled monthly (SPEC 2, People): a person who had no part in it looks at what was said. */
export function sampleAttestations(ctx: ServerContext, { heads }: SamplePorts): Job {
  return {
    name: "sample attestations",
    everyMs: 3_600_000,
    run: () =>
      ctx.transact(async (tx, record) => {
        const now = new Date(ctx.now());
        const month = now.toISOString().slice(0, 7);
        const { rows: done } = await sql`select 1 from attestation_samples where org = ${ctx.org} and month = ${month}`.execute(tx);
        if (done.length > 0) return;
        // What was attested before this month: whoever registers today isn't reviewed the minute after.
        const { rows } = await sql<{ system: string }>`select distinct a.system from authorizations a join register_objects o on o.org = a.org and o.kind = 'AISystem' and o.name = a.system
          where a.org = ${ctx.org} and a.tier = 'T0' and a.state = any(${[...inForceStates]}) and a.ends > ${now} and a.created_at < ${new Date(`${month}-01T00:00:00Z`)}
            and (a.approval_id is null or jsonb_path_exists(a.approvers, '$[*] ? (@.person == $who)', jsonb_build_object('who', a.requester))) order by a.system`.execute(tx);
        const anchor = await heads(tx);
        if (rows.length === 0 || anchor === "") return;
        const seed = createHash("sha256").update(anchor).digest("hex");
        const population = rows.map((row) => row.system);
        const drawn = drawSample(population, seed);
        await sql`insert into attestation_samples (org, month, seed, population, drawn, drawn_at) values (${ctx.org}, ${month}, ${seed}, ${population.length}, ${drawn}, ${now})`.execute(tx);
        record({ type: "authorization", payload: { event: "attestations_sampled", month, heads: anchor, seed, population, drawn } });
        const lead = await sql<{ email: string }>`select p.email from person_roles r join people p on p.org = r.org and p.id = r.person_id
          where r.org = ${ctx.org} and r.role = 'governance-lead' and r.scope = '' and r.granted_at is not null and p.state <> 'deactivated' order by p.email limit 1`.execute(tx);
        for (const system of drawn) {
          await openFinding(tx, ctx, record, {
            key: `attestation.sampled:${month}:${system}`, system, kind: "attestation.sampled", owner: lead.rows[0]?.email ?? null,
            title: `${system} was drawn for review in ${month}`,
            detail: `Its owner attested it alone. It is one of ${drawn.length} drawn from ${population.length}. Look whether its purpose, data and answers are still what it does, then close this with what you found.`,
          });
        }
      }),
  };
}
