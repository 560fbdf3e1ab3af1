import { describe, expect, test } from "vitest";
import { Register } from "../registry/index.ts";
import type { StoredObject } from "../registry/index.ts";
import { isStillSo, NamedLists, noting } from "./noted-register.ts";

const object = (kind: "Tool" | "Model", name: string): StoredObject => ({ kind, name, spec: {} }) as unknown as StoredObject;
const [pay, read, model] = [object("Tool", "pay"), object("Tool", "read"), object("Model", "gpt")];

/** What a derivation read of the first register, and whether it would meet the same in the second. */
function stillSo(before: readonly StoredObject[], after: readonly StoredObject[], reads: (view: ReturnType<typeof noting>["view"]) => unknown): boolean {
  const lists = new NamedLists();
  const [first, second] = [new Register(before), new Register(after)];
  lists.follow(first);
  const { view, noted } = noting(first, lists);
  reads(view);
  expect(isStillSo(noted, first, lists)).toBe(true);
  lists.follow(second);
  return isStillSo(noted, second, lists);
}

describe("what was derived holds as long as what was read of the register is the same", () => {
  test("an object: itself, and nothing beside it", () => {
    const reads = (view: { get(kind: "Tool", name: string): unknown }) => view.get("Tool", "pay");
    expect(stillSo([pay, model], [pay, object("Model", "gpt"), read], reads)).toBe(true);
    expect(stillSo([pay, model], [object("Tool", "pay"), model], reads)).toBe(false);
    expect(stillSo([pay, model], [model], reads)).toBe(false);
  });

  test("an object that wasn't there: until it is", () => {
    expect(stillSo([model], [model, read], (view) => view.get("Tool", "pay"))).toBe(true);
    expect(stillSo([model], [model, pay], (view) => view.get("Tool", "pay"))).toBe(false);
  });

  test("a list: each in it, and that no other is", () => {
    const all = (view: { all(kind: "Tool"): unknown }) => view.all("Tool");
    expect(stillSo([pay, read, model], [pay, read, object("Model", "gpt")], all)).toBe(true);
    for (const after of [[pay], [pay, read, object("Tool", "more")], [pay, object("Tool", "read")], [read, pay], []]) expect(stillSo([pay, read, model], after, all)).toBe(false);
    expect(stillSo([model], [model], all)).toBe(true);
    expect(stillSo([model], [model, pay], all)).toBe(false);
  });

  test("a list that changed and is as it was: its name is another, so it is derived again rather than believed", () => {
    const lists = new NamedLists();
    const registers = [[pay], [], [pay]].map((objects) => new Register(objects));
    lists.follow(registers[0]!);
    const { view, noted } = noting(registers[0]!, lists);
    view.all("Tool");
    for (const register of registers.slice(1)) {
      lists.follow(register);
      expect(isStillSo(noted, register, lists)).toBe(false);
    }
  });
});
