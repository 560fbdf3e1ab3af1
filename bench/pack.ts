/** An evidence pack of 10,000 entries with their sealed payloads, out of PostgreSQL: at most 30 s. `PACK_ENTRIES` changes the number. */
import { randomFillSync } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyPack } from "../packages/ledger/src/index.ts";
import { fileSource } from "../packages/ledger/src/node.ts";
import { openDatabase } from "../packages/server/src/database/index.ts";
import { assertWhole, createPack, openEvidence } from "../packages/server/src/evidence/index.ts";
import { memoryJournal } from "../packages/server/src/evidence/memory-journal.ts";

const entries = Number(process.env.PACK_ENTRIES ?? 10_000);
/** Entries of other systems beside them: they are hashed again and proved, not shown. */
const others = Number(process.env.PACK_OTHERS ?? 0);
const othersAtOnce = 20_000;
const limitSeconds = 30;
const org = "org_bench";
const folder = mkdtempSync(join(tmpdir(), "mandate-pack-"));
const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
const keys = { masterKey: random(new Uint8Array(32)), random };
const db = await openDatabase({ dataDir: folder });
try {
  await db.ensureOrganization({ id: org, name: "bench", now: new Date() });
  const evidence = await openEvidence({ db, org, host: "localhost", organization: "bench", now: Date.now, ...keys });
  const { origin } = await evidence.ensureLog("gw-bench");
  const journal = memoryJournal(origin, 0, (await evidence.sealingKeys(["notes"]))[0]!, "x".repeat(1024));
  for (let call = 0; call < entries / 2; call++) {
    const id = `dec_${String(call).padStart(8, "0")}`;
    journal.write("call.intent", id);
    journal.write("call.outcome", id, { terminal: "done" });
  }
  await evidence.sequence(journal);
  for (let done = 0; done < others; done += othersAtOnce) {
    const { origin: other, size } = await evidence.ensureLog("gw-others");
    const more = memoryJournal(other, size, (await evidence.sealingKeys(["others"]))[0]!, "x".repeat(200));
    for (let call = 0; call < othersAtOnce / 2; call++) {
      const id = `dec_o${String(done / 2 + call).padStart(9, "0")}`;
      more.write("call.intent", id);
      more.write("call.outcome", id, { terminal: "done" });
    }
    await evidence.sequence(more);
  }
  // What the start and the daily check did before anybody asks for a pack.
  if (others > 0) await evidence.publishCheckpoints();
  const beforeMs = performance.now();
  if (others > 0) await assertWhole(db, org);
  const firstSeconds = (performance.now() - beforeMs) / 1000;
  const path = join(folder, "pack.zip");
  const file = openSync(path, "wx");
  let progress = 0;
  const startedMs = performance.now();
  await createPack(
    {
      db, evidence, keys, register: 1, now: Date.now, systems: others > 0 ? ["notes"] : [], since: null, until: null, disclose: "benchmark",
      actor: { kind: "system", id: "bench", email: null, roles: [], proof: "internal" },
      drain: async () => undefined, files: async () => [], audits: [], answers: async () => ({}), onProgress: () => void progress++,
    },
    (bytes) => void writeSync(file, bytes),
  );
  closeSync(file);
  const seconds = (performance.now() - startedMs) / 1000;
  const result = await verifyPack(fileSource(path));
  console.log(`${result.entries.toLocaleString("en")} entries, ${result.payloads.toLocaleString("en")} payloads, ${(statSync(path).size / 2 ** 20).toFixed(0)} MiB, re-hash of the store included: ${seconds.toFixed(1)} s, ${progress.toLocaleString("en")} steps of progress, verified: ${result.ok}`);
  if (others > 0) console.log(`beside ${others.toLocaleString("en")} entries of other systems, which the whole check read in ${firstSeconds.toFixed(1)} s before; memory ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`);
  const scaled = (seconds * 10_000) / entries;
  console.log(`target: 10,000 entries in ${limitSeconds} s; measured ${scaled.toFixed(1)} s (${(scaled / limitSeconds).toFixed(2)} of it)`);
  if (!result.ok || scaled > limitSeconds) process.exitCode = 1;
} finally {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
}
