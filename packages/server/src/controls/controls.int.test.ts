import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { notesManifest } from "../testing/notes.ts";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { systemActor } from "../context/index.ts";
import { outcomeOf } from "./probes/call.ts";
import type { ProbeOutcome } from "./probes/call.ts";
import { probeCases } from "./probes/cases.ts";
import { heldToTheirLogs } from "./probes/own-logs.ts";
import { runControls } from "./run.ts";
import { provePlanted } from "./prove.ts";
import type { QueryMeasure } from "./measure.ts";
import { measures } from "./measures/index.ts";
import type { ControlResult } from "./result.ts";

let server: TestServer;
let results: readonly ControlResult[];
const of = (id: string): ControlResult => results.find((one) => one.control === id)!;
const run = async (controls: readonly string[] = []): Promise<readonly ControlResult[]> => (await server.request("POST", "/api/v1/controls/run", { body: { controls } })).body.results;
const rows = async <T>(query: ReturnType<typeof sql<T>>): Promise<readonly T[]> => (await server.db.read(server.server.org, (tx) => query.execute(tx))).rows;

beforeAll(async () => {
  server = await startTestServer();
  const applied = await server.request("POST", "/api/v1/apply", { body: manifest });
  expect(applied.status, applied.text).toBe(200);
  results = await run();
}, 120_000);
afterAll(() => server.close());

const manifest = `${notesManifest}---
apiVersion: v1
kind: Dataset
metadata: { name: minutes }
spec: { sensitivity: internal }
`;

test("G9: every control has a result that says how it is known, over how many, by which question, in which window and at which place in the log", () => {
  expect(results).toHaveLength(60);
  for (const one of results) {
    expect(one.reason, one.control).not.toBe("");
    expect(one.position.length, one.control).toBeGreaterThan(0);
    expect(Date.parse(one.window.until) - Date.parse(one.window.since)).toBe(30 * 86_400_000);
    if (one.outcome === "unproven") expect(one.grade, one.control).toBe("cant_tell");
    else expect(one.query, one.control).not.toBe("");
  }
  expect(of("DATA-01")).toMatchObject({ outcome: "fail", grade: "declared", population: 1, faults: 1, exceptions: [{ subject: "dataset:minutes", fault: expect.stringContaining("retention"), exception: null }] });
  expect(of("OWN-01")).toMatchObject({ outcome: "pass", population: 1, systems: { notes: { population: 1, faults: 0 } } });
});

test("what nothing can measure says why, and passes nothing", () => {
  const unmeasured = results.filter((one) => one.query === "");
  expect(unmeasured.map((one) => one.control).toSorted()).toEqual(["DATA-05"]);
  expect(unmeasured.every((one) => one.outcome === "unproven" && one.reason.length > 40)).toBe(true);
});

test("a control passes only where its measure was seen to fail: every query finds the fault planted in it", async () => {
  for (const one of results.filter((each) => each.outcome === "pass")) expect(one.proof, one.control).not.toBeNull();
  const blind: QueryMeasure = { ...(measures.get("RT-11") as QueryMeasure), plant: () => Promise.resolve() };
  expect(await provePlanted(server.db, server.server.org, server.now(), blind)).toBeNull();
  for (const measure of measures.values()) if (measure.kind === "query" || measure.kind === "read") expect(await provePlanted(server.db, server.server.org, server.now(), measure), measure.control).not.toBeNull();
});

test("what is planted is undone: no list and no snapshot ever holds it", async () => {
  expect((await server.request("GET", "/api/v1/systems")).body.items.map((one: { name: string }) => one.name)).toEqual(["notes"]);
  const [left] = await rows(sql<{ n: number }>`select (select count(*) from register_objects where name like '%planted%') + (select count(*) from decision where id like '%planted%') + (select count(*) from credentials where id like '%planted%') as n`);
  expect(Number(left!.n)).toBe(0);
  expect(server.server.publisher.current.facts.systems.some((one) => one.name.includes("planted"))).toBe(false);
});

