import { describe, expect, test } from "vitest";
import { assembled, chunked } from "./chunks.ts";

const systems = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `system-${i}`, tier: "T1" }));

describe("facts in chunks", () => {
  test("come back as they were, in their order", () => {
    const facts = { organization: { id: "org" }, systems: systems(500), tools: [], limit: 3 };
    const { manifest, chunks } = chunked(facts);
    const texts = new Map(chunks.map(({ digest, text }) => [digest, text]));
    expect(assembled(manifest, (digest) => texts.get(digest)!)).toEqual(facts);
  });

  test("one changed, added or removed item leaves nearly every chunk as it was", () => {
    const before = new Set(chunked({ systems: systems(2000) }).chunks.map(({ digest }) => digest));
    const variants = [
      systems(2000).map((one, i) => (i === 700 ? { ...one, tier: "T2" } : one)),
      systems(2000).toSpliced(700, 1),
      systems(2000).toSpliced(700, 0, { name: "another", tier: "T0" }),
    ];
    for (const variant of variants) {
      const fresh = chunked({ systems: variant }).chunks.filter(({ digest }) => !before.has(digest));
      expect(fresh.length).toBeGreaterThan(0);
      expect(fresh.length).toBeLessThanOrEqual(3);
    }
  });

  test("any difference is another name", () => {
    expect(chunked({ systems: systems(3) }).digest).not.toBe(chunked({ systems: systems(3).toReversed() }).digest);
    expect(chunked({ a: 1 }).digest).not.toBe(chunked({ a: 2 }).digest);
  });
});
