import { randomFillSync } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Journal, JournalSink, Sealer, subjectTag } from "@mandate/gateway";
import type { EntryDraft } from "@mandate/gateway";
import { verifyPack, ZipReader } from "@mandate/ledger";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemActor } from "../context/index.ts";
import { bootstrapToken, startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { clearErased } from "./clear.ts";
import { contentDays, endContent } from "./ends.ts";
import { replayErasures } from "./kept-erasures.ts";
import { shredNow } from "./shred.ts";

/** The show's size is 100000: MANDATE_ERASE_ENTRIES says so. */
const count = Number(process.env["MANDATE_ERASE_ENTRIES"] ?? 300);
const canary = "canary-7b1f-Marguerite-Duplessis";
const issuer = "https://id.halden.example";
const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);

let running: TestServer;
let journal: Journal;
let sink: JournalSink;
let origin: string;
const tokens: Record<string, string> = {};
/** Wrapped keys of the person's content, as they stood in the journal. */
const theirs: Uint8Array[] = [];
const others: string[] = [];
const cts: string[] = [];

const post = (who: string, path: string, body: unknown) => running.request("POST", path, { token: tokens[who]!, body });

const policy = `apiVersion: v1
kind: AISystem
metadata: { name: helpdesk }
spec:
  owners: { business: b@halden.example, technical: t@halden.example }
`;

function draft(i: number, tag: string | undefined, change: Partial<EntryDraft> = {}): EntryDraft {
  return {
    type: "decision",
    decisionId: `dec_${String(i).padStart(26, "0")}`,
    system: "helpdesk",
    policyVersion: "p",
    registerVersion: 1,
    outcome: "allow",
    approvals: [],
    retention: "T1",
    payload: { reason: "granted" },
    messages: [Buffer.from(`{"role":"user","content":"${tag === undefined ? "nothing in particular" : canary} ${i}"}`)],
    sessionId: `ses_${i % 7}`,
    context: null,
    terminal: "done",
    summary: { action: "model.call", resource: "model:local", outcome: "allow", code: null, reason: "granted", rule: null, surface: "openai-chat", credential: "cred_1", approval: null, durationMs: 1, tokens: null },
    ...(tag === undefined ? {} : { subject: tag }),
    ...change,
  };
}

beforeAll(async () => {
  running = await startTestServer();
  for (const [name, roles] of [["legal", ["legal-reviewer"]], ["lead", ["governance-lead"]]] as const) {
    const email = `${name}@halden.example`;
    await running.request("POST", "/api/v1/people", { body: { email, name, roles } });
    const made = await running.request("POST", `/api/v1/people/${email}/tokens`, { body: { notAfter: new Date(running.now() + 86_400_000).toISOString() } });
    tokens[name] = made.body.token;
  }
  expect((await running.request("POST", "/api/v1/apply", { body: policy })).status).toBe(200);
  const { evidence } = running.server;
  ({ origin } = await evidence.ensureLog("gw-erasure"));
  const keys = await evidence.sealingKeys([{ system: "helpdesk", retention: "T1" }]);
  const subjects = await evidence.subjectKey();
  journal = new Journal({ directory: join(running.directory, "other-journal"), signer: evidence.signerOf(origin) });
  sink = new JournalSink(journal, new Sealer({ origin, clock: running.now, random, sealingKey: () => keys[0]! }));
  const tag = subjectTag(subjects, `${issuer}#marguerite`);
  for (let at = 0; at < count; at += 500) {
    await Promise.all(Array.from({ length: Math.min(500, count - at) }, (_, i) => sink.decision(draft(at + i, (at + i) % 10 === 3 ? tag : (at + i) % 10 === 4 ? subjectTag(subjects, `${issuer}#someone-else`) : undefined))));
    const records = await journal.read(at, 100_000_000);
    for (const { seq, sealed } of records) {
      for (const one of sealed) {
        if (seq % 10 === 3) {
          if (theirs.length < 60) theirs.push(one.wrapped);
          cts.push(one.ct);
        } else if (others.length < 60) others.push(one.ct);
      }
    }
    await evidence.sequence(journal);
  }
}, 600_000);
afterAll(async () => {
  await journal?.close();
  await running?.close();
});

