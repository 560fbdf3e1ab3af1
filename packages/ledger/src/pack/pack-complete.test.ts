import { expect, test } from "vitest";
import { toBase64, utf8 } from "../encoding.ts";
import { canonicalBytes } from "../json/canonical.ts";
import { generateSigner } from "../seal/node-signer.ts";
import type { PackParts } from "./build-pack.ts";
import { buildPack } from "./build-pack.ts";
import type { SampleLog } from "./sample-pack.ts";
import { logParts, treeOf } from "./sample-pack.ts";
import { verifyPack } from "./verify-pack.ts";

const minuteMs = 60_000;
const startMs = Date.parse("2026-11-22T12:00:00.000Z");
const at = (minute: number): string => new Date(startMs + minute * minuteMs).toISOString();

interface Store {
  readonly meta: SampleLog;
  readonly gateway: SampleLog;
}

/** A log that three systems share, an entry a minute; the meta-log seals their counts every ten. */
function store({ counted = 0, lie = 0 }: { readonly counted?: number | null; readonly lie?: number } = {}): Store {
  const gateway: SampleLog = { signer: generateSigner("localhost/acme/gw-1/1"), leaves: [] };
  const meta: SampleLog = { signer: generateSigner("localhost/acme/meta/1"), leaves: [] };
  const appendMeta = (minute: number, members: Readonly<Record<string, unknown>>): void => {
    const seq = meta.leaves.length;
    meta.leaves.push(canonicalBytes({ v: 1, id: `ent_m${seq}`, at: at(minute), shard: meta.signer.name, seq, seen: 0, ...members }));
  };
  appendMeta(0, { type: "log.created", log: gateway.signer.name, vkey: gateway.signer.vkey });
  const counts: Record<string, number> = {};
  for (let seq = 0; seq < 60; seq++) {
    const system = ["returns", "notes", undefined][seq % 3];
    // Records of audits belong to audits, whatever the system.
    const isAudit = seq % 20 === 19;
    gateway.leaves.push(canonicalBytes({ v: 1, type: isAudit ? "audit" : "decision", id: `ent_${seq}`, at: at(seq), shard: gateway.signer.name, seq, seen: 0, decision: `dec_${seq}`, ...(system !== undefined && { system }) }));
    if (!isAudit && counted !== null && seq >= counted) counts[system ?? ""] = (counts[system ?? ""] ?? 0) + 1;
    if (seq % 10 !== 9) continue;
    const seals = counted === null || seq < counted ? [{}] : [{ counted, systems: { returns: (counts["returns"] ?? 0) + lie } }, { counted, systems: Object.fromEntries(Object.entries(counts).filter(([name]) => name !== "returns")) }];
    for (const seal of seals) appendMeta(seq, { type: "log.checkpoint", log: gateway.signer.name, size: seq + 1, root: toBase64(treeOf(gateway.leaves).root()), ...seal });
  }
  return { meta, gateway };
}

interface Scope {
  readonly systems?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  /** Entries that the pack's maker leaves out. */
  readonly without?: readonly number[];
  /** First entry shown whatever its time. */
  readonly from?: number;
  /** First entry that the period's end leaves out. */
  readonly to?: number;
}

async function checked({ meta, gateway }: Store, { systems = ["returns"], since, until, without = [], from = 60, to = until }: Scope = {}) {
  const log = logParts("1", gateway);
  const shown = gateway.leaves
    .map((leaf, index) => ({ index, leaf, header: JSON.parse(Buffer.from(leaf).toString()) as { system?: string; type: string } }))
    .filter(({ index, header }) => header.type !== "audit" && (systems.length === 0 || systems.includes(String(header.system))) && (since === undefined || index >= since || index >= from) && (until === undefined || index < until || (to !== undefined && index < to)) && !without.includes(index));
  const parts: PackParts = {
    created: at(61),
    period: { since: since === undefined ? null : at(since), until: until === undefined ? null : at(until) },
    systems,
    logs: [{ ...log, entries: shown }, logParts("meta", meta)],
    payloads: [],
    files: () => [{ path: "README.md", bytes: utf8("# Evidence\n"), mediaType: "text/markdown" }],
    signer: meta.signer,
  };
  const result = await verifyPack(await buildPack(parts));
  return { complete: result.complete, codes: [...new Set(result.problems.map((one) => one.code))] };
}

