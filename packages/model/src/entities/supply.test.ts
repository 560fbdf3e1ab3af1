import { describe, expect, it } from "vitest";
import { parseManifest } from "../manifest/parse.ts";

const model = (spec: string) =>
  parseManifest(
    `apiVersion: v1\nkind: Model\nmetadata: { name: m }\nspec: { protocol: azure-openai, endpoint: "https://x.openai.azure.com", ${spec} }\n`,
    { file: "m.yaml" },
  );

describe("a model's manifest", () => {
  it("names who answers in its place, each by reference, and Azure's version", () => {
    const { objects, problems } = model("fallback: [model:b, model:c], apiVersion: 2025-04-01-preview");
    expect(problems).toEqual([]);
    expect(objects[0]!.spec).toMatchObject({ fallback: ["model:b", "model:c"], apiVersion: "2025-04-01-preview" });
  });

  for (const spec of [
    "fallback: [tool:b]",
    "fallback: []",
    "fallback: [model:a, model:b, model:c, model:d]",
    'apiVersion: "x&api-key=1"',
  ])
    it(`refuses ${spec}`, () => {
      expect(model(spec).problems.length).toBeGreaterThan(0);
    });
});
