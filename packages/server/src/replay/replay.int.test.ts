import { randomFillSync } from "node:crypto";
import { release, Sealer } from "@mandate/gateway";
import type { EntryDraft, JournalReader } from "@mandate/gateway";
import { newId } from "@mandate/model";
import type { Decision, DecisionRequest, RegisterFacts } from "@mandate/model";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NewFinding } from "../findings/index.ts";
import { payoutsManifest, startPayouts } from "../testing/payouts.ts";
import { bootstrapToken } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { replayPeriod } from "./replay.ts";
import type { ReplayResult } from "./replay.ts";
import { replaySample } from "./sample.ts";

/** MANDATE_REPLAY_DECISIONS says how many; each is an AuthZEN question of its own. */
const count = Number(process.env["MANDATE_REPLAY_DECISIONS"] ?? 2000);
const masterKey = randomFillSync(new Uint8Array(32));
const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);

let running: TestServer;
let deps: Parameters<typeof replayPeriod>[0];
let key = "";
let policyVersion = "";
const answers = new Map<string, string>();

const manifest = (limit: number) => payoutsManifest({ limit, rule: "because: Large payouts need a person., remedies: [{ text: Pay out less. }]", tools: { "notes.read": "{ effect: reads, output: trusted }" } });

function question(i: number): unknown {
  const order = `A${i}`;
  const tool = ["payouts.send", "payouts.send", "notes.read", "unknown.tool"][i % 4]!;
  const amount = i % 89 === 0 ? 150 : i % 97 === 0 ? 75 : (i * 7) % 60;
  return {
    subject: { type: "system", id: "payouts" },
    action: { name: "tool.call" },
    resource: { type: "tool", id: tool },
    context: { input: { order, amount, note: `n${i}` }, messages: tool === "notes.read" && i % 3 === 0 ? [] : [{ role: "user", content: `Pay order ${order} please` }] },
  };
}

async function ask(from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += 50) {
    const evaluations = Array.from({ length: Math.min(50, to - at) }, (_, i) => question(at + i));
    const response = await fetch(`${running.gatewayUrl}/access/v1/evaluations`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify({ evaluations }) });
    const body = (await response.json()) as { evaluations?: { context: { decision_id: string; outcome: string } }[] };
    expect(response.status, JSON.stringify(body).slice(0, 500)).toBe(200);
    for (const { context } of body.evaluations ?? []) answers.set(context.decision_id, context.outcome);
  }
}

beforeAll(async () => {
  ({ running, key } = await startPayouts(manifest(80), masterKey));
  await ask(0, count / 2);
  expect((await running.request("POST", "/api/v1/apply", { body: manifest(70) })).status).toBe(200);
  await ask(count / 2, count);
  await running.server.dataPlane.drain();
  policyVersion = (await running.db.read(running.server.org, (tx) => sql<{ v: string }>`select policy_version as v from decision order by id desc limit 1`.execute(tx))).rows[0]!.v;
  deps = { db: running.db, org: running.server.org, keys: { masterKey, random, now: running.now } };
}, 120_000);
afterAll(() => running?.close());

