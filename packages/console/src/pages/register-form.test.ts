import { describe, expect, it } from "vitest";
import { prohibitedPractices } from "@mandate/model";
import { annex3Areas, prohibitedUses } from "./register-uses.ts";
import { emptyForm, manifestOf, nameOf, problemsOf } from "./register-form.ts";

describe("registering", () => {
  it("a title becomes a name that a path and a manifest can hold", () => {
    expect(nameOf("Invoice Reader")).toBe("invoice-reader");
    expect(nameOf("  Über/../Käse! ")).toBe("u-ber-ka-se");
    expect(nameOf("x".repeat(200)).length).toBe(63);
    expect(nameOf("日本")).toBe("");
  });
  it("an answer can't break out of its place in the manifest", () => {
    const text = manifestOf({ ...emptyForm, title: "A", purpose: 'x"\n---\nkind: Policy\nmetadata: { name: evil }' });
    expect(text.split("\n").filter((line) => line === "---" || line.startsWith("kind:"))).toEqual(["kind: AISystem"]);
    expect(JSON.parse(text.split("\n")[3]?.slice("spec: ".length) ?? "").purposes[0].text).toContain("kind: Policy");
  });
  it("one person can't be both owners, whatever the case of the address", () => {
    expect(
      problemsOf({ ...emptyForm, business: "A@x.example", technical: "a@x.example" }, 2)["technical"],
    ).toBeDefined();
    expect(problemsOf({ ...emptyForm, business: "a@x.example", technical: "b@x.example" }, 2)).toEqual({});
  });
  it("the screen of prohibited uses is answered by someone, none included", () => {
    expect(problemsOf(emptyForm, 5)["uses"]).toBeDefined();
    const answered = { ...emptyForm, decisionEffect: "none", reversibility: "can't be undone", euNexus: "no" };
    expect(problemsOf({ ...answered, noneOfThese: true }, 5)).toEqual({});
    expect(problemsOf({ ...answered, annex3: ["ANX-III.4.a"] }, 5)).toEqual({});
  });
  it("nothing that decides the tier is answered in advance", () => {
    expect(Object.keys(problemsOf(emptyForm, 3))).toEqual(["sensitivity", "region"]);
    expect(Object.keys(problemsOf(emptyForm, 4))).toEqual(["audience", "autonomy"]);
    expect(Object.keys(problemsOf(emptyForm, 5))).toEqual(["uses"]);
    expect(manifestOf({ ...emptyForm, title: "A", purpose: "b" })).not.toMatch(/prohibited|annex3|decisionEffect|euNexus/);
    expect(manifestOf({ ...emptyForm, title: "A", purpose: "b", noneOfThese: true })).toContain('"prohibited":[],"annex3":[]');
  });
  it("every practice and use that the model knows is asked, and none that it doesn't", () => {
    expect(prohibitedUses.map(([id]) => id)).toEqual([...prohibitedPractices]);
    expect(annex3Areas.flatMap(([, uses]) => uses).length).toBe(25);
  });
});
