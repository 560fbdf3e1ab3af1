/** The least that a system needs to make calls: two owners, a purpose, a boundary, answers of the intake. */
export const notesManifest = `apiVersion: v1
kind: AISystem
metadata: { name: notes }
spec:
  title: Notes
  purposes: [{ id: summarize, text: Summarize meetings }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  boundary: { sensitivity: internal, classes: [], regions: [EEA] }
  intake: { prohibited: [], annex3: [], annex1: false, decisionEffect: none }
`;
