import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { openDatabase } from "@mandate/server/database";
import { listDecisions } from "@mandate/server/evidence";
import type { DecisionFilter } from "@mandate/server/evidence";
import { loadDecisions, stepMs } from "./seed/decisions.ts";

// Searches of the decisions index at its target size: p95 of each kind of question, newest page and a later one.
//   node bench/search.ts [ROWS]

const rows = Number(process.argv[2] ?? 1_000_000);
const repeats = 40;
const firstMs = 1_790_000_000_000;
const org = "org_bench";
const dataDir = mkdtempSync(join(tmpdir(), "mandate-bench-search-"));
const db = await openDatabase({ dataDir, limits: { statementTimeoutMs: 600_000 } });
try {
  await db.ensureOrganization({ id: org, name: "bench", now: new Date() });
  const began = performance.now();
  await loadDecisions(db, org, rows, firstMs);
  await db.transaction(org, async (tx) => {
    await sql`insert into credentials (org, id, system, name, key_hash, hint, state, accountable, created_by, created_at, not_after, changed_at)
      select ${org}, 'cred_' || n, 'system-' || n % 500, 'key', encode(sha256(n::text::bytea), 'hex'), '', 'active', 'person-' || n % 300 || '@x.example', 'bench', now(), now() + interval '1 day', now() from generate_series(0, 1999) as n`.execute(tx);
  });
  process.stdout.write(`${rows} decisions loaded in ${Math.round((performance.now() - began) / 1000)} s\n`);
  const day = (n: number) => new Date(firstMs + n * 86_400_000).toISOString();
  const days = (rows * stepMs) / 86_400_000;
  const questions: Record<string, (i: number) => Omit<DecisionFilter, "limit">> = {
    newest: () => ({}),
    system: (i) => ({ system: `system-${(i * 37) % 500}` }),
    "system, denied": (i) => ({ system: `system-${(i * 20) % 500}`, outcome: "deny" }),
    "held": () => ({ outcome: "hold" }),
    tool: (i) => ({ tool: `tool-${(i * 3) % 200}` }),
    rule: (i) => ({ rule: `rule-${i % 40}` }),
    code: () => ({ code: "data_boundary" }),
    "class": () => ({ class: "personal" }),
    "class, system": (i) => ({ class: "personal", system: `system-${(i * 5) % 500}` }),
    "reason, common word": () => ({ reason: "granted" }),
    "reason, rare words": (i) => ({ reason: `system-${i} would have called tool` }),
    person: (i) => ({ person: `person-${i}@x.example` }),
    session: (i) => ({ session: `ses_${i * 100}` }),
    "one day": (i) => ({ since: day((i % days) | 0), until: day(((i % days) | 0) + 1) }),
    "system, one day": (i) => ({ system: `system-${i}`, since: day((i % days) | 0), until: day(((i % days) | 0) + 1) }),
    "tool, denied, one day": (i) => ({ tool: `tool-${(i * 3) % 200}`, outcome: "deny", since: day(0), until: day(1) }),
    "never together": () => ({ system: "system-1", code: "data_boundary", outcome: "hold" }),
  };
  const everything: number[] = [];
  for (const [name, question] of Object.entries(questions)) {
    const times: number[] = [];
    for (let i = 0; i < repeats; i += 1) {
      const filter = question(i);
      const from = performance.now();
      const first = await db.read(org, (tx) => listDecisions(tx, org, { ...filter, limit: 50 }));
      times.push(performance.now() - from);
      if (first.nextCursor === null) continue;
      const again = performance.now();
      await db.read(org, (tx) => listDecisions(tx, org, { ...filter, limit: 50, cursor: first.nextCursor! }));
      times.push(performance.now() - again);
    }
    everything.push(...times);
    times.sort((a, b) => a - b);
    process.stdout.write(`${name.padEnd(24)} p50 ${times[Math.floor(times.length / 2)]!.toFixed(1).padStart(7)} ms   p95 ${times[Math.floor(times.length * 0.95)]!.toFixed(1).padStart(7)} ms\n`);
  }
  everything.sort((a, b) => a - b);
  const p95 = everything[Math.floor(everything.length * 0.95)]!;
  process.stdout.write(`all together             p95 ${p95.toFixed(1)} ms, target 300 ms\n`);
  if (p95 > 300) process.exitCode = 1;
} finally {
  await db.close();
  rmSync(dataDir, { recursive: true, force: true });
}