test("a pack of one system shows that none of its entries is missing, beside others that it leaves out", async () => {
  expect(await checked(store())).toEqual({ complete: true, codes: [] });
  expect(await checked(store(), { systems: ["returns", "notes"] })).toEqual({ complete: true, codes: [] });
  expect(await checked(store(), { systems: ["never-called"] })).toEqual({ complete: true, codes: [] });
});

test("one entry of the system left out is told, wherever it stood", async () => {
  for (const index of [0, 27, 57]) expect(await checked(store(), { without: [index] })).toEqual({ complete: false, codes: ["entry.left_out"] });
  expect(await checked(store(), { systems: ["returns", "notes"], without: [1] })).toEqual({ complete: false, codes: ["entry.left_out"] });
});

test("a pack of everything that leaves one out is told as well, audits of others aside", async () => {
  expect(await checked(store(), { systems: [] })).toEqual({ complete: true, codes: [] });
  expect(await checked(store(), { systems: [], without: [31] })).toEqual({ complete: false, codes: ["entry.left_out"] });
});

test("a count that was sealed wrong is told, not believed", async () => {
  expect(await checked(store({ lie: 1 }))).toEqual({ complete: false, codes: ["entry.left_out"] });
  expect(await checked(store({ lie: -1 }))).toEqual({ complete: false, codes: ["entry.left_out"] });
});

test("a period's beginning is bounded by the counts sealed before it, clocks' difference aside", async () => {
  // Sealed at minutes 9, 19, 29: five minutes before minute 25 is the one of 20 entries.
  expect(await checked(store(), { since: 25, from: 20 })).toEqual({ complete: true, codes: [] });
  expect(await checked(store(), { since: 25, from: 20, without: [36] })).toEqual({ complete: false, codes: ["entry.left_out"] });
});

test("a period's end is bounded by the counts sealed after it, and what is left out of it is told", async () => {
  // Five minutes after minute 40 the first counts are those of 50 entries, after minute 55 there are none but the last.
  expect(await checked(store(), { until: 40, to: 50 })).toEqual({ complete: true, codes: [] });
  expect(await checked(store(), { since: 25, from: 20, until: 40, to: 50 })).toEqual({ complete: true, codes: [] });
  expect(await checked(store(), { until: 55, to: 60 })).toEqual({ complete: true, codes: [] });
  for (const without of [[3], [36], [48]]) expect(await checked(store(), { until: 40, to: 50, without })).toEqual({ complete: false, codes: ["entry.left_out"] });
  // What came later is left out by right, and so is what came before the counts that it begins with.
  expect(await checked(store(), { since: 25, from: 20, until: 40, to: 50, without: [18, 51] })).toEqual({ complete: true, codes: [] });
});

test("a pack of everything in a period is counted by all systems together", async () => {
  const period = { systems: [], since: 25, from: 20, until: 40, to: 50 };
  expect(await checked(store(), period)).toEqual({ complete: true, codes: [] });
  expect(await checked(store(), { ...period, without: [31] })).toEqual({ complete: false, codes: ["entry.left_out"] });
  expect(await checked(store({ counted: 30 }), { systems: [], since: 46, from: 40 })).toEqual({ complete: true, codes: [] });
});

test("what can't be told is said so: no counts, entries of an earlier release", async () => {
  expect(await checked(store({ counted: null }))).toEqual({ complete: null, codes: [] });
  expect(await checked(store({ counted: 30 }))).toEqual({ complete: null, codes: [] });
  expect(await checked(store({ counted: 30 }), { since: 46, from: 40 })).toEqual({ complete: true, codes: [] });
  expect(await checked(store({ counted: 30 }), { until: 40, to: 50 })).toEqual({ complete: null, codes: [] });
});