describe("a day made again", () => {
  test("gives every decision bit for bit, across a change of the rules in between", async () => {
    const outcomes = [...answers.values()];
    const said = await running.db.read(deps.org, (tx) => sql`select distinct outcome, code, reason from decision limit 10`.execute(tx));
    expect(new Set(outcomes), JSON.stringify(said.rows)).toEqual(new Set(["allow", "hold", "deny"]));
    const began = performance.now();
    const result = await replayPeriod(deps, { system: "payouts" });
    if (count > 5000) process.stdout.write(`replayed ${result.total} decisions in ${Math.round(performance.now() - began)} ms\n`);
    expect(result.shown).toEqual([]);
    expect(result).toMatchObject({ total: count, replayable: count, questions: count, same: count, differences: 0, unreplayable: {} });
    expect(result.releases, "each sealed which release decided it").toEqual({ [`${release().version} (engine ${release().engine!.slice(0, 12)})`]: count });
  });

  test("by another engine still counts where it comes out the same: what was sealed accuses and excuses nobody by itself", async () => {
    const elsewhere = await replayPeriod({ ...deps, engine: "f".repeat(64) }, { system: "payouts" });
    expect(elsewhere).toMatchObject({ replayable: count, same: count, differences: 0 });
  });

  test("ends where whoever asked has gone, with what was gone through by then", async () => {
    expect((await replayPeriod(deps, { system: "payouts" }, undefined, AbortSignal.abort())).total).toBe(0);
    const gone = new AbortController();
    const propose = (facts: RegisterFacts): RegisterFacts => (gone.abort(), facts);
    expect((await replayPeriod(deps, { system: "payouts" }, propose, gone.signal)).total).toBe(1);
  });

  test("says of one what each of its rules said", async () => {
    const { rows } = await running.db.read(deps.org, (tx) => sql<{ id: string; outcome: string }>`select distinct on (outcome) id, outcome from decision where resource = 'tool:payouts.send' order by outcome, id`.execute(tx));
    expect(rows.map((row) => row.outcome)).toContain("hold");
    for (const row of rows) {
      const { status, body } = await running.request("GET", `/api/v1/decisions/${row.id}/explanation`);
      expect([status, body.unreplayable, body.questions.length]).toEqual([200, null, 1]);
      const [question] = body.questions;
      expect(question).toMatchObject({ same: true, replayed: { outcome: row.outcome } });
      const limit = question.rules.find((one: { id: string }) => one.id === "payout-limit");
      expect(limit).toMatchObject(row.outcome === "hold" ? { verdict: "holds", decides: true, because: "Large payouts need a person.", policy: "payout-limit", passes: [{ attributes: ["context.input.amount"], needs: expect.stringMatching(/^context\.input\.amount <= \d+$/), is: null }] } : { verdict: "met", decides: false, passes: [] });
      const { checks } = body;
      expect(checks.map((one: { check: string }) => one.check).slice(0, 3)).toEqual(["identity", "status", "credential"]);
      expect(checks.find((one: { check: string }) => one.check === "rules").state).toBe({ hold: "held", deny: "refused", allow: "passed" }[row.outcome]);
    }
    expect((await running.request("GET", "/api/v1/decisions/dec_none/explanation")).status).toBe(404);
  });

  test("holds what was asked about things outside our own domain too", async () => {
    const ids: string[] = [];
    for (const name of ["can_read_todos", "can_delete_todo", "can_read_todos"]) {
      const reply = await running.request("POST", "/access/v1/evaluation", { body: { subject: { type: "user", id: `u${ids.length}`, properties: { roles: ["viewer"] } }, action: { name }, resource: { type: "todo", id: "t1", properties: { ownerID: "u0" } }, context: { at: "noon" } } });
      expect(reply.status, reply.text).toBe(200);
      ids.push(reply.body.context.decision_id);
    }
    for (const id of ids) expect((await running.request("POST", `/api/v1/decisions/${id}/replay`, { body: {} })).body).toMatchObject({ total: 1, replayable: 1, same: 1, differences: 0 });
  });

  test("under a proposed rule names exactly the decisions that would flip", async () => {
    const stricter = (facts: RegisterFacts): RegisterFacts => ({ ...facts, systems: facts.systems.map((one) => ({ ...one, grants: { ...one.grants, tools: one.grants.tools.filter((tool) => tool !== "notes.read") } })) });
    const result = await replayPeriod(deps, { system: "payouts" }, stricter);
    expect([result.looser, result.stricter]).toEqual([0, result.differences]);
    const { rows } = await running.db.read(deps.org, (tx) => sql<{ id: string }>`select id from decision where resource = 'tool:notes.read' and outcome = 'allow'`.execute(tx));
    expect(rows.length).toBeGreaterThan(0);
    expect(result.differences).toBe(rows.length);
    expect(new Set(result.shown.map((one) => one.id))).toEqual(new Set(rows.slice(0, 1000).map((row) => row.id)));
    expect(result.shown[0]).toMatchObject({ recorded: { outcome: "allow" }, replayed: { outcome: "deny", code: "not_granted" } });
  });

  test("under production of the present version says what would flip, and wants to know whose", async () => {
    const ask = (body: object) => running.request("POST", "/api/v1/evidence/replay", { token: bootstrapToken, body: { under: "production", ...body } });
    const tried = await ask({ system: "payouts" });
    expect(tried.body, tried.text).toMatchObject({ total: count, replayable: count });
    // The first half met a bound of 80, which is 70 since: payouts of 75 that passed then are held.
    expect(tried.body.differences).toBeGreaterThan(0);
    for (const one of tried.body.shown) expect([one.recorded.outcome, one.replayed.outcome, one.resource.startsWith("tool:")]).toEqual(["allow", "hold", true]);
    expect((await ask({})).body.code).toBe("replay.system");
    expect((await ask({ system: "nobody" })).body.code).toBe("replay.system");
  });

  test("is asked for over the API, and that is itself an entry", async () => {
    const [id] = answers.keys();
    expect((await running.request("POST", `/api/v1/decisions/${id!}/replay`, { body: {} })).body).toMatchObject({ total: 1, replayable: 1, same: 1 });
    expect((await running.request("POST", "/api/v1/decisions/dec_none/replay", { body: {} })).status).toBe(404);
    const period = await running.request("POST", "/api/v1/evidence/replay", { token: bootstrapToken, body: { system: "payouts", since: new Date(running.now() - 3_600_000).toISOString() } });
    expect(period.body, period.text).toMatchObject({ total: count, replayable: count });
    const entries = await running.db.read(deps.org, (tx) => sql<{ n: number }>`select count(*)::int as n from evidence_entry where convert_from(leaf, 'UTF8') like '%"type":"evidence.read"%'`.execute(tx));
    expect(entries.rows[0]!.n).toBe(2);
  });
});

