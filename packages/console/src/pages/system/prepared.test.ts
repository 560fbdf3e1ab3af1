import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { patchOf, prepared } from "./prepared.ts";

const manifest = `apiVersion: v1
kind: AISystem
metadata:
  name: payouts
spec:
  title: Payouts
  uses:
    models:
      - model:local
    tools:
      - tool:pay.send
      - tool:mail/*
  audience: internal
`;

const usesOf = (document: unknown): unknown => (document as { spec: { uses: unknown } }).spec.uses;

test("a grant is added to what the manifest names, and to a list that wasn't there", () => {
  expect(usesOf(prepared(manifest, "grant", "tool:refund").document)).toEqual({ models: ["model:local"], tools: ["tool:pay.send", "tool:mail/*", "tool:refund"] });
  expect(usesOf(prepared(manifest, "grant", "dataset:orders").document)).toMatchObject({ datasets: ["dataset:orders"] });
  expect(prepared(manifest, "grant", "tool:mail/send").state, "the server's tools are granted").toBe("already");
});

test("cutting takes what grants it, and says when the system itself doesn't", () => {
  expect(usesOf(prepared(manifest, "cut", "tool:pay.send").document)).toMatchObject({ tools: ["tool:mail/*"] });
  expect(usesOf(prepared(manifest, "cut", "tool:mail/send").document)).toMatchObject({ tools: ["tool:pay.send"] });
  expect(prepared(manifest, "cut", "tool:other")).toMatchObject({ state: "elsewhere", before: manifest, after: manifest });
});

test.each([["grant", "tool:refund"], ["grant", "prompt:hello"], ["cut", "model:local"], ["cut", "tool:pay.send"]] as const)("the patch of %s %s applies to the manifest", (verb, reference) => {
  const directory = mkdtempSync(join(tmpdir(), "mandate-patch-"));
  try {
    const { before, after } = prepared(manifest, verb, reference);
    writeFileSync(join(directory, "payouts.yaml"), before);
    execFileSync("git", ["apply", "-"], { cwd: directory, input: patchOf("payouts.yaml", before, after) });
    expect(readFileSync(join(directory, "payouts.yaml"), "utf8")).toBe(after);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
