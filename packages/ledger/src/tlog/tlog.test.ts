import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, fromBase64, toBase64, utf8 } from "../encoding.ts";
import { canonicalJson } from "../json/canonical.ts";
import { DenseTree } from "../merkle/dense-tree.ts";
import { leafHash } from "../merkle/hash.ts";
import { consistencyRanges, inclusionRanges, rangeHash } from "../merkle/ranges.ts";
import { verifyConsistency, verifyInclusion } from "../merkle/verify.ts";
import { generateSigner } from "../seal/node-signer.ts";
import { joinCheckpoints, openCheckpoint, parseCheckpoint, signCheckpoint, splitCheckpoints } from "./checkpoint.ts";
import {
  formatVerifierKey,
  noteVerifier,
  openNote,
  parseNote,
  parseVerifierKey,
  signatureTypes,
  signNote,
} from "./note.ts";
import { meetsQuorum, parseTrust } from "./policy.ts";
import { formatConsistencyBody, formatTlogProof, openTlogProof, parseConsistencyBody } from "./proof-file.ts";
import { newTiles, parseTilePath, tileBytes, tileHashReader, tilePath, tilesForRanges, tilesOf } from "./tile.ts";

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("what golang.org/x/mod accepted", () => {
  const path = new URL("../fixtures/sumdb-accepted.json", import.meta.url);
  interface Accepted {
    readonly vkey: string;
    readonly vkey2: string;
    readonly checkpoint: string;
    readonly size: number;
    readonly root: string;
    readonly proofs: readonly { index: number; size: number; leaf: string; proof: string[] }[];
    readonly cons: readonly { old: number; new: number; oldRoot: string; newRoot: string; proof: string[] }[];
    readonly roots: Readonly<Record<string, string>>;
    readonly tiles: readonly { path: string; level: number; index: number; width: number; data: string }[];
  }
  const accepted = JSON.parse(readFileSync(path, "utf8")) as Accepted;

  test("this package still writes and verifies, byte for byte", () => {
    const leafOf = (i: number): string => canonicalJson({ seq: i, shard: "localhost/acme/gw-1/1", v: 1 });
    const leaves = concatBytes(...Array.from({ length: accepted.size }, (_, i) => leafHash(utf8(leafOf(i)))));
    const tree = new DenseTree(leaves);
    const verifiers = [accepted.vkey, accepted.vkey2].map((vkey) => noteVerifier(parseVerifierKey(vkey)));
    const checkpoint = openCheckpoint(accepted.checkpoint, verifiers);
    expect([checkpoint.size, toBase64(checkpoint.root), checkpoint.note.verified.length]).toEqual([
      accepted.size,
      accepted.root,
      2,
    ]);
    expect(toBase64(tree.root())).toBe(accepted.root);
    for (const { index, size, leaf, proof } of accepted.proofs) {
      expect(leaf).toBe(leafOf(index));
      expect(inclusionRanges(index, size).map((range) => toBase64(rangeHash(range, tree.read)))).toEqual(proof);
      const root = fromBase64(accepted.roots[size]!);
      expect(verifyInclusion(index, size, leafHash(utf8(leaf)), proof.map(fromBase64), root)).toBe(true);
    }
    for (const { old, new: now, oldRoot, newRoot, proof } of accepted.cons) {
      expect(consistencyRanges(old, now).map((range) => toBase64(rangeHash(range, tree.read)))).toEqual(proof);
      expect(verifyConsistency(old, now, proof.map(fromBase64), fromBase64(oldRoot), fromBase64(newRoot))).toBe(true);
    }
    for (const tile of accepted.tiles) {
      expect([tilePath(tile), toBase64(tileBytes(tile, tree.read))]).toEqual([tile.path, tile.data]);
    }
  });
});

describe("tiles", () => {
  test("have the paths of the specification", () => {
    expect(tilePath({ level: 0, index: 1234067, width: 256 })).toBe("tile/0/x001/x234/067");
    expect(tilePath({ level: 2, index: 0, width: 17 })).toBe("tile/2/000.p/17");
    const of70000 = tilesOf(70_000);
    expect(of70000.filter(({ level, width }) => level === 0 && width === 256)).toHaveLength(273);
    expect(of70000.filter(({ width }) => width < 256).map(tilePath)).toEqual([
      "tile/0/273.p/112",
      "tile/1/001.p/17",
      "tile/2/000.p/1",
    ]);
    expect(tilesOf(256).map(tilePath)).toEqual(["tile/0/000", "tile/1/000.p/1"]);
  });

  test("no path has two spellings", () => {
    for (const path of [
      "tile/0/0",
      "tile/0/x000/001",
      "tile/00/001",
      "tile/0/001.p/256",
      "tile/0/001.p/0",
      "tile/64/001",
      "tile/0/001.p/007",
      "tile/-1/001",
      "tile/0/x001/x234/067/",
    ]) {
      expect(parseTilePath(path), path).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.nat(63), fc.nat(2 ** 40), fc.integer({ min: 1, max: 256 }), (level, index, width) => {
        expect(parseTilePath(tilePath({ level, index, width }))).toEqual({ level, index, width });
      }),
    );
  });

  test("any proof can be made from the tiles it names alone, and growing writes each tile once it changes", () => {
    const tree = new DenseTree(concatBytes(...Array.from({ length: 70_000 }, (_, i) => leafHash(utf8(`${i}`)))));
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 70_000 }), fc.nat(), (size, pick) => {
        const index = pick % size;
        const ranges = [...inclusionRanges(index, size), ...consistencyRanges(index + 1, size)];
        const tiles = new Map(tilesForRanges(ranges, size).map((tile) => [tilePath(tile), tileBytes(tile, tree.read)]));
        const read = tileHashReader(size, (tile) => tiles.get(tilePath(tile))!);
        const proof = inclusionRanges(index, size).map((range) => rangeHash(range, read));
        expect(verifyInclusion(index, size, tree.read(0, index), proof, tree.root(size))).toBe(true);
      }),
      { numRuns: 50 },
    );
    const written = new Set<string>();
    for (const [from, to] of [
      [0, 100],
      [100, 256],
      [256, 700],
      [700, 70_000],
    ] as const)
      for (const tile of newTiles(from, to)) written.add(tilePath(tile));
    for (const tile of tilesOf(70_000)) expect(written.has(tilePath(tile))).toBe(true);
  });
});

