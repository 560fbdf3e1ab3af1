import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, fromUtf8, toBase64, utf8 } from "../encoding.ts";
import { seal } from "../seal/node-seal.ts";
import { generateSigner } from "../seal/node-signer.ts";
import { formatVerifierKey, keyIdOf, makeCosignature, signatureTypes, signNote } from "../tlog/note.ts";
import { formatCheckpoint, joinCheckpoints } from "../tlog/checkpoint.ts";
import type { PackParts } from "./build-pack.ts";
import { buildPack } from "./build-pack.ts";
import { manifestNoteText } from "./manifest.ts";
import type { SampleStore } from "./sample-pack.ts";
import {
  appendCheckpointToMeta,
  appendMeta,
  checkpointOf,
  logParts,
  sampleLeaf,
  samplePackParts,
  sampleStore,
  treeOf,
} from "./sample-pack.ts";
import { verifyPack } from "./verify-pack.ts";
import { ZipReader } from "./zip-reader.ts";
import { zipBytes } from "./zip-writer.ts";

const store = sampleStore();
const pack = await buildPack(samplePackParts(store));

type Edit = (bytes: Uint8Array, path: string) => Uint8Array | undefined;

/** Rewrites files of a pack; `resign` also brings the manifest in line, as an insider with the meta key would. */
function rewrite(bytes: Uint8Array, edit: Edit, resign?: SampleStore): Promise<Uint8Array> {
  const zip = new ZipReader(bytes);
  const files = new Map<string, Uint8Array>();
  for (const path of zip.paths) {
    const edited = edit(zip.read(path)!, path);
    if (edited !== undefined) files.set(path, edited);
  }
  return zipBytes((writer) => {
  if (resign !== undefined) {
    for (const path of ["manifest.json", "manifest.sig", "manifest.dsse.json"]) files.delete(path);
    const listed = [...files].map(([path, content]) => ({
      path,
      sha256: digest(content),
      bytes: content.length,
      mediaType: "x/y",
    }));
    const manifest = utf8(JSON.stringify({ schema: "mandate.pack/1", files: listed }));
    writer.add("manifest.json", manifest, true);
    writer.add("manifest.sig", utf8(signNote(manifestNoteText(digest(manifest)), [resign.meta.signer])), false);
  }
  for (const [path, content] of files) writer.add(path, content, false);
  });
}

/** Node's own digest, so that the test does not lean on the code it tests. */
function digest(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at] = copy[at]! ^ 1;
  return copy;
};
const only = (target: string, change: (bytes: Uint8Array) => Uint8Array | undefined): Edit => {
  return (bytes, path) => (path === target ? change(bytes) : bytes);
};
const editLines = (change: (lines: string[]) => string[]): ((bytes: Uint8Array) => Uint8Array) => {
  return (bytes) => utf8(`${change(fromUtf8(bytes).trimEnd().split("\n")).join("\n")}\n`);
};
async function codes(bytes: Uint8Array, options?: Parameters<typeof verifyPack>[1]): Promise<string[]> {
  const result = await verifyPack(bytes, options);
  expect(result.ok).toBe(result.problems.length === 0);
  return [...new Set(result.problems.map(({ code }) => code))];
}
async function buildWith(change: (parts: PackParts) => Partial<PackParts>, from = store): Promise<Uint8Array> {
  const parts = samplePackParts(from);
  return buildPack({ ...parts, ...change(parts) });
}

describe("an untouched pack", () => {
  test("verifies, and is self-attested with every entry unanchored when nobody outside vouches", async () => {
    const result = await verifyPack(pack);
    expect(result.problems).toEqual([]);
    expect(result).toMatchObject({ ok: true, trust: "self-attested", entries: 302, payloads: 5, unanchored: 302 });
    expect(result.logs).toEqual([
      { origin: "localhost/acme/gw-1/1", size: 300, root: toBase64(treeOf(store.gateway.leaves).root()) },
      { origin: "localhost/acme/meta/1", size: 2, root: toBase64(treeOf(store.meta.leaves).root()) },
    ]);
  });

  test("is built byte for byte the same from the same parts", async () => {
    const parts = { ...samplePackParts(store) };
    expect(Buffer.compare(await buildPack(parts), await buildPack({ ...parts, logs: [...parts.logs].reverse() }))).toBe(
      0,
    );
  });

  test("verifies with some of a log's entries only", async () => {
    const some = await buildWith(({ logs }) => ({
      disclosures: [],
      logs: [{ ...logs[0]!, entries: store.gateway.leaves.map((leaf, index) => ({ index, leaf })).filter(({ index }) => index % 7 === 0) }, logs[1]!],
    }));
    expect(await codes(some)).toEqual([]);
  });

  test("verifies when it holds an empty log", async () => {
    const empty = { signer: generateSigner("localhost/acme/gw-2/1"), leaves: [] };
    const withEmpty = await buildWith(({ logs }) => ({ logs: [...logs, logParts("2", empty)] }));
    expect(await codes(withEmpty)).toEqual([]);
  });
});

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

