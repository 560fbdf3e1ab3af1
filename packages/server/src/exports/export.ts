import { renderExport } from "@mandate/frameworks/exports";
import type { ExportFormat, FindingFacts } from "@mandate/frameworks/exports";
import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { Actor } from "../command.ts";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import type { Evidence } from "../evidence/index.ts";
import { allEvents } from "./collect-events.ts";
import { findingBatches, sarifSource } from "./collect-findings.ts";
import { collectFacts } from "./collect-facts.ts";

export interface ExportParts {
  readonly db: Database;
  readonly org: string;
  readonly organizationName: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly evidence: Evidence;
  /** Empties every connected gateway's journal into the store first. */
  readonly drain: () => Promise<unknown>;
}

export interface ExportRequest {
  readonly format: ExportFormat;
  readonly actor: Actor;
  /** Null: every system. */
  readonly systems: readonly string[] | null;
}

/**
 * Writes one export of one consistent moment. That somebody took it out is an entry, and part of what the position covers.
 * @throws AppError `registry.not_found` (404) for a system that isn't there
 */
export async function writeExport(parts: ExportParts, request: ExportRequest, sink: (text: string) => Promise<void>): Promise<void> {
  const { db, org, now, evidence } = parts;
  const { format, actor, systems } = request;
  await parts.drain();
  await requireSystems(parts, systems);
  await parts.contexts.quiet(actor).transact(async (_tx, record) => record({ type: "evidence.read", ...(systems?.length === 1 ? { system: systems[0]! } : {}), payload: { export: { format, systems }, reason: "export" } }));
  const signer = evidence.signerOf(evidence.metaOrigin);
  await db.read(
    org,
    async (tx) => {
      await sql`set local statement_timeout = 0`.execute(tx);
      const nowMs = now();
      const facts = await collectFacts(tx, parts, request, nowMs);
      const source = {
        facts,
        findings: () => collected(findingBatches(tx, org, nowMs, systems)),
        findingBatches: () => sarifSource(tx, org, nowMs, systems),
        events: () => allEvents(tx, org, facts.position, systems),
        signer: { name: signer.name, vkey: signer.vkey, sign: signer.signBytes },
      };
      for await (const text of renderExport(format, source)) await sink(text);
    },
    { isolation: "repeatable read" },
  );
}

async function requireSystems({ db, org }: ExportParts, systems: readonly string[] | null): Promise<void> {
  if (systems === null) return;
  const { rows } = await db.read(org, (tx) => sql<{ name: string }>`select name from register_objects where org = ${org} and kind = 'AISystem' and name = any(${[...systems]})`.execute(tx));
  const missing = systems.find((name) => !rows.some((row) => row.name === name));
  if (missing !== undefined) throw new AppError({ code: "registry.not_found", status: 404, message: `There is no system \`${missing}\`.`, remedies: [{ text: "List them.", command: "npx mandate get systems" }] });
}

async function collected(batches: AsyncIterable<readonly FindingFacts[]>): Promise<readonly FindingFacts[]> {
  const all: FindingFacts[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}
