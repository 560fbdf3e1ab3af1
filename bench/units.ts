/**
 * What one call costs to keep: bytes of each table and index, CPU, and the write-ahead log, of calls as a gateway seals them.
 * The capacity model of docs/scale.md rests on it. `UNITS_CALLS` changes the number.
 */
import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Journal, JournalSink, Sealer } from "@mandate/gateway";
import type { EntryDraft } from "@mandate/gateway";
import { newId } from "@mandate/model";
import { openDatabase } from "@mandate/server/database";
import { openEvidence } from "@mandate/server/evidence";
import { sql } from "kysely";

const calls = Number(process.env["UNITS_CALLS"] ?? 20_000);
const atOnce = 256;
const turns = 8;
const org = "org_bench";
const directory = mkdtempSync(join(tmpdir(), "mandate-units-"));
const random = <T extends Uint8Array>(bytes: T): T => randomFillSync(bytes);
const db = await openDatabase({ dataDir: join(directory, "data") });
try {
  await db.ensureOrganization({ id: org, name: "bench", now: new Date() });
  const evidence = await openEvidence({ db, org, host: "localhost", organization: "bench", now: Date.now, random, masterKey: random(new Uint8Array(32)) });
  const { origin } = await evidence.ensureLog("gw-bench");
  const systems = Array.from({ length: 50 }, (_, at) => `system-${at}`);
  const keys = new Map((await evidence.sealingKeys(systems)).map((key) => [key.system, key]));
  const journal = new Journal({ directory: join(directory, "journal"), signer: evidence.signerOf(origin) });
  const sink = new JournalSink(journal, new Sealer({ origin, clock: Date.now, random, sealingKey: (system) => keys.get(system)! }));
  const before = await sizes();
  const wal = await position();
  const cpu = process.cpuUsage();
  for (let done = 0; done < calls; done += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, calls - done) }, (_, at) => call(done + at)));
    await evidence.sequence(journal);
  }
  await evidence.publishCheckpoints({ counts: "now" });
  const { user, system } = process.cpuUsage(cpu);
  const after = await sizes();
  const walBytes = (await position()) - wal;
  console.log(`${calls.toLocaleString("en")} calls of 1 KB (question and answer of 500 bytes, a conversation of ${turns} turns sealed once), 50 systems: two entries each`);
  let total = 0;
  for (const [name, bytes] of [...after].map(([kind, size]) => [kind, size - (before.get(kind) ?? 0)] as const)) {
    total += bytes;
    console.log(`  ${name.padEnd(28)} ${(bytes / calls).toFixed(0).padStart(6)} bytes a call`);
  }
  console.log(`  ${"together".padEnd(28)} ${(total / calls).toFixed(0).padStart(6)} bytes a call; 1,000 calls a day are ${((total / calls) * 1000 / 1e6).toFixed(1)} MB a day, ${((total / calls) * 365_000 / 1e9).toFixed(2)} GB a year`);
  console.log(`  ${"write-ahead log".padEnd(28)} ${(walBytes / calls).toFixed(0).padStart(6)} bytes a call, which the server recycles and a replica receives`);
  console.log(`  ${"sealing and sequencing".padEnd(28)} ${((user + system) / calls).toFixed(0).padStart(6)} µs of CPU a call in this process`);
  await journal.close();

  async function call(number: number): Promise<void> {
    const decisionId = newId("decision", Date.now(), random);
    const of = systems[number % systems.length]!;
    const question = `${number} ${"What does the customer's contract say about this? ".repeat(10)}`.slice(0, 500);
    const answer = `${number} ${"It says that a refund needs a receipt and a person's word. ".repeat(9)}`.slice(0, 500);
    const summary = { action: "model.call", resource: "model:gpt-large", outcome: "allow", code: null, reason: "It is granted.", rule: "grant", surface: "openai-chat", credential: `cred_${number % 200}`, approval: null, durationMs: null, tokens: null } as const;
    const said = (role: string, content: string): Uint8Array[] => [Buffer.from(JSON.stringify({ role, content }))];
    const draft: EntryDraft = {
      type: "call.intent", decisionId, system: of, policyVersion: "p1", registerVersion: 7, outcome: "allow", approvals: [], retention: "T2",
      payload: { caller: { credential: `cred_${number % 200}` }, action: "model.call", resource: "model:gpt-large" },
      messages: said("user", question), sessionId: `ses_${Math.floor(number / turns)}`,
      context: { request: { system: of, purpose: "support", now: 1_790_000_000, action: "model.call", resource: "model:gpt-large", labels: ["public"] }, detectors: { pii: "1", secrets: "1" } },
      summary,
    };
    await sink.intent(draft);
    await sink.outcome({ ...draft, type: "call.outcome", terminal: "done", context: null, payload: { tokens: { input: 120, output: 130 } }, messages: said("assistant", answer), summary: { ...summary, durationMs: 640, tokens: { input: 120, output: 130 } } });
  }
} finally {
  await db.close();
  rmSync(directory, { recursive: true, force: true });
}

/** Bytes by what they are; tables of months under their whole. */
async function sizes(): Promise<Map<string, number>> {
  const { rows } = await db.read(org, (tx) => sql<{ name: string; heap: string; indexes: string }>`SELECT coalesce(whole.relname, c.relname) AS name, sum(pg_table_size(c.oid)) AS heap, sum(pg_indexes_size(c.oid)) AS indexes
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class whole ON whole.oid = i.inhparent WHERE c.relkind = 'r' AND c.relname ~ '^(evidence|decision)' GROUP BY 1`.execute(tx));
  const kinds: Record<string, string> = { evidence_entry: "entries", evidence_payload: "sealed content", evidence_key: "keys of content", decision: "index for searches", decision_tag: "index for searches", decision_reason: "index for searches" };
  const found = new Map<string, number>();
  for (const { name, heap, indexes } of rows) {
    const kind = kinds[name] ?? "tree, heads, counts";
    for (const [part, bytes] of [["", Number(heap)], [", their indexes", Number(indexes)]] as const) found.set(`${kind}${part}`, (found.get(`${kind}${part}`) ?? 0) + bytes);
  }
  return found;
}

async function position(): Promise<number> {
  const { rows } = await db.read(org, (tx) => sql<{ bytes: string }>`SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS bytes`.execute(tx));
  return Number(rows[0]!.bytes);
}