describe("against checkpoints that the verifier kept", () => {
  test("an extension is `pinned`, and only what is newer stays unanchored", async () => {
    const result = await verifyPack(pack, { pinned: [checkpointOf(store.gateway, 100)] });
    expect(result).toMatchObject({ ok: true, trust: "pinned", unanchored: 202 });
  });

  test("a kept meta-log checkpoint anchors the logs it covers", async () => {
    const kept = joinCheckpoints([checkpointOf(store.meta), checkpointOf(store.gateway, 10)]);
    expect(await verifyPack(pack, { pinned: [utf8(kept)] })).toMatchObject({
      ok: true,
      trust: "pinned",
      unanchored: 0,
    });
  });

  test("a log whose tail was deleted and signed anew is caught", async () => {
    const kept = checkpointOf(store.gateway);
    const cut = {
      ...store,
      gateway: { ...store.gateway, leaves: store.gateway.leaves.slice(0, 260) },
      meta: { ...store.meta, leaves: store.meta.leaves.slice(0, 1) },
    };
    appendCheckpointToMeta(cut.meta, cut.gateway);
    const truncated = await buildPack(samplePackParts(cut));
    expect(await codes(truncated)).toEqual([]);
    const result = await verifyPack(truncated, { pinned: [kept] });
    expect(result).toMatchObject({ ok: false, trust: "self-attested", unanchored: 262 });
    expect(result.problems.map(({ code }) => code)).toEqual(["log.truncated"]);
  });

  test("a rewritten history of the same length is caught", async () => {
    const forked = sampleStore();
    const gateway = { signer: store.gateway.signer, leaves: [...store.gateway.leaves] };
    gateway.leaves[42] = sampleLeaf(gateway.signer.name, 42, seal(utf8("another")));
    const meta = { signer: forked.meta.signer, leaves: [] };
    appendMeta(meta, { type: "log.created", log: gateway.signer.name, vkey: gateway.signer.vkey });
    appendCheckpointToMeta(meta, gateway);
    const rewritten = await buildPack({
      ...samplePackParts({ meta, gateway, payloads: store.payloads }),
      disclosures: [],
    });
    expect(await codes(rewritten, { pinned: [checkpointOf(store.gateway, 200)] })).toContain("log.forked");
  });

  test("a checkpoint of a log that the pack lacks, or that its key never signed, is caught", async () => {
    const stranger = { signer: generateSigner("localhost/acme/gw-7/1"), leaves: store.gateway.leaves };
    const impostor = { signer: generateSigner("localhost/acme/gw-1/1"), leaves: store.gateway.leaves };
    expect(await codes(pack, { pinned: [checkpointOf(stranger)] })).toEqual(["pinned.log_missing"]);
    expect(await codes(pack, { pinned: [checkpointOf(impostor)] })).toEqual(["pinned.signature"]);
    expect(await codes(pack, { pinned: ["not a checkpoint"] })).toEqual(["pinned.malformed"]);
    expect(await codes(pack, { pinned: [""] })).toEqual(["pinned.malformed"]);
  });
});

describe("against trusted keys and witnesses", () => {
  test("the meta-log's key vouches for the logs it recorded, a foreign installation's pack is refused", async () => {
    expect(await verifyPack(pack, { trust: store.meta.signer.vkey })).toMatchObject({
      ok: true,
      trust: "self-attested",
    });
    const foreign = await buildPack(samplePackParts(sampleStore(257)));
    expect(await codes(foreign, { trust: store.meta.signer.vkey })).toEqual(["trust.log_key"]);
    expect(await codes(pack, { trust: "garbage" })).toEqual(["trust.malformed"]);
  });

  test("a quorum of witnesses on the meta-log makes it `witnessed`; without it the pack is refused", async () => {
    const witness = generateSigner("witness.example/w1");
    const vkey = formatVerifierKey(witness.name, witness.publicKey, signatureTypes.cosignature);
    const policy = `log ${store.meta.signer.vkey}\nwitness w1 ${vkey}\nquorum w1\n`;
    expect(await codes(pack, { trust: policy })).toEqual(["trust.quorum"]);
    const text = formatCheckpoint({ origin: store.meta.signer.name, size: 2, root: treeOf(store.meta.leaves).root() });
    const keyId = keyIdOf(witness.name, signatureTypes.cosignature, witness.publicKey);
    const cosignedAt = (seconds: number): string =>
      signNote(text, [store.meta.signer, { name: witness.name, keyId, sign: (note) => makeCosignature(note, seconds, witness.signBytes) }]);
    const entriesAt = Date.parse("2026-11-22T12:00:00.000Z") / 1000;
    const cosigned = cosignedAt(entriesAt);
    const witnessed = await buildWith(({ logs }) => ({ logs: [logs[0]!, { ...logs[1]!, checkpoint: cosigned }] }));
    expect(await verifyPack(witnessed, { trust: policy })).toMatchObject({
      ok: true,
      trust: "witnessed",
      unanchored: 0,
    });
    // Entries can't be younger than a witness's signature over them: a clock was moved.
    const early = await buildWith(({ logs }) => ({ logs: [logs[0]!, { ...logs[1]!, checkpoint: cosignedAt(entriesAt - 3600) }] }));
    expect(await codes(early, { trust: policy })).toEqual(["entry.clock"]);
    const forgedTime = cosigned.replace(/(witness.example\/w1 .{8})./u, (_all, head: string) => `${head}B`);
    const forged = await rewrite(
      witnessed,
      only("logs/meta/checkpoint", () => utf8(forgedTime)),
      store,
    );
    expect(await codes(forged, { trust: policy })).toContain("trust.cosignature");
  });
});

