import { sql } from "kysely";
import { toBase64 } from "@mandate/ledger";
import type { Tx } from "../database/index.ts";
import type { LogRow } from "./logs.ts";
import { openHead } from "./read-log.ts";
import type { SectionAnswers } from "./pack-sections.ts";

interface Scope {
  readonly rows: readonly LogRow[];
  readonly since: string | null;
  readonly until: string | null;
  readonly systems: readonly string[];
}

/** What the evidence store itself can answer. Each answer names its query, so that it can be asked again. */
export async function measuredAnswers(tx: Tx, org: string, scope: Scope): Promise<SectionAnswers> {
  const inScope = sql`org = ${org} AND at >= coalesce(${scope.since}::timestamptz, '-infinity') AND at < coalesce(${scope.until}::timestamptz, 'infinity')
    ${scope.systems.length === 0 ? sql`` : sql`AND system = ANY(${[...scope.systems]}::text[])`}`;
  const counts = await sql<{ outcome: string; code: string | null; policy: string; count: number }>`
    SELECT outcome, code, policy_version AS policy, count(*)::int AS count FROM decision WHERE ${inScope} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`.execute(
    tx,
  );
  const terminals = await sql<{
    terminal: string | null;
    count: number;
  }>`SELECT terminal, count(*)::int AS count FROM decision WHERE ${inScope} GROUP BY 1 ORDER BY 1`.execute(tx);
  const held = await sql<{
    id: string;
    at: Date;
    system: string | null;
    resource: string;
    outcome: string;
    approval: string;
  }>`
    SELECT id, at, system, resource, outcome, approval FROM decision WHERE ${inScope} AND approval IS NOT NULL ORDER BY id DESC LIMIT 1000`.execute(
    tx,
  );
  const reads = await countEntries(tx, org, "evidence.read");
  const erasures = await countEntries(tx, org, "evidence.erasure");
  return {
    E01: {
      "period and entities covered": {
        since: scope.since,
        until: scope.until,
        systems: scope.systems.length === 0 ? "all" : scope.systems,
      },
    },
    E08: {
      "decision counts by outcome and policy version": {
        query: "decisions in the period, grouped by outcome, code and policy version",
        counts: counts.rows,
        terminals: terminals.rows,
      },
    },
    E09: {
      "approvals bound to arguments": {
        query: "decisions with an approval in the period, newest first, at most 1000",
        decisions: held.rows.map((row) => ({ ...row, at: row.at.toISOString() })),
      },
    },
    E10: {
      "retention and deletion receipts": { query: "entries of type evidence.erasure, whole store", erasures },
    },
    E15: {
      "log root and signed checkpoints": scope.rows.map((row) => ({
        origin: row.origin,
        vkey: row.vkey,
        size: row.size,
        root: toBase64(openHead(row).root),
      })),
      "external anchors": {
        witnesses: 0,
        note: "No outside witness is configured: the installation is self-attested and every entry is unanchored.",
      },
      "inclusion and consistency proofs for each cited event": "logs/N/proofs and logs/N/consistency in this pack",
      "verifier with instructions": "README.md in this pack",
      "access log of the evidence": { query: "entries of type evidence.read, whole store", reads },
      "clock source": "the writer's own clock; order comes from the log, not from the clock",
    },
    E16: {
      "file list with hashes and media types": "manifest.json",
      "signature over the manifest": "manifest.sig and manifest.dsse.json",
    },
  };
}

async function countEntries(tx: Tx, org: string, type: string): Promise<number> {
  // Canonical headers spell a member exactly one way; matching bytes can't fail on an altered row.
  const needle = Buffer.from(`"type":"${type}"`);
  const { rows } = await sql<{
    count: number;
  }>`SELECT count(*)::int AS count FROM evidence_entry WHERE org = ${org} AND position(${needle}::bytea IN leaf) > 0`.execute(
    tx,
  );
  return rows[0]?.count ?? 0;
}
