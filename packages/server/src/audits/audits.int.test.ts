import { readFileSync } from "node:fs";
import { join } from "node:path";
import { verifyPack, ZipReader } from "@mandate/ledger";
import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCareServer } from "../testing/care.ts";
import type { CareServer } from "../testing/care.ts";

const manifest = `apiVersion: v1
kind: AISystem
metadata: { name: notes }
spec:
  owners: { business: owner@example.com, technical: tech@example.com }
---
apiVersion: v1
kind: AISystem
metadata: { name: other }
spec:
  owners: { business: owner@example.com, technical: tech@example.com }
`;

let server: CareServer;
let id: string;
const inDays = (days: number): string => new Date(server.now() + days * 86_400_000).toISOString();

beforeAll(async () => {
  server = await startCareServer(manifest);
  for (let call = 0; call < 40; call++) await server.decide(call % 4 === 3 ? "other" : "notes", { type: "tool", id: `tool-${call}` });
  const opened = await server.as("lead", "POST", "/api/v1/audits", { title: "Year 2026", systems: ["notes"], auditors: ["auditor@example.com"], ends: inDays(30) });
  expect(opened.status, opened.text).toBe(201);
  id = opened.body.id;
});
afterAll(() => server.close());

async function pack(who: string, body: unknown): Promise<Uint8Array> {
  const response = await fetch(`${server.url}/api/v1/evidence/packs`, { method: "POST", headers: { authorization: `Bearer ${server.tokens[who]}`, "content-type": "application/json" }, body: JSON.stringify(body) });
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(response.status, Buffer.from(bytes).toString("utf8").slice(0, 500)).toBe(200);
  return bytes;
}

test("nothing is drawn before the population is fixed, and the population is fixed once", async () => {
  expect((await server.as("auditor", "POST", `/api/v1/audits/${id}/samples`, { value: "7 3 1", size: 5 })).body).toMatchObject({ code: "audits.population_open" });
  const fixed = await server.as("lead", "POST", `/api/v1/audits/${id}/population`, {});
  expect(fixed.status, fixed.text).toBe(200);
  expect(fixed.body.population.members).toBe(30);
  expect((await server.as("lead", "POST", `/api/v1/audits/${id}/population`, {})).body).toMatchObject({ code: "audits.population_fixed" });
});

test("only the auditor draws; what came after the checkpoint is not in the population", async () => {
  for (const who of ["lead", "official", "security"]) expect((await server.as(who, "POST", `/api/v1/audits/${id}/samples`, { value: "mine", size: 5 })).body).toMatchObject({ code: "audits.auditor_only" });
  await server.decide("notes", { type: "tool", id: "later" });
  const drawn = await server.as("auditor", "POST", `/api/v1/audits/${id}/samples`, { value: "dice 4 1 6 6", size: 8 });
  expect(drawn.status, drawn.text).toBe(200);
  expect(drawn.body.samples).toMatchObject([{ draw: 1, value: "dice 4 1 6 6", size: 8 }]);
  expect(new Set(drawn.body.samples[0].members.map((one: { decision: string }) => one.decision)).size).toBe(8);
});

test("a member's page holds entry, proof, decision and policy version, and reading it is on record", async () => {
  const one = await server.as("auditor", "GET", `/api/v1/audits/${id}/samples/1/3`);
  expect(one.status, one.text).toBe(200);
  expect(one.body.entry.header.decision).toBe(one.body.member.decision);
  expect(one.body.decision).toMatchObject({ system: "notes", id: one.body.member.decision });
  expect(one.body.policy.version).not.toBe("");
  expect((await server.as("auditor", "GET", `/api/v1/audits/${id}/samples/1/9`)).status).toBe(404);
  expect((await server.as("auditor", "POST", `/api/v1/audits/${id}/samples/1/3/open`, {})).status).toBe(400);
  const opened = await server.as("auditor", "POST", `/api/v1/audits/${id}/samples/1/3/open`, { reason: "who was asked" });
  expect(opened.status, opened.text).toBe(200);
  const reads = (await server.as("lead", "GET", `/api/v1/audits/${id}/reads`)).body.items.map((read: { what: string }) => read.what);
  expect(reads[0]).toBe("content of sample 1, member 3: who was asked");
  expect(reads.some((what: string) => what.startsWith("sample 1, member 3"))).toBe(true);
});

