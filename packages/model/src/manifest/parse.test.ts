import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseManifest } from "./parse.ts";
import { renderManifest } from "./render.ts";

const concierge = readFileSync(new URL("fixtures/support-concierge.yaml", import.meta.url), "utf8");
const parse = (text: string) => parseManifest(text, { file: "m.yaml" });
const system = (spec: string) => `apiVersion: v1\nkind: AISystem\nmetadata: { name: a }\nspec:\n${spec}`;

describe("a manifest", () => {
  it("reads the design's example as it stands, all its documents", () => {
    const { objects, problems } = parse(concierge);
    expect(problems).toEqual([]);
    expect(objects.map((object) => object.kind)).toHaveLength(17);
  });

  it("renders to a manifest that reads back the same", () => {
    for (const object of parse(concierge).objects) {
      const again = parse(renderManifest(object));
      expect(again.problems).toEqual([]);
      expect(again.objects[0]!.spec).toEqual(object.spec);
    }
  });

  it("names file, line, column, field and what was meant for an unknown field", () => {
    const { problems } = parse(system("  title: A\n  purpses: []\n"));
    expect(problems).toEqual([{ file: "m.yaml", line: 6, column: 3, field: "spec.purpses", message: "There is no field `purpses` here.", remedy: "Did you mean `purposes`?" }]);
  });

  it("says what was meant for an unknown value, on its own line", () => {
    const { problems } = parse(system("  autonomy: act\n  audience: publc\n"));
    expect(problems.map(({ line, remedy }) => [line, remedy.split("?")[0]])).toEqual([[5, "Did you mean `acts`"], [6, "Did you mean `public`"]]);
  });

  it("refuses duplicate keys with their line", () => {
    expect(parse(system("  title: A\n  title: B\n")).problems[0]).toMatchObject({ line: 6, message: "This key stands twice in the same mapping." });
  });

  it("refuses the same object twice", () => {
    expect(parse(`${system("  title: A\n")}---\n${system("  title: B\n")}`).problems[0]!.message).toContain("twice");
  });

  it("refuses people, whose roles no manifest may grant", () => {
    expect(parse("apiVersion: v1\nkind: Person\nmetadata: { name: x }\nspec: { name: X, email: x@y.z, roles: [authorizing-official] }\n").problems).toHaveLength(1);
  });

  const hostile: Record<string, string> = {
    empty: "",
    "not YAML": "a: [",
    "a scalar": "42",
    brackets: "[".repeat(100_000),
    braces: "{a: ".repeat(50_000),
    dashes: "- ".repeat(100_000),
    "deep indentation": Array.from({ length: 1000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
    "alias bomb": `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh".split("").map((letter, index) => `${letter}: &${letter} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(",")}]`).join("\n")}`,
    "prototype key": system("  __proto__: { tier: T0 }\n"),
    "custom tag": "!!js/function 'x'",
    "infinite number": system("  limits: { tokensPerDay: .inf }\n"),
    "inexact number": system("  limits: { tokensPerDay: 9007199254740993 }\n"),
    "mapping as key": "? {a: 1}\n: b",
    "control characters": "apiVersion: v1\nkind: AISystem\nmetadata: { name: \"a\\u0000\" }\nspec: {}\n",
    "path as name": "apiVersion: v1\nkind: AISystem\nmetadata: { name: ../x }\nspec: {}\n",
    "lone surrogate": system('  title: "\\ud800"\n'),
    oversized: "#".repeat(4_000_001),
  };
  for (const [what, text] of Object.entries(hostile)) {
    it(`returns problems and never throws on ${what}`, () => {
      expect(parse(text).problems.length).toBeGreaterThan(0);
    });
  }
});
