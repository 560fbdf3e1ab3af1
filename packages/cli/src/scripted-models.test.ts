import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { withScriptedModels } from "./scripted-models.ts";

const yaml = `apiVersion: v1
kind: Model
metadata: { name: flow }
spec: { protocol: openai, credential: secret:openai, endpoint: "https://api.openai.com/v1", region: US }
---
kind: Model
metadata: { name: last }
spec: { protocol: anthropic, endpoint: https://api.anthropic.com/v1, credential: secret:a }
---
kind: Model
metadata:
  name: block
spec:
  protocol: openai
  endpoint: https://api.openai.com/v1 # the vendor's
  credential: secret:openai
  region: EEA
---
kind: Model
metadata: { name: gemini }
spec: { protocol: gemini, endpoint: "https://g.example", credential: secret:g }
---
kind: AISystem
spec: { endpoint: "https://elsewhere", credential: secret:kept }
`;

test("models that a script can answer go to it without their credential, line for line, and nothing else changes", () => {
  const { yaml: edited, scripted } = withScriptedModels(yaml, "http://127.0.0.1:9");
  expect(scripted).toEqual(["flow", "last", "block"]);
  expect(edited.split("\n")).toHaveLength(yaml.split("\n").length);
  const specs = parseAllDocuments(edited).map((document) => (document.toJS() as { spec: Record<string, string> }).spec);
  expect(specs).toEqual([
    { protocol: "openai", endpoint: "http://127.0.0.1:9/v1", region: "US" },
    { protocol: "anthropic", endpoint: "http://127.0.0.1:9/v1" },
    { protocol: "openai", endpoint: "http://127.0.0.1:9/v1", region: "EEA" },
    { protocol: "gemini", endpoint: "https://g.example", credential: "secret:g" },
    { endpoint: "https://elsewhere", credential: "secret:kept" },
  ]);
});

test("a manifest that can't be read is left as it is, for the server to say what is wrong", () => {
  for (const broken of ["kind: Model\nspec: { endpoint: [", "", "kind: Model\nspec: text", "- a\n- b"]) expect(withScriptedModels(broken, "http://x").yaml).toBe(broken);
});