describe("what the writer must have kept to", () => {
  const withLeaves = async (change: (leaves: Uint8Array[]) => void): Promise<string[]> => {
    const changed = {
      ...store,
      gateway: { ...store.gateway, leaves: [...store.gateway.leaves] },
      meta: { ...store.meta, leaves: store.meta.leaves.slice(0, 1) },
    };
    change(changed.gateway.leaves);
    appendCheckpointToMeta(changed.meta, changed.gateway);
    return codes(await buildPack(samplePackParts(changed)));
  };

  test("a gap in the writer's sequence shows", async () => {
    expect(await withLeaves((leaves) => leaves.splice(50, 1))).toEqual(["entry.seq"]);
  });

  test("an entry taken from another log shows", async () => {
    expect(
      await withLeaves((leaves) => {
        leaves[60] = sampleLeaf("localhost/acme/gw-2/1", 60);
      }),
    ).toEqual(["entry.shard"]);
  });

  test("a header that is not canonical, or says a member twice, shows", async () => {
    expect(
      await withLeaves((leaves) => {
        leaves[60] = concatBytes(leaves[60]!, utf8(" "));
      }),
    ).toEqual(["entry.malformed"]);
    expect(
      await withLeaves((leaves) => {
        leaves[60] = utf8(`{"seq":1,"seq":60,"shard":"localhost/acme/gw-1/1"}`);
      }),
    ).toEqual(["entry.malformed"]);
  });

  test("a checkpoint that the meta-log has not taken, or took differently, shows", async () => {
    const uncovered = { ...store, meta: { ...store.meta, leaves: store.meta.leaves.slice(0, 1) } };
    expect(await codes(await buildPack(samplePackParts(uncovered)))).toEqual(["meta.uncovered"]);
    const longer = { ...store, meta: { ...store.meta, leaves: [...store.meta.leaves] } };
    appendMeta(longer.meta, {
      type: "log.checkpoint",
      log: store.gateway.signer.name,
      size: 400,
      root: toBase64(new Uint8Array(32)),
    });
    appendMeta(longer.meta, {
      type: "log.checkpoint",
      log: store.gateway.signer.name,
      size: 200,
      root: toBase64(new Uint8Array(32)),
    });
    expect((await codes(await buildPack(samplePackParts(longer)))).sort()).toEqual(["log.forked", "log.truncated"]);
  });

  test("an erased payload may be absent once an entry says so", async () => {
    const erased = store.payloads[4]!;
    const changed = {
      ...store,
      payloads: store.payloads.slice(0, 4),
      meta: { ...store.meta, leaves: [...store.meta.leaves] },
    };
    expect(await codes(await buildPack(samplePackParts(changed)))).toEqual(["payload.missing"]);
    appendMeta(changed.meta, { type: "evidence.erasure", erased: [erased.ct] });
    expect(await codes(await buildPack(samplePackParts(changed)))).toEqual([]);
  });

  test("a message that a disclosed payload names must be there and open to its commitment", async () => {
    const message = seal(utf8("hello"));
    const payload = seal(utf8(JSON.stringify({ messages: [{ ct: message.ct, pc: message.pc }] })));
    const gateway = { ...store.gateway, leaves: [sampleLeaf(store.gateway.signer.name, 0, payload)] };
    const meta = { ...store.meta, leaves: store.meta.leaves.slice(0, 1) };
    appendCheckpointToMeta(meta, gateway);
    const parts = { ...samplePackParts(store), logs: [logParts("1", gateway), logParts("meta", meta)] };
    const whole = await buildPack({ ...parts, payloads: [payload, message], disclosures: [message, payload] });
    expect(await codes(whole)).toEqual([]);
    const lacking = await buildPack({ ...parts, payloads: [payload], disclosures: [payload] });
    expect(await codes(lacking)).toEqual(["payload.missing"]);
    const substitute = await buildPack({
      ...parts,
      payloads: [payload, message],
      disclosures: [payload, { ...message, salt: new Uint8Array(32) }],
    });
    expect(await codes(substitute)).toEqual(["disclosure.mismatch"]);
  });
});

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