test("the running gateway refuses what is planted, each with its own code, and the probe would notice if it didn't", () => {
  for (const one of probeCases) {
    expect(of(one.control).proof, one.control).toMatchObject({ how: "gateway", saw: expect.stringContaining("refused: ") });
    expect(of(one.control).exceptions.filter((fault) => fault.subject.startsWith("probe")), one.control).toEqual([]);
  }
  for (const one of probeCases) expect(of(one.control).gateways, one.control).toMatchObject([{ gateway: expect.stringMatching(/^gw-/), outcome: "refused" }]);
  expect(of("OWN-01").gateways).toEqual([]);
  expect(of("LOG-02")).toMatchObject({ outcome: "pass", proof: { how: "log" } });
  // What was planted is no fault that an operator is called for.
  expect(server.logged()).not.toContain("evidence.decision_failed");
  expect(of("LOG-06")).toMatchObject({ outcome: "pass", population: 2, proof: { how: "sample", saw: expect.stringContaining("a reading that can't be written down: evidence_unavailable") } });
});

test("probes stand in the log under names that nobody can register, and count in no population", async () => {
  const decisions = await rows(sql<{ system: string | null; credential: string | null; outcome: string }>`select system, credential, outcome from decision`);
  expect(decisions.length).toBeGreaterThan(10);
  expect(decisions.every((one) => one.system?.startsWith("probe:") === true || one.credential?.startsWith("probe:") === true)).toBe(true);
  // INVARIANT: none of them was ever allowed.
  expect(decisions.some((one) => one.outcome === "allow")).toBe(false);
  for (const id of ["INV-02", "LOG-01", "RT-01", "NHI-06"]) expect(of(id).population, id).toBe(0);
  expect((await server.request("POST", "/api/v1/apply", { body: manifest.replace("name: notes", 'name: "probe:open"') })).status).toBe(422);
  expect((await server.request("GET", "/api/v1/findings")).body.items.filter((one: { system: string | null }) => one.system?.startsWith("probe:"))).toEqual([]);
});

test("a probe's name is no way round: whoever asks in it, with an administrator's token, is refused", async () => {
  for (const [action, resource] of [["tool.call", { type: "tool", id: "probe:tool" }], ["model.call", { type: "model", id: "probe:model" }], ["data.export", { type: "destination", id: "anywhere" }]] as const) {
    const answer = await server.request("POST", "/access/v1/evaluation", { body: { subject: { type: "system", id: "probe:open" }, action: { name: action }, resource } });
    expect(answer.body.decision, action).toBe(false);
  }
  const created = await server.request("POST", "/api/v1/credentials", { body: { system: "probe:open", name: "mine", ttl: "1h" } });
  expect(created.status).toBeGreaterThanOrEqual(400);
});

test("results are history: the same stands in the log, nothing can be corrected, and a pass that grew old reads stale", async () => {
  const [entry] = await rows(sql<{ n: number }>`select count(*)::int as n from evidence_entry where position('"type":"control"'::bytea in leaf) > 0`);
  expect(entry!.n).toBe(1);
  await expect(server.db.transaction(server.server.org, (tx) => sql`update control_results set outcome = 'pass'`.execute(tx))).rejects.toThrow();
  const shown = async (id: string) => (await server.request("GET", `/api/v1/controls/${id}`)).body;
  expect(await shown("GATE-02")).toMatchObject({ outcome: "pass", grade: "enforced", result: { control: "GATE-02" } });
  server.advance(25 * 3_600_000);
  expect((await shown("GATE-02")).outcome).toBe("stale");
  expect((await shown("DATA-01")).outcome).toBe("stale");
  // The clock jumped: until the register is confirmed again, everything is refused for that.
  await server.server.publisher.refresh();
  const again = await run(["GATE-02"]);
  expect(again).toHaveLength(1);
  expect((await shown("GATE-02")).outcome).toBe("pass");
  expect((await server.request("GET", "/api/v1/controls/GATE-02/results")).body.items).toHaveLength(2);
});

