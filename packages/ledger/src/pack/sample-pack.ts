import { utf8 } from "../encoding.ts";
import { canonicalBytes } from "../json/canonical.ts";
import { DenseTree } from "../merkle/dense-tree.ts";
import { hashSize, leafHashInto } from "../merkle/hash.ts";
import type { Sealed } from "../seal/node-seal.ts";
import { seal } from "../seal/node-seal.ts";
import type { NodeSigner } from "../seal/node-signer.ts";
import { generateSigner } from "../seal/node-signer.ts";
import { signCheckpoint } from "../tlog/checkpoint.ts";
import { toBase64 } from "../encoding.ts";
import { tileBytes } from "../tlog/tile.ts";
import type { PackLogParts, PackParts } from "./build-pack.ts";

// A small installation for tests and the benchmark: one gateway log, the meta-log, sealed payloads.

export interface SampleLog {
  readonly signer: NodeSigner;
  readonly leaves: Uint8Array[];
}

export interface SampleStore {
  readonly meta: SampleLog;
  readonly gateway: SampleLog;
  readonly payloads: Sealed[];
}

export function treeOf(leaves: readonly Uint8Array[]): DenseTree {
  const hashes = new Uint8Array(leaves.length * hashSize);
  leaves.forEach((leaf, i) => leafHashInto(leaf, hashes, i * hashSize));
  return new DenseTree(hashes);
}

export function checkpointOf({ signer, leaves }: SampleLog, size = leaves.length): string {
  return signCheckpoint({ origin: signer.name, size, root: treeOf(leaves.slice(0, size)).root() }, [signer]);
}

export function appendMeta(meta: SampleLog, members: Readonly<Record<string, unknown>>): void {
  const seq = meta.leaves.length;
  meta.leaves.push(
    canonicalBytes({
      v: 1,
      id: `ent_m${seq}`,
      at: "2026-11-22T12:00:00.000Z",
      shard: meta.signer.name,
      seq,
      seen: 0,
      ...members,
    }),
  );
}

export function appendCheckpointToMeta(meta: SampleLog, log: SampleLog): void {
  const { length } = log.leaves;
  appendMeta(meta, {
    type: "log.checkpoint",
    log: log.signer.name,
    size: length,
    root: toBase64(treeOf(log.leaves).root()),
  });
}

/** A gateway log of `size` entries, the first `sealedCount` with payloads, its newest state in the meta-log. */
export function sampleStore(size = 300, sealedCount = 5): SampleStore {
  const gateway: SampleLog = { signer: generateSigner("localhost/acme/gw-1/1"), leaves: [] };
  const meta: SampleLog = { signer: generateSigner("localhost/acme/meta/1"), leaves: [] };
  const payloads: Sealed[] = [];
  for (let seq = 0; seq < size; seq++) {
    const sealed = seq < sealedCount ? seal(utf8(JSON.stringify({ reason: `call ${seq}` }))) : undefined;
    if (sealed !== undefined) payloads.push(sealed);
    gateway.leaves.push(sampleLeaf(gateway.signer.name, seq, sealed));
  }
  appendMeta(meta, { type: "log.created", log: gateway.signer.name, vkey: gateway.signer.vkey });
  appendCheckpointToMeta(meta, gateway);
  return { meta, gateway, payloads };
}

export function sampleLeaf(shard: string, seq: number, sealed?: Sealed): Uint8Array {
  return canonicalBytes({
    v: 1,
    type: seq % 2 === 0 ? "call.intent" : "call.outcome",
    id: `ent_${String(seq).padStart(26, "0")}`,
    at: "2026-11-22T12:00:00.000Z",
    shard,
    seq,
    seen: 0,
    system: "support-concierge",
    register: 7,
    decision: `dec_${String(seq >> 1).padStart(26, "0")}`,
    retention: "T2",
    ...(sealed !== undefined && { ct: sealed.ct, pc: sealed.pc }),
  });
}

export function logParts(name: string, log: SampleLog, older: readonly number[] = []): PackLogParts {
  const tree = treeOf(log.leaves);
  return {
    name,
    vkey: log.signer.vkey,
    checkpoint: checkpointOf(log),
    entries: log.leaves.map((leaf, index) => ({ index, leaf })),
    readTile: (tile) => tileBytes(tile, tree.read),
    olderCheckpoints: older.map((size) => checkpointOf(log, size)),
  };
}

export function samplePackParts(store: SampleStore): PackParts {
  return {
    created: "2026-11-22T12:00:01.000Z",
    period: { since: null, until: null },
    systems: ["support-concierge"],
    logs: [logParts("1", store.gateway, [100, 256]), logParts("meta", store.meta)],
    payloads: store.payloads,
    disclosures: store.payloads.slice(0, 2),
    files: () => [{ path: "README.md", bytes: utf8("# Evidence\n"), mediaType: "text/markdown" }],
    signer: store.meta.signer,
  };
}
