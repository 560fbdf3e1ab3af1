import { describe, expect, it } from "vitest";
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
    expect(problemsOf({ ...emptyForm, noneOfThese: true }, 5)).toEqual({});
    expect(problemsOf({ ...emptyForm, annex3: ["ANX-III.4"] }, 5)).toEqual({});
  });
});