describe("signed notes", () => {
  const signer = generateSigner("example.com/log");
  const verifier = noteVerifier(parseVerifierKey(signer.vkey));
  const note = signNote("hello\n\nworld\n", [signer]);

  test("the specification's own example verifies", () => {
    const vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const text =
      "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    expect(openNote(text, [noteVerifier(parseVerifierKey(vkey))]).text).toBe("This is an example message.\n");
  });

  test("the specification's cosigned checkpoint reads as one", () => {
    const cosigned =
      "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" +
      "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" +
      "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    const parsed = parseNote(cosigned);
    expect(parsed.signatures.map(({ name, signature }) => [name, signature.length])).toEqual([
      ["example.com/behind-the-sofa", 64],
      ["witness.example.com/w1", 72],
    ]);
    expect(parseCheckpoint(parsed.text).size).toBe(20852163);
  });

  test("ignore strangers, refuse a known key's wrong signature, and need one known key", () => {
    const stranger = generateSigner("example.com/other");
    expect(openNote(signNote("x\n", [stranger, signer]), [verifier]).verified).toHaveLength(1);
    expect(() => openNote(signNote("x\n", [stranger]), [verifier])).toThrow(code("note.unverified"));
    expect(() => openNote(note.replace("world", "World"), [verifier])).toThrow(code("note.signature"));
    const impostor = generateSigner("example.com/log");
    expect(() => openNote(signNote("x\n", [impostor]), [verifier])).toThrow(code("note.unverified"));
  });

  test.each([
    ["no signature", "hello\n\n"],
    ["no blank line", "hello\n"],
    ["no final newline", note.slice(0, -1)],
    ["a carriage return", note.replace("hello\n", "hello\r\n")],
    ["another dash", note.replace("\u2014", "-")],
    ["a signature without key id", "x\n\n\u2014 a AAAA\n"],
    ["text after the signatures", `${note}more\n`],
    ["too many signatures", `x\n\n${"\u2014 a AAAAAAAA\n".repeat(65)}`],
  ])("with %s are refused", (_what, text) => {
    expect(() => openNote(text, [verifier])).toThrow();
  });

  test("whose signature is spelled with stray bits say the same, as golang.org/x/mod reads them", () => {
    const respelled = note.replace(/(.)(=+)\n$/, (_all, last: string, pad: string) => `${last === "A" ? "B" : String.fromCharCode(last.charCodeAt(0) + 1)}${pad}\n`);
    expect(respelled).not.toBe(note);
    expect(openNote(respelled, [verifier]).verified).toEqual(openNote(note, [verifier]).verified);
  });

  test("bad UTF-8 and arbitrary bytes are refused, never accepted", () => {
    expect(() =>
      openNote(concatBytes(utf8(note).subarray(0, 3), Uint8Array.of(0xff), utf8(note).subarray(3)), [verifier]),
    ).toThrow();
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        (bytes) => {
          expect(() => openNote(bytes, [verifier])).toThrow();
        },
      ),
    );
  });

  test("verifier keys with a wrong id, type or length are refused", () => {
    const [name, id, key] = signer.vkey.split("+") as [string, string, string];
    for (const bad of [
      `${name}+00000000+${key}`,
      `${name}+${id}`,
      `${name} x+${id}+${key}`,
      `+${id}+${key}`,
      `${name}+${id}+${key}AAAA`,
      "",
      "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ]) {
      expect(() => parseVerifierKey(bad), bad).toThrow(code("note.verifier_key"));
    }
    expect(parseVerifierKey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").name).toBe(
      "PeterNeumann",
    );
  });
});

