import { describe, expect, test } from "vitest";
import { toBase64, utf8 } from "../encoding.ts";
import { seal } from "../seal/node-seal.ts";
import { generateSigner } from "../seal/node-signer.ts";
import { formatVerifierKey, keyIdOf, makeCosignature, signNote, signatureTypes } from "../tlog/note.ts";
import { formatCheckpoint, joinCheckpoints } from "../tlog/checkpoint.ts";
import { buildPack } from "./build-pack.ts";
import { appendCheckpointToMeta, appendMeta, checkpointOf, logParts, sampleLeaf, samplePackParts, sampleStore, treeOf } from "./sample-pack.ts";
import { buildWith, codes, only, pack, rewrite, store } from "./tampered-pack.ts";
import { verifyPack } from "./verify-pack.ts";

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