/** Entries as a gateway with other rules than the register's would write them. */
async function forge(change: (recorded: { request: DecisionRequest; decision: Decision; facts: string }) => { request: DecisionRequest; decision: Decision; facts: string | null; release?: { version: string; engine: string | null } } | null): Promise<string> {
  const { evidence, publisher } = running.server;
  const { origin, size } = await evidence.ensureLog("gw-forged");
  const [sealingKey] = await evidence.sealingKeys(["payouts"]);
  const sealer = new Sealer({ origin, clock: running.now, random, sealingKey: () => sealingKey! });
  const request: DecisionRequest = { system: "payouts", action: "tool.call", resource: { type: "tool", id: "unknown.tool" }, now: Math.floor(running.now() / 1000), purpose: "pay", labels: { maxSensitivity: "public", untrusted: false, residency: [], classes: [], purposes: null }, session: {}, input: {}, argumentsFromUser: false, data: { classes: [], region: null, sensitivity: null }, digest: null, approval: null };
  const decision: Decision = { outcome: "allow", code: null, param: null, reason: "Granted.", rule: null, matched: [], remedies: [], obligations: [], hold: null, policyVersion };
  const id = newId("decision", running.now(), random);
  const draft: EntryDraft = { type: "decision", decisionId: id, system: "payouts", policyVersion: decision.policyVersion, registerVersion: publisher.current.version, outcome: "allow", approvals: [], retention: "T1", payload: {}, messages: [], sessionId: null, context: change({ request, decision, facts: publisher.current.factsDigest! }), terminal: "done" };
  const entry = sealer.entry(draft, size, 0);
  const journal: JournalReader = { origin, writerKey: "", read: () => Promise.resolve([{ seq: size, ...entry.record }]), size: () => size + 1, acknowledge: () => Promise.resolve(), onDurable: () => () => undefined };
  await evidence.sequence(journal);
  return id;
}

describe("a record that its own facts contradict", () => {
  test("raises an alarm that names the decision and what differs", async () => {
    const id = await forge((recorded) => recorded);
    const findings: NewFinding[] = [];
    // As many as an hour holds are drawn; every one is drawn here.
    await running.db.transaction(deps.org, (tx) => sql`delete from decision where id <> ${id}`.execute(tx));
    await replaySample(deps, { now: running.now, report: (finding) => Promise.resolve(void findings.push(finding)) });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ kind: "replay_mismatch", system: "payouts", key: `replay:${id}` });
    expect(findings[0]!.detail).toContain("outcome");
    expect((await running.request("GET", "/api/v1/evidence/replays")).body.items[0]).toMatchObject({ replayed: 1, same: 0 });
  });

  test("is an alarm where this very engine decided, whatever policy version the record claims, and another release's where the entry sealed another", async () => {
    const ours = { version: release().version, engine: release().engine };
    const claimed = { policyVersion: "guardrails of nobody" };
    const outcomes: [string, ReplayResult][] = [];
    for (const [name, by] of [["ours", ours], ["another", { version: "0.0.9", engine: "e".repeat(64) }], ["not sealed", undefined]] as const) {
      await running.db.transaction(deps.org, (tx) => sql`delete from decision`.execute(tx));
      await forge((recorded) => ({ ...recorded, decision: { ...recorded.decision, ...claimed }, ...(by === undefined ? {} : { release: by }) }));
      outcomes.push([name, await replayPeriod(deps, {})]);
    }
    const [[, mine], [, others], [, silent]] = outcomes as [[string, ReplayResult], [string, ReplayResult], [string, ReplayResult]];
    expect(mine).toMatchObject({ replayable: 1, differences: 1, unreplayable: {} });
    expect(mine.shown[0]?.members).toContain("policyVersion");
    expect(others).toMatchObject({ replayable: 0, differences: 0, unreplayable: { other_release: 1 }, releases: { "0.0.9 (engine eeeeeeeeeeee)": 1 } });
    expect(silent).toMatchObject({ replayable: 0, unreplayable: { other_release: 1 }, releases: { "not sealed": 1 } });
  });

  test("what can't be made again is counted by its reason, never as the same", async () => {
    await running.db.transaction(deps.org, (tx) => sql`delete from decision`.execute(tx));
    await forge(() => null);
    await forge((recorded) => ({ ...recorded, facts: "00".repeat(32) }));
    await forge((recorded) => ({ ...recorded, facts: null }));
    const erased = await forge((recorded) => recorded);
    await running.db.transaction(deps.org, (tx) => sql`delete from evidence_key k using decision d where d.id = ${erased} and k.origin = d.intent_log and k.index = d.intent_index`.execute(tx));
    const result = await replayPeriod(deps, {});
    expect(result).toMatchObject({ total: 4, replayable: 0, same: 0, unreplayable: { no_rule_asked: 1, facts_missing: 1, older_record: 1, erased: 1 } });
  });
});

test("what was enforced is only ever added to", async () => {
  await expect(running.db.transaction(deps.org, (tx) => sql`update facts_version set manifest = manifest || ' '`.execute(tx))).rejects.toThrow(/append-only/);
  await expect(running.db.transaction(deps.org, (tx) => sql`delete from facts_chunk`.execute(tx))).rejects.toThrow(/append-only/);
});