describe("checkpoints and proof files", () => {
  const signer = generateSigner("example.com/log");
  const verifiers = [noteVerifier(parseVerifierKey(signer.vkey))];
  const leaves = Array.from({ length: 9 }, (_, i) => leafHash(utf8(`${i}`)));
  const tree = new DenseTree(concatBytes(...leaves));
  const checkpoint = signCheckpoint({ origin: signer.name, size: 9, root: tree.root() }, [signer]);
  const proof = formatTlogProof({
    index: 4,
    proof: inclusionRanges(4, 9).map((range) => rangeHash(range, tree.read)),
    checkpoint,
  });

  test("a proof file leads from its leaf to its checkpoint and from no other", () => {
    expect(openTlogProof(proof, leaves[4]!, signer.name, verifiers)).toMatchObject({ index: 4, size: 9 });
    expect(() => openTlogProof(proof, leaves[5]!, signer.name, verifiers)).toThrow(code("proof.inclusion"));
    expect(() => openTlogProof(proof, leaves[4]!, "example.com/other", verifiers)).toThrow(code("proof.origin"));
    expect(() => openTlogProof(proof.replace("index 4", "index 04"), leaves[4]!, signer.name, verifiers)).toThrow(
      code("proof.malformed"),
    );
    const extra = proof.replace("index", `extra ${toBase64(utf8("why"))}\nindex`);
    expect(openTlogProof(extra, leaves[4]!, signer.name, verifiers).index).toBe(4);
  });

  test("a consistency body reads back, and bad ones are refused", () => {
    const body = { oldSize: 3, proof: consistencyRanges(3, 9).map((range) => rangeHash(range, tree.read)), checkpoint };
    expect(parseConsistencyBody(formatConsistencyBody(body))).toEqual(body);
    for (const bad of ["", "old 3\n", `old -3\n\n${checkpoint}`, `old 3\nAAAA\n\n${checkpoint}`]) {
      expect(() => parseConsistencyBody(bad)).toThrow(code("consistency.malformed"));
    }
  });

  test.each([
    "a\n01\nAA==\n",
    "a\n1\nAAAA\n",
    "\n1\n",
    `a\n1e3\n${toBase64(new Uint8Array(32))}\n`,
    `a\n1\n${toBase64(new Uint8Array(32))}\n\n`,
  ])("%j is no checkpoint", (text) => {
    expect(() => parseCheckpoint(text)).toThrow(code("checkpoint.malformed"));
  });

  test("kept checkpoints of several logs share a file, with or without blank lines between", () => {
    const other = generateSigner("example.com/other");
    const second = signCheckpoint({ origin: other.name, size: 9, root: tree.root() }, [other, signer]);
    expect(splitCheckpoints(joinCheckpoints([checkpoint, second, checkpoint]))).toEqual([
      checkpoint,
      second,
      checkpoint,
    ]);
    expect(splitCheckpoints(checkpoint + second)).toEqual([checkpoint, second]);
    expect(() => splitCheckpoints(`${checkpoint}garbage\n`)).toThrow();
  });
});

describe("trust policies", () => {
  const witness = (name: string): string => {
    const { publicKey } = generateSigner(name);
    return formatVerifierKey(name, publicKey, signatureTypes.cosignature);
  };
  const log = generateSigner("example.com/log").vkey;
  const [x1, x2, x3, y1] = ["x1", "x2", "x3", "y1"].map(witness) as [string, string, string, string];
  const text = `# ours\nlog ${log} https://example.com/\nwitness X1 ${x1}\n\twitness X2 ${x2}\nwitness X3 ${x3}\nwitness Y1 ${y1}\n\ngroup X 2 X1 X2 X3\ngroup both all X Y1\nquorum both\n`;

  test("a quorum of groups is met by exactly the sets it describes", () => {
    const policy = parseTrust(text);
    expect(policy.logs).toHaveLength(1);
    expect(meetsQuorum(policy, new Set(["X1", "X3", "Y1"]))).toBe(true);
    expect(meetsQuorum(policy, new Set(["X1", "X2", "X3"]))).toBe(false);
    expect(meetsQuorum(policy, new Set(["X1", "Y1"]))).toBe(false);
  });

  test.each([
    ["no quorum", text.replace("quorum both\n", "")],
    ["two quorums", `${text}quorum none\n`],
    ["an unknown member", text.replace("X1 X2 X3\n", "X1 X2 X9\n")],
    ["a member of two groups", text.replace("all X Y1", "all X Y1 X1")],
    ["a threshold beyond its members", text.replace("group X 2", "group X 4")],
    ["a threshold of zero", text.replace("group X 2", "group X 0")],
    ["a name taken twice", text.replace("witness X2", "witness X1")],
    ["a key listed twice", text.replace(x2, x1)],
    ["a log key as witness", text.replace(x2, log)],
    ["an unknown word", `${text}trust me\n`],
    ["nothing in it", "# nothing\n"],
  ])("a policy with %s is refused", (_what, bad) => {
    expect(() => parseTrust(bad)).toThrow();
  });

  test("plain keys are logs; witness keys among them make any one of these the quorum", () => {
    expect(parseTrust(`${log}\n`)).toMatchObject({ quorum: "none" });
    const policy = parseTrust(`${log}\n${x1}\n${x2}\n`);
    expect(meetsQuorum(policy, new Set(["x2"]))).toBe(true);
    expect(meetsQuorum(policy, new Set())).toBe(false);
  });
});
