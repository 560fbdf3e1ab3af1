import { sql } from "kysely";
import type { Database } from "@mandate/server/database";

/** Rows of the decisions index, one each 600 ms, of 500 systems, in a shape that none of its questions can profit from. */
export const stepMs = 600;

/** Each within the time that a statement may take. */
const sliceRows = 100_000;

export async function loadDecisions(db: Database, org: string, rows: number, firstMs: number): Promise<void> {
  for (let from = 1; from <= rows; from += sliceRows) await loadSlice(db, org, from, Math.min(rows, from + sliceRows - 1), firstMs);
  await db.shred(["decision"]);
}

async function loadSlice(db: Database, org: string, from: number, to: number, firstMs: number): Promise<void> {
  // Ids in the order of time, as the gateway makes them: 48 bits of milliseconds in Crockford's alphabet, then the rest.
  const loaded = sql`intent_index between ${from * 2} and ${to * 2}`;
  await db.transaction(org, async (tx) => {
    await sql`create or replace function pg_temp.dec_id(ms bigint, n bigint) returns text language sql as $$
      select 'dec_' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', ((v >> (5 * s)) & 31)::int + 1, 1), '' order by s desc) || lpad(n::text, 16, '0')
      from (select ms << 2 as v) x, generate_series(0, 9) as s $$`.execute(tx);
    await sql`insert into decision (org, id, at, outcome, code, reason, rule, system, action, resource, surface, credential, duration_ms, input_tokens, output_tokens,
        policy_version, register_version, terminal, intent_log, intent_index, result_log, result_index, session, subject)
      select ${org}, pg_temp.dec_id(ms, n), to_timestamp(ms / 1000.0), outcome, case outcome when 'deny' then (array['not_granted','data_boundary','policy'])[1 + n % 3] when 'hold' then 'approval_required' end,
        'system-' || n % 500 || ' would have called ' || resource || '. ' || case outcome when 'allow' then 'It is granted.' else 'Rule ' || n % 40 || ' says no.' end,
        case when outcome = 'allow' then 'grant' else 'rule-' || n % 40 end, 'system-' || n % 500, case when n % 3 = 0 then 'tool.call' else 'model.call' end, resource, 'openai-chat', 'cred_' || n % 2000, 12.5, 300, 120,
        'p', 1, 'done', 'localhost/bench/gw/1', n * 2, 'localhost/bench/gw/1', n * 2 + 1, 'ses_' || n / 20, case when n % 4 = 0 then substring(sha256(('p' || n % 50000)::bytea) for 16) end
      from (select n, ${firstMs}::bigint + n * ${stepMs}::int as ms, case when n % 50 = 0 then 'hold' when n % 20 = 0 then 'deny' else 'allow' end as outcome,
        case when n % 3 = 0 then 'tool:tool-' || n % 200 else 'model:model-' || n % 12 end as resource from generate_series(${from}::bigint, ${to}::bigint) as n) as g`.execute(tx);
    await sql`insert into decision_reason (org, digest, reason) select distinct org, md5(reason), reason from decision where ${loaded} on conflict do nothing`.execute(tx);
    await sql`insert into decision_tag (org, kind, value, id) select org, 'class', (array['personal','payment','health'])[1 + length(id) % 3], id from decision where ${loaded} and intent_index % 10 = 0`.execute(tx);
    await sql`insert into decision_tag (org, kind, value, id) select org, 'tool', 'tool-' || intent_index % 300, id from decision where ${loaded} and intent_index % 7 = 0`.execute(tx);
  });
}
