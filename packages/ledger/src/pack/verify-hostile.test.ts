import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../encoding.ts";
import { signNote } from "../tlog/note.ts";
import { manifestNoteText } from "./manifest.ts";
import { logParts } from "./sample-pack.ts";
import { buildWith, codes, digest, flip, only, pack, rewrite, store } from "./tampered-pack.ts";
import { verifyPack } from "./verify-pack.ts";
import { ZipReader } from "./zip-reader.ts";
import { zipBytes } from "./zip-writer.ts";

describe("hostile input", () => {
  test("bytes that are no pack are a problem, never an exception", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        expect(await verifyPack(bytes)).toMatchObject({ ok: false, trust: "self-attested" });
      }),
    );
  });

  test("any file replaced by anything, under a manifest signed by an insider, is a problem and never an exception", async () => {
    const paths = [...new ZipReader(pack).paths].filter((path) =>
      /^(logs\/[^/]+\/(?!proofs)|payloads|disclosures)/.test(path),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        async (path, bytes) => {
          const found = await codes(
            await rewrite(
              pack,
              only(path, () => bytes),
              store,
            ),
          );
          expect(found.length).toBeGreaterThan(0);
          expect(found).not.toContain("pack.unreadable");
        },
      ),
      { numRuns: 40 },
    );
  });

  test("an empty archive and one without a manifest are problems", async () => {
    expect(await codes(await zipBytes(() => undefined))).toContain("pack.file_missing");
  });

  test("a manifest may be laid out otherwise, but names each file once and says nothing twice", async () => {
    const laid = async (change: (text: string) => string): Promise<string[]> => {
      const zip = new ZipReader(pack);
      const manifest = utf8(change(fromUtf8(zip.read("manifest.json")!)));
      const packed = await zipBytes((writer) => {
        writer.add("manifest.json", manifest, true);
        writer.add("manifest.sig", utf8(signNote(manifestNoteText(digest(manifest)), [store.meta.signer])), false);
        for (const path of zip.paths) if (!path.startsWith("manifest.")) writer.add(path, zip.read(path)!, false);
      });
      return codes(packed);
    };
    expect(await laid((text) => JSON.stringify(JSON.parse(text), null, 4))).toEqual([]);
    expect(await laid((text) => JSON.stringify({ files: (JSON.parse(text) as { files: unknown }).files, schema: "mandate.pack/1" }))).toEqual([]);
    const malformed: ((text: string) => string)[] = [
      (text) => text.replace("\n]}", ",\n0]}"),
      (text) => text.replace("\n]}", ",]}"),
      (text) => text.replace(/,\n(\{[^\n]*\})\n\]\}/, ",\n$1,\n$1\n]}"),
      (text) => text.replace("\n]}", '\n],"files":[]}'),
      (text) => text.replace('"files":', '"f\\u0069les":'),
      (text) => text.replace('"schema":"mandate.pack/1"', '"schema":"other"'),
      (text) => text.replace('"sha256":"', '"sha256":"00","sha256":"'),
      (text) => `${text}{}`,
      (text) => text.slice(0, -4),
      () => "[[[[[[[[[[",
      () => "",
    ];
    for (const change of malformed) expect(await laid(change)).toContain("manifest.malformed");
  });

  test("a pack cut anywhere is refused", async () => {
    for (const part of [0.1, 0.5, 0.9, 0.999]) {
      expect(await codes(pack.subarray(0, Math.floor(pack.length * part)))).toEqual(["pack.unreadable"]);
    }
  });

  test("building refuses an altered store, naming the place", async () => {
    const leaves = [...store.gateway.leaves];
    leaves[5] = utf8("{}");
    const parts = logParts("1", store.gateway);
    const altered = { ...parts, entries: leaves.map((leaf, index) => ({ index, leaf })) };
    await expect(buildWith(({ logs }) => ({ logs: [altered, logs[1]!] }))).rejects.toMatchObject({
      code: "pack.store_altered",
    });
    const badTile = {
      ...parts,
      readTile: async (tile: Parameters<typeof parts.readTile>[0]) => flip(await parts.readTile(tile), 1),
    };
    await expect(buildWith(({ logs }) => ({ logs: [badTile, logs[1]!] }))).rejects.toMatchObject({
      code: "pack.store_altered",
    });
    const badPayload = { ...store.payloads[0]!, bytes: flip(store.payloads[0]!.bytes, 30) };
    await expect(buildWith(() => ({ payloads: [badPayload] }))).rejects.toMatchObject({ code: "pack.store_altered" });
  });
});
