import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../encoding.ts";
import { generateSigner } from "../seal/node-signer.ts";
import { buildPack } from "./build-pack.ts";
import { checkpointOf, sampleLeaf, samplePackParts, sampleStore } from "./sample-pack.ts";
import { codes, digest, editLines, flip, only, pack, rewrite, store } from "./tampered-pack.ts";
import type { Edit } from "./tampered-pack.ts";
import { verifyPack } from "./verify-pack.ts";
import { ZipReader } from "./zip-reader.ts";
import { zipBytes } from "./zip-writer.ts";

describe("a tampered pack is refused, saying how", () => {
  const entries = "logs/1/entries.jsonl";
  const cases: readonly [string, Edit, string][] = [
    [
      "an edited entry",
      only(
        entries,
        editLines((l) => l.map((x) => x.replace("support-concierge", "support-concierg3"))),
      ),
      "entry.altered",
    ],
    [
      "swapped entries",
      only(
        entries,
        editLines((l) => {
          const leafOf = (line: string) => line.slice(line.indexOf(" ") + 1);
          return l.map((line, i) => (i === 10 ? `10 ${leafOf(l[11]!)}` : i === 11 ? `11 ${leafOf(l[10]!)}` : line));
        }),
      ),
      "entry.swapped",
    ],
    [
      "an entry moved to another line",
      only(
        entries,
        editLines((l) => [l[1]!, l[0]!, ...l.slice(2)]),
      ),
      "entry.malformed",
    ],
    [
      "a deleted tail of lines",
      only(
        entries,
        editLines((l) => l.slice(0, 200)),
      ),
      "pack.file_altered",
    ],
    [
      "an invented entry",
      only(
        entries,
        editLines((l) => [...l, `300 ${fromUtf8(sampleLeaf("localhost/acme/gw-1/1", 300))}`]),
      ),
      "log.truncated",
    ],
    ["a flipped payload bit", only(`payloads/${store.payloads[3]!.ct}`, (b) => flip(b, 20)), "payload.altered"],
    ["a missing payload", only(`payloads/${store.payloads[3]!.ct}`, () => undefined), "payload.missing"],
    ["a flipped tile bit", only("logs/1/tile/0/000", (b) => flip(b, 700)), "log.root"],
    ["a flipped bit in an upper tile", only("logs/1/tile/1/000.p/1", (b) => flip(b, 3)), "log.tile_altered"],
    ["a missing tile", only("logs/1/tile/0/001.p/44", () => undefined), "log.tile_missing"],
    ["a flipped proof", only("logs/1/proofs/7.tlog-proof", (b) => flip(b, 40)), "proof.invalid"],
    ["a missing proof", only("logs/1/proofs/7.tlog-proof", () => undefined), "proof.missing"],
    [
      "another entry's proof",
      (b, path) => (path === "logs/1/proofs/7.tlog-proof" ? new ZipReader(pack).read("logs/1/proofs/8.tlog-proof") : b),
      "proof.invalid",
    ],
    ["a flipped consistency proof", only("logs/1/consistency/100-300", (b) => flip(b, 12)), "consistency.invalid"],
    ["a missing checkpoint", only("logs/1/checkpoint", () => undefined), "pack.file_missing"],
    ["a missing log", (b, path) => (path.startsWith("logs/1/") ? undefined : b), "log.missing"],
    ["a missing meta-log", (b, path) => (path.startsWith("logs/meta/") ? undefined : b), "log.missing"],
    ["a forged key", only("logs/1/vkey", () => utf8(generateSigner("localhost/acme/gw-1/1").vkey)), "log.checkpoint"],
    [
      "a wrong disclosure",
      only(
        "disclosures.jsonl",
        editLines(([first, second]) => [first!.replace(/"ct":"[^"]*"/, `"ct":"${store.payloads[4]!.ct}"`), second!]),
      ),
      "disclosure.mismatch",
    ],
    [
      "a disclosure of nothing in the pack",
      only(
        "disclosures.jsonl",
        editLines(([first]) => [first!.replace(/"ct":"[^"]*"/, `"ct":"${"0".repeat(64)}"`)]),
      ),
      "disclosure.unreferenced",
    ],
  ];
  test.each(cases)("%s", async (_name, edit, code) => {
    // Once as an outsider leaves it, and once with a manifest signed over the lie by an insider.
    const outside = await codes(await rewrite(pack, edit));
    expect(
      outside.some((found) => ["pack.file_altered", "pack.file_missing", "manifest.signature"].includes(found)),
    ).toBe(true);
    if (code !== "pack.file_altered") expect(await codes(await rewrite(pack, edit, store))).toContain(code);
  });

  test("a file that the manifest does not list", async () => {
    const zip = new ZipReader(pack);
    const more = await zipBytes((writer) => {
      for (const path of zip.paths) writer.add(path, zip.read(path)!, false);
      writer.add("sections/E99.json", utf8("{}"), false);
    });
    expect(await codes(more)).toEqual(["pack.file_unlisted"]);
  });

  test("a manifest signed by somebody else", async () => {
    const other = { ...store, meta: { ...store.meta, signer: generateSigner("localhost/acme/meta/1") } };
    expect(await codes(await rewrite(pack, (b) => b, other))).toContain("manifest.signature");
  });

  test("a checkpoint of another log", async () => {
    const foreign = checkpointOf({ ...store.gateway, signer: generateSigner("localhost/acme/gw-9/1") });
    expect(
      await codes(
        await rewrite(
          pack,
          only("logs/1/checkpoint", () => utf8(foreign)),
          store,
        ),
      ),
    ).toContain("log.checkpoint");
  });

  test("any single flipped byte of the archive", { timeout: 120_000 }, async () => {
    const small = await buildPack(samplePackParts(sampleStore(257, 2)));
    const zip = new ZipReader(small);
    const clean = new Map([...zip.paths].map((path) => [path, digest(zip.read(path)!)]));
    await fc.assert(
      fc.asyncProperty(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const copy = Uint8Array.from(small);
        copy[at] = copy[at]! ^ mask;
        const result = await verifyPack(copy);
        if (!result.ok) return;
        // Times and check sums of the container carry no evidence; every file's name and content must be untouched.
        const reread = new ZipReader(copy);
        expect(new Map([...reread.paths].map((path) => [path, digest(reread.read(path)!)]))).toEqual(clean);
      }),
      { numRuns: 60 },
    );
  });
});
