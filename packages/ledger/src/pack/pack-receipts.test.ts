import { describe, expect, test } from "vitest";
import { generateSigner } from "../seal/node-signer.ts";
import { leafHash } from "../merkle/hash.ts";
import { parseReceipt, signReceipt } from "../tlog/receipt.ts";
import { buildPack } from "./build-pack.ts";
import { sampleLeaf, samplePackParts, sampleStore } from "./sample-pack.ts";
import { verifyPack } from "./verify-pack.ts";

const store = sampleStore();
const pack = await buildPack(samplePackParts(store));
const { signer, leaves } = store.gateway;
const receiptOf = (index: number, leaf = leaves[index]!, by = signer): string => signReceipt({ origin: signer.name, index, decision: "dec_1", leaf: leafHash(leaf) }, by);
const codes = async (receipts: string[], trust?: string): Promise<string[]> => (await verifyPack(pack, { receipts, ...(trust !== undefined && { trust }) })).problems.map(({ code }) => code);

describe("a receipt that a caller kept", () => {
  test("is kept by the log it is of", async () => {
    expect(await verifyPack(pack, { receipts: [receiptOf(0), receiptOf(299)] })).toMatchObject({ ok: true, receipts: 2 });
    expect(parseReceipt(receiptOf(7))).toMatchObject({ origin: signer.name, index: 7, decision: "dec_1" });
  });

  test("shows an entry that was dropped before it was published, or replaced", async () => {
    expect(await codes([receiptOf(300, sampleLeaf(signer.name, 300))])).toEqual(["receipt.not_in_log"]);
    expect(await codes([receiptOf(5, leaves[6])])).toEqual(["receipt.contradicted"]);
  });

  test("of a log that the pack lacks, or signed by nobody known, is told", async () => {
    const stranger = generateSigner("localhost/acme/gw-9/1");
    expect(await codes([signReceipt({ origin: stranger.name, index: 0, decision: "dec_1", leaf: leafHash(leaves[0]!) }, stranger)])).toEqual(["receipt.log_missing"]);
    const own = generateSigner(signer.name);
    expect(await codes([receiptOf(0, leaves[0], own)])).toEqual(["receipt.signature"]);
    // A stand-alone gateway's own key, when the verifier was given it.
    expect(await codes([receiptOf(0, leaves[0], own)], `${own.vkey}\n${signer.vkey}\n${store.meta.signer.vkey}\n`)).toEqual([]);
  });

  test("that isn't one is told", async () => {
    for (const text of ["", "x", "!", receiptOf(1).slice(0, -8), "A".repeat(9000)]) expect(await codes([text])).toEqual(["receipt.malformed"]);
  });
});
