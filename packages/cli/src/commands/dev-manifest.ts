/** A system that may operate at once, and a model that a script answers. */
export function sampleApp(providerUrl: string): string {
  return `apiVersion: v1
kind: AISystem
metadata: { name: dev-app }
spec:
  title: Your application
  purposes: [{ id: try, text: Trying things out on a developer's machine. }]
  owners: { business: business.owner@dev.example, technical: technical.owner@dev.example }
  audience: internal
  autonomy: suggests
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: nothing to undo, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { models: [model:dev-model] }
---
apiVersion: v1
kind: Model
metadata: { name: dev-model }
spec: { protocol: openai, endpoint: "${providerUrl}/v1", region: EEA, training: never, maxSensitivity: internal }
`;
}
