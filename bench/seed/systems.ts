/** Systems of one shape, as YAML: what a register of thousands is made of, beside `addSystemsLike`. */
export const manifestOf = (from: number, to: number): string =>
  Array.from(
    { length: to - from },
    (_, at) => `apiVersion: v1
kind: AISystem
metadata: { name: system-${from + at} }
spec:
  title: Meeting notes of team ${from + at}
  purposes: [{ id: summarize, text: Summarizes internal meetings. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: suggests
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: nothing to undo, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { models: [model:gpt-test] }
`,
  ).join("---\n");
export const model = `apiVersion: v1
kind: Model
metadata: { name: gpt-test }
spec: { protocol: openai, endpoint: "http://127.0.0.1:9/v1", served: [gpt-test], region: EEA, training: never, retention: 0d, maxSensitivity: internal }
`;