function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

function foundIn(directory: string, needles: readonly Uint8Array[]): string[] {
  return filesOf(directory).filter((path) => {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return false;
    const bytes = readFileSync(path);
    return needles.some((needle) => bytes.includes(Buffer.from(needle)));
  });
}

const erase = { subject: "marguerite", issuer, basis: "GDPR Art. 17, request 2026-117", reason: "She asked." };

describe("erasing one person's content", () => {
  test("is refused while a legal hold keeps any of it, and says which", async () => {
    expect((await post("lead", "/api/v1/evidence/erasures", { ...erase, issuer: undefined })).body.code).toBe("evidence.subject_unclear");
    const placed = await post("legal", "/api/v1/evidence/holds", { system: "helpdesk", basis: "Litigation 4 O 12/26" });
    expect(placed.status, placed.text).toBe(201);
    const refused = await post("lead", "/api/v1/evidence/erasures", erase);
    expect(refused.status).toBe(409);
    expect(refused.text).toContain("Litigation 4 O 12/26");
    expect((await post("legal", `/api/v1/evidence/holds/${placed.body.id}/release`, { reason: "Settled." })).status).toBe(204);
  });

  test("needs a second person, destroys every key of theirs and nobody else's, and leaves a receipt", async () => {
    const dry = await running.request("POST", "/api/v1/evidence/erasures?dryRun=true", { token: tokens["lead"]!, body: erase });
    expect(dry.body).toMatchObject({ entries: Math.floor((count + 6) / 10), holds: [] });
    const service = await running.request("POST", "/api/v1/evidence/erasures", { token: bootstrapToken, body: erase });
    expect(service.status).toBe(403);
    const asked = await post("lead", "/api/v1/evidence/erasures", erase);
    expect(asked.status, asked.text).toBe(202);
    expect((await post("lead", `/api/v1/approvals/${asked.body.approval}/approve`, { reason: "Myself." })).status).toBe(403);
    const began = performance.now();
    const approved = await post("legal", `/api/v1/approvals/${asked.body.approval}/approve`, { reason: "Her right." });
    expect(approved.status, approved.text).toBe(200);
    if (count > 1000) process.stdout.write(`erased ${asked.body.entries} of ${count} entries, ${asked.body.keys} keys, in ${Math.round(performance.now() - began)} ms\n`);
    const [receipt] = (await running.request("GET", "/api/v1/evidence/erasures")).body.items;
    expect(receipt).toMatchObject({ kind: "subject", entries: asked.body.entries, approval: asked.body.approval, basis: erase.basis });
    expect(Date.parse(receipt.irrecoverableBy) - Date.parse(receipt.erasedAt)).toBe(35 * 86_400_000);
    expect(JSON.stringify(receipt)).not.toContain("marguerite");
    const again = await post("lead", "/api/v1/evidence/erasures", erase);
    expect(again.body.code).toBe("evidence.nothing_to_erase");
  });

  test("leaves the words of everybody else readable, in the same sessions too", async () => {
    const { evidence } = running.server;
    const left = await evidence.read((tx) => sql<{ n: number }>`select count(*)::int as n from evidence_key k join evidence_payload p using (org, origin, index, part) where encode(p.ct, 'hex') = any(${others}::text[])`.execute(tx));
    expect(left.rows[0]!.n).toBe(others.length);
    const opened = await post("legal", `/api/v1/evidence/entries/${encodeURIComponent(origin)}/4/open`, { reason: "Test." });
    expect(opened.body.messages[0]).toContain(canary);
    const gone = await post("legal", `/api/v1/evidence/entries/${encodeURIComponent(origin)}/3/open`, { reason: "Test." });
    expect(gone.body).toMatchObject({ payload: null, messages: [], context: null });
  });

  test("leaves no key of theirs in database files, journals or copies, and no plaintext anywhere", async () => {
    expect(theirs.length).toBeGreaterThan(0);
    // This journal belongs to a gateway elsewhere, which lets go within the hour by itself.
    await journal.shed();
    const { server } = running;
    const began = performance.now();
    await shredNow({ db: running.db, org: server.org, now: running.now, log: { info() {}, warn() {}, error() {} }, shedJournal: () => server.dataPlane.shed() });
    if (count > 1000) process.stdout.write(`shredded in ${Math.round(performance.now() - began)} ms\n`);
    expect(foundIn(running.directory, theirs)).toEqual([]);
    expect(foundIn(running.directory, [Buffer.from(canary)])).toEqual([]);
    expect((await running.request("GET", "/api/v1/evidence/erasures")).body.items[0].shreddedAt).not.toBeNull();
  }, 300_000);

  test("leaves every proof valid, and a disclosing pack verifies without a key of theirs", async () => {
    expect((await running.request("POST", "/api/v1/evidence/verify", { body: {} })).body).toMatchObject({ ok: true });
    const response = await fetch(`${running.url}/api/v1/evidence/packs`, { method: "POST", headers: { authorization: `Bearer ${tokens["legal"]!}`, "content-type": "application/json" }, body: JSON.stringify({ disclose: "The auditor asks." }) });
    expect(response.status).toBe(200);
    const pack = new Uint8Array(await response.arrayBuffer());
    expect((await verifyPack(pack)).problems).toEqual([]);
    const disclosed = Buffer.from(new ZipReader(pack).read("disclosures.jsonl")!).toString("utf8");
    expect(disclosed).toContain(others[0]!);
    for (const ct of cts.slice(0, 60)) expect(disclosed).not.toContain(ct);
  }, 300_000);
});