test("a fail is a finding until it passes; one system's outcome is its own", async () => {
  const open = async () => (await server.request("GET", "/api/v1/findings?kind=control.failed&state=open")).body.items.map((one: { title: string }) => one.title.slice(0, 7));
  expect(await open()).toContain("DATA-01");
  await server.request("POST", "/api/v1/apply", { body: "apiVersion: v1\nkind: Dataset\nmetadata: { name: minutes }\nspec: { sensitivity: internal, region: EEA, retention: 30d }\n" });
  results = await run();
  expect(of("DATA-01").outcome).toBe("pass");
  expect(await open()).not.toContain("DATA-01");
  expect((await server.request("GET", "/api/v1/controls?system=notes")).body.items.find((one: { id: string }) => one.id === "OWN-01").outcome).toBe("pass");
  expect((await server.request("GET", "/api/v1/controls?system=nobody")).body.items.find((one: { id: string }) => one.id === "OWN-01").outcome).toBe("not_applicable");
});

test("an exception lets a fault stand until its end and mends nothing: the control still fails, and nobody is sent after it", async () => {
  await server.db.transaction(server.server.org, (tx) => sql`update register_objects set spec = jsonb_set(spec, '{owners}', '{}') where org = ${server.server.org} and kind = 'AISystem' and name = 'notes'`.execute(tx));
  await server.db.transaction(server.server.org, (tx) => sql`insert into exceptions (org, id, system, scope, target, reason, compensating, tier, requester, requested_at, approval_id, granted_at, granted_by, ends_at)
    values (${server.server.org}, 'exc_two', 'notes', 'control', 'OWN-01', 'why', 'instead', 'T0', 'per_1', ${new Date(server.now() - 1000)}, 'apr_2', ${new Date(server.now() - 1000)}, '{bea}', ${new Date(server.now() + 86_400_000)})`.execute(tx));
  const all = await run();
  expect(all.find((one) => one.control === "OWN-01")).toMatchObject({ outcome: "fail", faults: 1, excepted: 1, exceptions: [{ system: "notes", exception: "exc_two" }], systems: { notes: { faults: 1, excepted: 1 } } });
  const open = (await server.request("GET", "/api/v1/findings?kind=control.failed&state=open")).body.items as readonly { title: string }[];
  expect(open.some((one) => one.title.startsWith("OWN-01"))).toBe(false);
  server.advance(2 * 86_400_000);
  await server.server.publisher.refresh();
  const after = (await run()).find((one) => one.control === "OWN-01");
  expect(after).toMatchObject({ faults: 1, excepted: 0, exceptions: [{ exception: null }] });
  expect(((await server.request("GET", "/api/v1/findings?kind=control.failed&state=open")).body.items as readonly { title: string }[]).some((one) => one.title.startsWith("OWN-01"))).toBe(true);
});

test("a gateway elsewhere that can't be probed passes nothing: what it was asked of is unproven, and says which", async () => {
  const made = await server.request("POST", "/api/v1/gateways", { body: { name: "far" } });
  // Named and never enrolled it enforces nothing for anybody.
  expect((await run(["RT-01"]))[0]).toMatchObject({ outcome: "pass" });
  const raw = { signingKey: "A".repeat(43), sealingKey: "A".repeat(43) };
  expect((await server.request("POST", "/api/v1/gateway/enrol", { token: null, body: { token: made.body.token, ...raw } })).status).toBe(201);
  const results = await run(["RT-01", "RT-02", "OWN-01"]);
  for (const one of results.filter((each) => each.control !== "OWN-01"))
    expect(one).toMatchObject({ outcome: "unproven", grade: "cant_tell", faults: 0, reason: expect.stringContaining("far could not be probed"), gateways: [{ outcome: "refused" }, { gateway: "far", outcome: "not_known", saw: "no answer" }] });
  expect(results.find((one) => one.control === "OWN-01")!.outcome).not.toBe("unproven");
  await server.request("DELETE", "/api/v1/gateways/far");
  expect((await run(["RT-01"]))[0]).toMatchObject({ outcome: "pass", gateways: [{ outcome: "refused" }] });
});

