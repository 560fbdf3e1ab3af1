import { sql } from "kysely";
import { toBase64 } from "@mandate/ledger";
import type { Tx } from "../database/index.ts";
import type { LogRow } from "./logs.ts";
import type { PackScope } from "./pack-answer.ts";
import { openHead } from "./read-log.ts";
import type { SectionAnswers } from "./pack-sections.ts";
import { listWitnesses, trustState } from "./witnesses.ts";

interface Scope extends PackScope {
  readonly rows: readonly LogRow[];
}

/** What the evidence store itself can answer. Each answer names its query, so that it can be asked again. */
export async function measuredAnswers(tx: Tx, org: string, scope: Scope): Promise<SectionAnswers> {
  const { reads, erasures } = await countEntries(tx, org);
  return {
    E01: {
      "period and entities covered": {
        since: scope.since,
        until: scope.until,
        systems: scope.systems.length === 0 ? "all" : scope.systems,
      },
    },
    E10: { "retention and deletion receipts": { gaps: [], entriesOfErasures: erasures } },
    E15: {
      "log root and signed checkpoints": scope.rows.map((row) => ({
        origin: row.origin,
        vkey: row.vkey,
        size: row.size,
        root: toBase64(openHead(row).root),
      })),
      "external anchors": { source: "evidence_witness, evidence_checkpoint", query: "outside witnesses, and the newest checkpoint of the meta-log that a quorum of them cosigned", ...(await anchors(tx, org)) },
      "inclusion and consistency proofs for each cited event": "logs/N/proofs and logs/N/consistency in this pack",
      "verifier with instructions": "README.md in this pack",
      "access log of the evidence": { gaps: [], source: "evidence_entry", query: "entries of type evidence.read, whole store", reads },
      "clock source": "the writer's own clock; order comes from the log, not from the clock",
    },
    E16: {
      "file list with hashes and media types": "manifest.json",
      "schema name and version of each file": { gaps: [], "manifest.json": "mandate.pack/1", "sections/*.json": "mandate.section/1", "approvals/*.json": "mandate.approval/2, or /1 where answered before signatures named their digest", "audits/*.json": "mandate.audit/1", "logs/*": "C2SP tlog-tiles, tlog-checkpoint, signed-note, tlog-proof", "policy.tlog": "C2SP tlog-policy", "manifest.dsse.json": "DSSE 1.0, in-toto Statement v1", "documentation/*/annex-iv.json": "mandate.annex-iv/1", "documentation/*/data-lineage.json": "mandate.data-lineage/1", "documentation/*/bom.cdx.json": "CycloneDX 1.7", "documentation/*/model-card.md": "mandate.export/1, model card" },
      "validation result": "every entry, tile and payload was compared with the signed heads while this pack was written: one that differed would have ended it",
      "tool version": { mandate: "0.1.0", node: process.version },
      "signature over the manifest": "manifest.sig and manifest.dsse.json",
    },
  };
}

/** In one pass. Canonical headers spell a member exactly one way; matching bytes can't fail on an altered row. */
async function countEntries(tx: Tx, org: string): Promise<{ readonly reads: number; readonly erasures: number }> {
  const { rows } = await sql<{ reads: number; erasures: number }>`SELECT count(*) FILTER (WHERE position('"type":"evidence.read"'::bytea IN leaf) > 0)::int AS reads,
      count(*) FILTER (WHERE position('"type":"evidence.erasure"'::bytea IN leaf) > 0)::int AS erasures
    FROM evidence_entry WHERE org = ${org} AND position('"type":"evidence.'::bytea IN leaf) > 0`.execute(tx);
  return rows[0]!;
}

async function anchors(tx: Tx, org: string): Promise<Readonly<Record<string, unknown>>> {
  const { trust, entries, unanchored, quorum, anchoredMeta, anchoredAt } = await trustState(tx, org);
  const witnesses = (await listWitnesses(tx, org)).map((one) => ({ name: one.name, vkey: one.vkey, outside: one.outside, signed: one.size, signedAt: one.signedAt?.toISOString() ?? null }));
  const gaps = trust === "witnessed" ? [] : ["No quorum of outside witnesses signed: the installation is self-attested and every entry is unanchored."];
  return { gaps, trust, quorum, anchoredMeta, anchoredAt, entries, unanchored, witnesses };
}
