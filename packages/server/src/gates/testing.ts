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
