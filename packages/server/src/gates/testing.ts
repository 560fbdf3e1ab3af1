import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";

/** An outside witness that signed a moment ago, as far as the register knows. */
export async function witnessed(ctx: ServerContext): Promise<void> {
  await ctx.transact(async (tx, record) => {
    await sql`insert into evidence_witness (org, name, vkey, url, outside, added_by, added_at, size, signed_at) values (${ctx.org}, 'outside', 'w+0+0', 'https://witness.example', true, 'x', ${new Date(ctx.now())}, 1, ${new Date(ctx.now())})
      on conflict (org, name) do update set signed_at = excluded.signed_at`.execute(tx);
    record({ type: "setting", payload: { event: "witness.set", witness: "outside" } });
  });
}

/** Records that meet the gates of any tier for `system`; each argument overrides a part. */
export function gateRecords(system: string, owners: readonly string[], parts: { readonly score?: number } = {}): string {
  const document = (name: string, type: string, title: string): string => `
---
apiVersion: v1
kind: Document
metadata: { name: ${system}-${name} }
spec: { title: ${title}, type: ${type}, systems: [system:${system}], owner: ${owners[0]} }`;
  const evaluation = (metric: string): string => `
---
apiVersion: v1
kind: Evaluation
metadata: { name: ${system}-${metric} }
spec: { title: ${metric} tests, system: "system:${system}", owner: ${owners[1]}, metric: ${metric}, threshold: { direction: at-least, value: 0.9 }, score: ${parts.score ?? 0.95}, measured: "2026-11-19T00:00:00Z" }`;
  return [
    document("notice", "notice", "Notice"), document("fria", "fria", "Impact assessment"), evaluation("accuracy"), evaluation("injection"),
    ...owners.map((email, index) => `
---
apiVersion: v1
kind: TrainingRecord
metadata: { name: ${system}-training-${index} }
spec: { person: ${email}, course: Oversight, systems: [system:${system}], completed: "2026-11-01T00:00:00Z" }`),
    `
---
apiVersion: v1
kind: Risk
metadata: { name: ${system}-risk }
spec: { title: Wrong answers, systems: [system:${system}], owner: ${owners[0]}, likelihood: low, impact: low, treatment: reduce, residual: low, controls: [LOG-05] }
`,
  ].join("");
}