test("the auditor asks and changes nothing else; those who answer for the system answer and ask nothing", async () => {
  const asked = await server.as("auditor", "POST", `/api/v1/audits/${id}/questions`, { text: "Who approved this?", about: { draw: 1, position: 3 } });
  expect(asked.status, asked.text).toBe(200);
  const { n } = asked.body.questions[0];
  expect((await server.as("auditor", "POST", `/api/v1/audits/${id}/questions/${n}/answers`, { text: "I did" })).body).toMatchObject({ code: "audits.operator_only" });
  expect((await server.as("tech", "POST", `/api/v1/audits/${id}/questions`, { text: "Why?" })).body).toMatchObject({ code: "audits.auditor_only" });
  expect((await server.as("tech", "POST", `/api/v1/audits/${id}/questions/${n}/answers`, { text: "Nobody: no rule asked for it." })).body.questions[0].answers).toMatchObject([{ by: "tech@example.com" }]);
  expect((await server.as("auditor", "POST", "/api/v1/apply", manifest)).status).toBe(403);
  expect((await server.as("auditor", "POST", `/api/v1/systems/notes/suspend`, { reason: "x" })).status).toBe(403);
  expect((await server.as("dev", "GET", `/api/v1/audits/${id}`)).status).toBe(404);
});

test("the audit's pack verifies offline, sample included; another value, member or answer is told", async () => {
  const bytes = await pack("auditor", { audit: id });
  const result = await verifyPack(bytes);
  expect(result.problems).toEqual([]);
  expect(result.samples).toEqual([{ audit: id, draw: 1, population: 30, members: 8, complete: true }]);
  expect(result.complete, "of the one system, beside another's entries").toBe(true);
  const whole = await verifyPack(await pack("lead", {}));
  expect(whole.problems).toEqual([]);
  expect(whole.samples).toMatchObject([{ complete: true }]);
  expect(whole.complete).toBe(true);
  expect(new ZipReader(await pack("lead", { system: "other" })).paths).not.toContain(`audits/${id}.json`);
});

test("what is changed in the database behind the room's back shows in the room", async () => {
  const room = async () => (await server.as("auditor", "GET", `/api/v1/audits/${id}`)).body;
  expect((await room()).altered).toEqual([]);
  await expect(server.db.transaction(server.server.org, (tx) => sql`update audit_records set digest = digest where audit = ${id}`.execute(tx))).rejects.toThrow(/only added/);
  const around = async (work: string): Promise<void> => {
    // As an intruder with the database's own password.
    const client = new Client({ connectionString: readFileSync(join(server.directory, "database-url"), "utf8").trim() });
    await client.connect();
    try {
      await client.query(`alter table audit_records disable trigger user; ${work}; alter table audit_records enable trigger user`);
    } finally {
      await client.end();
    }
  };
  await around(`update audit_records set statement = replace(statement, 'Nobody', 'Someone') where audit = '${id}' and kind = 'answer'`);
  expect((await room()).altered).toEqual([expect.stringContaining("the record was changed")]);
  await around(`update audit_records set statement = replace(statement, 'Someone', 'Nobody') where audit = '${id}' and kind = 'answer'`);
  await server.db.transaction(server.server.org, (tx) => sql`update audit_rooms set ends = ends + interval '1 day' where audit = ${id}`.execute(tx));
  expect((await room()).altered).toEqual([expect.stringContaining("Who may enter")]);
  await server.db.transaction(server.server.org, (tx) => sql`update audit_rooms set ends = ends - interval '1 day' where audit = ${id}`.execute(tx));
  expect((await room()).altered).toEqual([]);
});

test("whoever has a part in what is audited audits nothing", async () => {
  const open = (auditors: string[], more: Record<string, unknown> = {}) => server.as("lead", "POST", "/api/v1/audits", { title: "Another", auditors, ends: inDays(3), ...more });
  expect((await open(["tech@example.com"])).body).toMatchObject({ code: "audits.auditor_unknown" });
  expect((await open(["nobody@example.com"])).body).toMatchObject({ code: "audits.auditor_unknown" });
  expect((await open(["auditor@example.com"], { ends: inDays(-1) })).body).toMatchObject({ code: "audits.ends" });
  expect((await open(["auditor@example.com"], { systems: ["none"] })).body).toMatchObject({ code: "audits.system_unknown" });
  expect((await server.as("dev", "POST", "/api/v1/audits", { title: "Mine", auditors: ["auditor@example.com"], ends: inDays(3) })).status).toBe(403);
});

test("access ends by itself, with everything that an outside auditor could see", async () => {
  server.advance(31 * 86_400_000);
  expect((await server.as("auditor", "GET", `/api/v1/audits/${id}`)).body).toMatchObject({ code: "audits.ended" });
  expect((await server.as("auditor", "GET", "/api/v1/systems")).body).toMatchObject({ code: "audits.ended" });
  expect((await server.as("lead", "GET", `/api/v1/audits/${id}`)).body).toMatchObject({ state: "ended" });
  expect((await server.as("lead", "POST", `/api/v1/audits/${id}/close`, { reason: "done" })).body).toMatchObject({ code: "audits.ended" });
});