test("what a gateway elsewhere says counts as far as its own log shows it, now, about a probe, with that code", async () => {
  const [row] = await rows(sql<{ id: string; log: string }>`select id, coalesce(result_log, intent_log) as log from decision where credential = 'probe:expired' order by id desc limit 1`);
  const planted = probeCases.find((one) => one.control === "NHI-04")!;
  const said = (more: Partial<ProbeOutcome>): ProbeOutcome => ({ control: planted.control, planted: planted.planted, gateway: "far", origin: row!.log, met: "refused", saw: "refused: credential_expired", distinguishes: true, decision: row!.id, ...more });
  const held = async (one: ProbeOutcome, sinceMs = server.now() - 3_600_000): Promise<string> => (await server.db.read(server.server.org, (tx) => heldToTheirLogs(tx, server.server.org, [one], sinceMs)))[0]!.met;
  expect(await held(said({}))).toBe("refused");
  const unwritten = probeCases.find((one) => one.unwritten === true)!;
  const revoked = probeCases.find((one) => one.control === "NHI-02")!;
  for (const lie of [{ origin: "another/log" }, { decision: null }, { decision: "dec_never" }, { control: revoked.control, planted: revoked.planted }, { planted: "nothing that anybody plants" }]) expect(await held(said(lie)), JSON.stringify(lie)).toBe("not_known");
  // One of its own from before, told again.
  expect(await held(said({}), server.now() + 3_600_000)).toBe("not_known");
  expect(await held(said({ met: "not_refused" }))).toBe("not_refused");
  expect(await held(said({ control: unwritten.control, planted: unwritten.planted, decision: null }))).toBe("refused");
});

test("one gateway that lets a planted call pass fails the control, and is named", async () => {
  const { server: running } = server;
  const planted = probeCases.find((one) => one.control === "RT-03")!;
  const at = (name: string, origin: string | null, code: string | null) => outcomeOf(planted, { name, origin, ask: () => Promise.resolve(null) }, { status: 200, code, rule: null, decision: null }, { status: 403, code: "data_boundary", rule: null, decision: null });
  const ports = { db: server.db, org: running.org, now: server.now, log: { info: () => undefined, warn: () => undefined, error: () => undefined }, facts: () => running.publisher.current.facts, readings: () => Promise.resolve(null), drain: () => Promise.resolve(), report: () => Promise.resolve(), settle: () => Promise.resolve() };
  const measured = async (...outcomes: ProbeOutcome[]) => (await runControls(running.contexts.quiet(systemActor("controls")), { ...ports, probe: () => Promise.resolve(outcomes) }, ["RT-03"])).results[0]!;
  const here = at("gw-here", null, "unknown_tool");
  expect(await measured(here, at("far", "far/log", null))).toMatchObject({ outcome: "fail", exceptions: [{ subject: expect.stringContaining("at far") as string, fault: expect.stringContaining("status 200 instead of unknown_tool") as string }], gateways: [{ gateway: "gw-here", outcome: "refused" }, { gateway: "far", outcome: "not_refused" }] });
  expect((await measured(here)).outcome).toBe("pass");
  // A comparison that nothing fails proves nothing, wherever it is made.
  expect((await measured(here, { ...here, gateway: "far", distinguishes: false })).outcome).toBe("unproven");
});

test("an unknown control, and somebody who only reads, can't start a run", async () => {
  expect((await server.request("POST", "/api/v1/controls/run", { body: { controls: ["ZZ-01"] } })).body).toMatchObject({ status: 400, code: "controls.unknown" });
  expect((await server.request("POST", "/api/v1/controls/run", { body: { controls: ["nothing"] } })).status).toBe(400);
  expect((await server.request("POST", "/api/v1/controls/run", { token: null, body: {} })).status).toBe(401);
});