describe("what nobody can open any more", () => {
  const reported: string[] = [];
  const clear = async (): Promise<void> => {
    const { server } = running;
    const job = clearErased({ db: running.db, ctx: server.contexts.quiet(systemActor("retention")), evidence: server.evidence, report: async ({ kind }) => void reported.push(kind) });
    await job.run();
    // Named, and not gone yet: a pack that is made now ends before the entry that names them.
    await server.evidence.publishCheckpoints();
    await job.run();
  };
  const sizes = async (names: readonly string[]): Promise<number[]> => {
    const { rows } = await running.db.read(running.server.org, (tx) => sql<{ bytes: number }>`select length(bytes) as bytes from evidence_payload where encode(ct, 'hex') = any(${[...names]}::text[])`.execute(tx));
    return rows.map((row) => row.bytes);
  };
  const pack = async (body: unknown): Promise<Uint8Array> => {
    const response = await fetch(`${running.url}/api/v1/evidence/packs`, { method: "POST", headers: { authorization: `Bearer ${tokens["legal"]!}`, "content-type": "application/json" }, body: JSON.stringify(body) });
    return new Uint8Array(await response.arrayBuffer());
  };

  test("leaves the store, with an entry that names it; everything else stays, and every pack verifies, of a past period too", async () => {
    // The server's own turn may come in between.
    await expect.poll(async () => (await clear(), await sizes(cts)), { timeout: 60_000, message: "content of theirs" }).toEqual(cts.map(() => 0));
    expect((await sizes(others)).every((bytes) => bytes > 0)).toBe(true);
    expect((await running.request("POST", "/api/v1/evidence/verify", { body: {} })).body).toMatchObject({ ok: true });
    const until = new Date(running.now()).toISOString();
    running.advance(3_600_000);
    for (const body of [{}, { disclose: "The auditor asks." }, { system: "helpdesk" }, { system: "helpdesk", until }, { until }]) {
      const bytes = await pack(body);
      expect((await verifyPack(bytes)).problems, `${JSON.stringify(body)}: ${Buffer.from(bytes).toString("latin1", 0, 500)}`).toEqual([]);
      const { paths } = new ZipReader(bytes);
      for (const ct of cts) expect([...paths].includes(`payloads/${ct}`), ct).toBe(false);
    }
  }, 300_000);

  test("a second run finds nothing, and writes nothing", async () => {
    const cleared = async (): Promise<number> => (await running.db.read(running.server.org, (tx) => sql<{ n: number }>`select count(*)::int as n from evidence_entry where position('"erased":['::bytea in leaf) > 0`.execute(tx))).rows[0]!.n;
    const before = await cleared();
    expect(before).toBeGreaterThan(0);
    await running.db.transaction(running.server.org, (tx) => sql`update evidence_erasure set cleared_at = null`.execute(tx));
    await clear();
    expect(await cleared()).toBe(before);
    expect(reported).toEqual([]);
  });

  test("a key taken away in the database itself is no erasure: what it opened stays, and somebody is told", async () => {
    const { org } = running.server;
    const [, other] = others;
    const where = sql`(origin, index, part) in (select origin, index, part from evidence_payload where encode(ct, 'hex') = ${other!})`;
    const key = (await running.db.read(org, (tx) => sql<Record<string, unknown>>`select to_jsonb(k) as row from evidence_key k where ${where}`.execute(tx))).rows[0]!;
    await running.db.transaction(org, (tx) => sql`delete from evidence_key where ${where}`.execute(tx));
    const lookAgain = async (): Promise<ReadonlySet<string>> => {
      await running.db.transaction(org, (tx) => sql`update evidence_erasure set cleared_at = null`.execute(tx));
      await clear();
      return new Set(reported);
    };
    await expect.poll(lookAgain, { timeout: 60_000 }).toEqual(new Set(["evidence.unaccounted"]));
    expect((await sizes([other!]))[0]).toBeGreaterThan(0);
    await running.db.transaction(org, (tx) => sql`insert into evidence_key select * from jsonb_populate_record(null::evidence_key, ${JSON.stringify(key["row"])}::jsonb)`.execute(tx));
  });

  test("is told from bytes that somebody took away: without an entry that names them, no pack is made", async () => {
    const { org } = running.server;
    const [one] = others;
    const bytes = (await running.db.read(org, (tx) => sql<{ bytes: Buffer }>`select bytes from evidence_payload where encode(ct, 'hex') = ${one!}`.execute(tx))).rows[0]!.bytes;
    await running.db.transaction(org, (tx) => sql`update evidence_payload set bytes = ''::bytea where encode(ct, 'hex') = ${one!}`.execute(tx));
    // As if it had been erased, by an entry that names others, and by its own.
    const place = sql`select org, decode(${one!}, 'hex'), log, index from evidence_cleared limit 1`;
    for (const forge of [sql`insert into evidence_cleared (org, ct, log, index) ${place}`, sql`update evidence_cleared c set log = p.origin, index = p.index from evidence_payload p where p.ct = c.ct and encode(c.ct, 'hex') = ${one!}`]) {
      await running.db.transaction(org, (tx) => forge.execute(tx));
      expect((await running.request("POST", "/api/v1/evidence/verify", { body: {} })).body).toMatchObject({ ok: false, problems: [{ code: "payload.altered", path: `payloads/${one!}` }] });
      expect(Buffer.from(await pack({})).toString("utf8")).toContain("evidence.altered");
    }
    await running.db.transaction(org, (tx) => sql`delete from evidence_cleared where encode(ct, 'hex') = ${one!}`.execute(tx));
    await running.db.transaction(org, (tx) => sql`update evidence_payload set bytes = ${bytes} where encode(ct, 'hex') = ${one!}`.execute(tx));
    expect((await running.request("POST", "/api/v1/evidence/verify", { body: {} })).body).toMatchObject({ ok: true });
  }, 300_000);
});

