import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, fromBase64, fromHex, toHex, utf8 } from "../encoding.ts";
import { DenseTree } from "./dense-tree.ts";
import { Frontier } from "./frontier.ts";
import { emptyRoot, leafHash } from "./hash.ts";
import { consistencyProof, inclusionProof } from "./ranges.ts";
import { verifyConsistency, verifyInclusion } from "./verify.ts";

/** The eight leaves and the roots of sizes 1 to 8 that Certificate Transparency's reference implementations share. */
const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map(
  fromHex,
);
const roots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const treeOf = (count: number): DenseTree =>
  new DenseTree(concatBytes(...Array.from({ length: count }, (_, i) => leafHash(utf8(`leaf ${i}`)))));

describe("RFC 6962 trees", () => {
  test("have the roots that the reference implementations publish", () => {
    expect(toHex(emptyRoot())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const frontier = new Frontier();
    const dense = new DenseTree(concatBytes(...leaves.map(leafHash)));
    leaves.forEach((leaf, i) => {
      frontier.append(leafHash(leaf));
      expect([toHex(frontier.root()), toHex(dense.root(i + 1))]).toEqual([roots[i], roots[i]]);
    });
  });

  test("agree with all published proof cases, refused ones included", () => {
    type Case = [number, number, string, string, string[], boolean, string];
    const path = new URL("../fixtures/merkle-proof-cases.json", import.meta.url);
    const cases = JSON.parse(readFileSync(path, "utf8")) as { inclusion: Case[]; consistency: Case[] };
    for (const [index, size, root, leaf, proof, isBad, what] of cases.inclusion) {
      const isGood = verifyInclusion(index, size, fromBase64(leaf), proof.map(fromBase64), fromBase64(root));
      expect(isGood, `${what} ${index} of ${size}`).toBe(!isBad);
    }
    for (const [size1, size2, root1, root2, proof, isBad, what] of cases.consistency) {
      const isGood = verifyConsistency(size1, size2, proof.map(fromBase64), fromBase64(root1), fromBase64(root2));
      expect(isGood, `${what} ${size1} to ${size2}`).toBe(!isBad);
    }
    expect(cases.inclusion.length + cases.consistency.length).toBe(196);
  });

  test("any frontier continues to the same root as the whole tree, also after a restart", () => {
    const whole = treeOf(300);
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const first = new Frontier();
        for (let i = 0; i < from; i++) first.append(whole.read(0, i));
        const second = Frontier.decode(from, first.encode());
        for (let i = from; i < to; i++) {
          for (const { level, index, hash } of second.append(whole.read(0, i)))
            expect(hash).toEqual(whole.read(level, index));
        }
        expect(second.root()).toEqual(whole.root(to));
      }),
    );
  });

  test("a frontier of the wrong number of hashes is refused", () => {
    expect(() => new Frontier(3, [emptyRoot()])).toThrow(expect.objectContaining({ code: "merkle.frontier" }));
  });
});

describe("proofs", () => {
  const size = 300;
  const tree = treeOf(size);

  test("of inclusion verify, and stop verifying when any bit, index or size changes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: size }), fc.nat(), fc.nat(), fc.nat(7), (n, pick, at, bit) => {
        const index = pick % n;
        const proof = inclusionProof(index, n, tree.read);
        const [leaf, root] = [tree.read(0, index), tree.root(n)];
        expect(verifyInclusion(index, n, leaf, proof, root)).toBe(true);
        expect(verifyInclusion((index + 1) % n, n, leaf, proof, root)).toBe(n === 1);
        expect(verifyInclusion(index, n, leaf, [...proof, root], root)).toBe(false);
        if (proof.length === 0) return;
        const changed = proof.map((hash) => Uint8Array.from(hash));
        changed[at % proof.length]![at % 32]! ^= 1 << bit;
        expect(verifyInclusion(index, n, leaf, changed, root)).toBe(false);
        expect(verifyInclusion(index, n, leaf, proof.slice(1), root)).toBe(false);
      }),
    );
  });

  test("of consistency verify between any two sizes, and never for another history", () => {
    const other = new DenseTree(concatBytes(...Array.from({ length: size }, (_, i) => leafHash(utf8(`other ${i}`)))));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: size }), fc.integer({ min: 1, max: size }), (a, b) => {
        const [old, now] = [Math.min(a, b), Math.max(a, b)];
        const proof = consistencyProof(old, now, tree.read);
        expect(verifyConsistency(old, now, proof, tree.root(old), tree.root(now))).toBe(true);
        expect(verifyConsistency(old, now, proof, other.root(old), tree.root(now))).toBe(false);
        expect(verifyConsistency(old, now, proof, tree.root(old), other.root(now))).toBe(false);
        expect(verifyConsistency(old, now, [...proof, other.root(1)], tree.root(old), tree.root(now))).toBe(false);
      }),
    );
  });

  test("from an empty tree prove nothing: 0 to 0 is refused too", () => {
    expect(verifyConsistency(0, 0, [], emptyRoot(), emptyRoot())).toBe(false);
    expect(verifyConsistency(0, 5, [], emptyRoot(), tree.root(5))).toBe(false);
    expect(() => consistencyProof(0, 5, tree.read)).toThrow(expect.objectContaining({ code: "merkle.size" }));
    expect(() => inclusionProof(5, 5, tree.read)).toThrow(expect.objectContaining({ code: "merkle.index" }));
  });

  test("never throw on hostile numbers", () => {
    for (const n of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(verifyInclusion(n, 10, tree.read(0, 0), [], tree.root())).toBe(false);
      expect(verifyInclusion(0, n, tree.read(0, 0), [], tree.root())).toBe(false);
      expect(verifyConsistency(1, n, [], tree.root(1), tree.root())).toBe(false);
    }
  });
});
