import { describe, expect, test } from "vitest";
import { concatBytes, toBase64, utf8 } from "../encoding.ts";
import { seal } from "../seal/node-seal.ts";
import { buildPack } from "./build-pack.ts";
import { appendCheckpointToMeta, appendMeta, logParts, sampleLeaf, samplePackParts } from "./sample-pack.ts";
import { codes, store } from "./tampered-pack.ts";

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
