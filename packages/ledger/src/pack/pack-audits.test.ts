import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { toBase64, utf8 } from "../encoding.ts";
import { canonicalBytes } from "../json/canonical.ts";
import { leafHash } from "../merkle/hash.ts";
import { MemberCount, populationDigest, SampleDraw, sampleSeed } from "../sample/draw-sample.ts";
import type { Population } from "../sample/draw-sample.ts";
import { buildPack } from "./build-pack.ts";
import { appendCheckpointToMeta, appendMeta, samplePackParts, sampleStore, treeOf } from "./sample-pack.ts";
import { verifyPack } from "./verify-pack.ts";

type Members = Record<string, unknown>;
const id = "aud_1";
const digestOf = (value: unknown): string => createHash("sha256").update(canonicalBytes(value)).digest("hex");

/** What somebody who holds the installation could try. */
interface Lies {
  readonly population?: (honest: Population) => Population;
  readonly members?: (honest: Members[]) => Members[];
  readonly value?: string;
  readonly leaveOutLast?: boolean;
  readonly unlogged?: boolean;
  readonly file?: (records: { statement: Members; digest: string }[]) => void;
}

/** A store whose population was fixed before more came, and an audit of it. */
async function audited(lies: Lies = {}) {
  const store = sampleStore(60);
  const { gateway, meta } = store;
  const metaSize = meta.leaves.length;
  const count = new MemberCount();
  const size = gateway.leaves.length;
  const draws: { hash: Uint8Array; member: { log: string; index: number; decision: string } }[] = [];
  gateway.leaves.forEach((leaf, index) => {
    if (index % 2 !== 0) return;
    const hash = leafHash(leaf);
    count.add(hash);
    draws.push({ hash, member: { log: gateway.signer.name, index, decision: `dec_${String(index >> 1).padStart(26, "0")}` } });
  });
  const logs = [{ origin: gateway.signer.name, size, root: toBase64(treeOf(gateway.leaves).root()), members: count.members, digest: count.digest() }];
  const honest: Population = { checkpoint: { origin: meta.signer.name, size: metaSize, root: toBase64(treeOf(meta.leaves).root()) }, logs, members: count.members, digest: populationDigest(logs) };
  const population = lies.population?.(honest) ?? honest;
  const draw = new SampleDraw(sampleSeed(population, "dice 6 6 1"), 5);
  for (const one of draws) draw.offer(one.hash, one.member);
  const records: { statement: Members; digest: string }[] = [];
  const add = (kind: string, body: unknown): void => {
    const statement = { audit: id, n: records.length, kind, at: "2026-11-22T12:00:00.000Z", by: { person: "per_1", email: "ada@auditors.example" }, previous: records.at(-1)?.digest ?? null, nonce: "00", body };
    records.push({ statement, digest: digestOf(statement) });
  };
  add("opened", { title: "Year", systems: ["support-concierge"], since: null, until: null });
  add("population", population);
  add("sample", { draw: 1, value: lies.value ?? "dice 6 6 1", size: 5, members: lies.members?.(draw.drawn().map((one) => ({ ...one }))) ?? draw.drawn() });
  add("answer", { question: 3, text: "Ada did" });
  for (const { digest } of records) {
    const seq = gateway.leaves.length;
    if (lies.unlogged !== true) gateway.leaves.push(canonicalBytes({ v: 1, type: "audit", id: `ent_a${seq}`, at: "2026-11-22T12:00:01.000Z", shard: gateway.signer.name, seq, seen: 0, audit: id, commits: digest }));
  }
  appendCheckpointToMeta(meta, gateway);
  appendMeta(meta, { type: "heartbeat" });
  if (lies.leaveOutLast === true) records.pop();
  lies.file?.(records);
  const parts = samplePackParts(store);
  return verifyPack(await buildPack({ ...parts, logs: parts.logs.map((log) => ({ ...log, olderCheckpoints: [] })), files: () => [{ path: `audits/${id}.json`, bytes: utf8(JSON.stringify({ schema: "mandate.audit/1", id, records })), mediaType: "application/json" }] }));
}

const codesOf = async (lies: Lies): Promise<string[]> => [...new Set((await audited(lies)).problems.map((one) => one.code))];

test("an honest audit's sample is drawn again, offline", async () => {
  const result = await audited();
  expect(result.problems).toEqual([]);
  expect(result.samples).toEqual([{ audit: id, draw: 1, population: 30, members: 5, complete: true }]);
});

test("a member exchanged, left out or moved is told", async () => {
  expect(await codesOf({ members: (all) => all.slice(1) })).toEqual(["audit.sample"]);
  expect(await codesOf({ members: (all) => all.toReversed() })).toEqual(["audit.sample"]);
  expect(await codesOf({ members: (all) => [...all.slice(1), { ...all[0], index: 2, decision: "dec_x" }] })).toEqual(["audit.sample"]);
});

test("another value than the auditor's draws another sample", async () => {
  expect(await codesOf({ value: "dice 6 6 2" })).toEqual(["audit.sample"]);
});

test("a population that leaves decisions or whole logs out does not come out", async () => {
  const shorter = (honest: Population): Population => {
    const logs = honest.logs.map((log) => ({ ...log, members: log.members - 1 }));
    return { ...honest, logs, members: honest.members - 1, digest: populationDigest(logs) };
  };
  expect(await codesOf({ population: shorter })).toContain("audit.population");
  expect(await codesOf({ population: (honest) => ({ ...honest, logs: [], members: 0, digest: populationDigest([]) }) })).toContain("audit.population");
  expect(await codesOf({ population: (honest) => ({ ...honest, members: 29 }) })).toEqual(["audit.population"]);
  expect(await codesOf({ population: (honest) => ({ ...honest, checkpoint: { ...honest.checkpoint, root: honest.logs[0]!.root } }) })).toContain("audit.population");
});

test("records that the log doesn't hold, or that the file leaves out or changes, are told", async () => {
  expect(await codesOf({ unlogged: true })).toEqual(["audit.unlogged"]);
  expect(await codesOf({ leaveOutLast: true })).toEqual(["audit.record_missing"]);
  expect(await codesOf({ file: (records) => void (records[3]!.statement = { ...records[3]!.statement, body: { question: 3, text: "Bob did" } }) })).toEqual(["audit.digest"]);
  expect(await codesOf({ file: (records) => void records.splice(1, 1) })).toEqual(["audit.chain"]);
  expect(await codesOf({ file: (records) => void records.reverse() })).toEqual(["audit.chain"]);
});

test("a value is one line, a sample has an end", () => {
  const population = { checkpoint: { origin: "a", size: 0, root: "" }, logs: [], members: 0, digest: "" };
  for (const value of ["", "a\nb", "x".repeat(201)]) expect(() => sampleSeed(population, value)).toThrow(/one line/);
  for (const size of [0, 1.5, 1_001]) expect(() => new SampleDraw(new Uint8Array(32), size)).toThrow(/1 to 1000/);
});