describe("a database set back to a backup", () => {
  test("loses the erased keys again before it serves", async () => {
    const { server } = running;
    const { org } = server;
    const { db } = running;
    // What a restored backup would hold: a key row of theirs, and no erasure.
    await db.transaction(org, (tx) => sql`insert into evidence_key (org, origin, index, part, kid, wrapped) select org, origin, index, part, (select kid from evidence_kek limit 1), '\\x00'::bytea from evidence_payload where encode(ct, 'hex') = ${cts[0]!}`.execute(tx));
    await db.transaction(org, (tx) => sql`delete from evidence_erasure`.execute(tx));
    const replayed = await replayErasures(server.contexts.quiet(systemActor("restore")), join(running.directory, "erasures.jsonl"));
    expect(replayed).toBe(1);
    const left = await db.read(org, (tx) => sql`select 1 from evidence_key k join evidence_payload p using (org, origin, index, part) where encode(p.ct, 'hex') = ${cts[0]!}`.execute(tx));
    expect(left.rows).toEqual([]);
  });
});

describe("the end of content", () => {
  test("comes by the clock, before any clean-up ran, and a hold outranks it", async () => {
    const { server } = running;
    const open = () => post("legal", `/api/v1/evidence/entries/${encodeURIComponent(origin)}/5/open`, { reason: "Test." });
    expect((await open()).body.payload).not.toBeNull();
    await running.db.transaction(server.org, (tx) => sql`update evidence_kek set ends_at = ${new Date(running.now() - 1)} where system = 'helpdesk' and retention = 'T1'`.execute(tx));
    expect((await open()).body.payload).toBeNull();
    const hold = await post("legal", "/api/v1/evidence/holds", { system: "helpdesk", basis: "Litigation" });
    expect((await open()).body.payload).not.toBeNull();
    await post("legal", `/api/v1/evidence/holds/${hold.body.id}/release`, { reason: "Settled." });
    expect((await open()).body.payload).toBeNull();
  });

  test("destroys keys month by month by what the boundary says, keeps what is held, and leaves a receipt", async () => {
    const { server } = running;
    const { org } = server;
    const later = running.now() + 400 * 86_400_000;
    const ctx = { ...server.contexts.quiet(systemActor("retention")), now: () => later };
    const left = async (): Promise<number> => (await running.db.read(org, (tx) => sql<{ n: number }>`select count(*)::int as n from evidence_key where origin = ${origin}`.execute(tx))).rows[0]!.n;
    const before = await left();
    expect(before).toBeGreaterThan(0);
    const job = endContent(running.db, ctx);
    const hold = await post("legal", "/api/v1/evidence/holds", { session: "ses_1", basis: "Litigation" });
    await job.run();
    const kept = await left();
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(before);
    await post("legal", `/api/v1/evidence/holds/${hold.body.id}/release`, { reason: "Settled." });
    await job.run();
    expect(await left()).toBe(0);
    const keks = await running.db.read(org, (tx) => sql`select 1 from evidence_kek where system = 'helpdesk' and retention = 'T1'`.execute(tx));
    expect(keks.rows).toEqual([]);
    expect((await running.request("GET", "/api/v1/evidence/erasures")).body.items[0]).toMatchObject({ kind: "retention", basis: "retention of T1" });
    // What people decided is kept by another clock: none of the control plane's own content ended.
    const control = await running.db.read(org, (tx) => sql<{ entries: number; keys: number }>`select (select count(*)::int from evidence_payload where origin = ${server.evidence.controlOrigin}) as entries, (select count(*)::int from evidence_key where origin = ${server.evidence.controlOrigin}) as keys`.execute(tx));
    expect(control.rows[0]!.keys).toBe(control.rows[0]!.entries);
  });

  test("lies where the boundary puts it, never before the tier's minimum", () => {
    expect(contentDays("T1", { prompts: "60d", outputs: "90d" })).toBe(60);
    expect(contentDays("T3", { prompts: "30d" })).toBe(183);
    expect(contentDays("T2", undefined)).toBe(365);
  });
});
