import { renderExport } from "@mandate/frameworks/exports";
import type { ExportFacts, ExportFormat, FindingFacts, MeasuredFacts } from "@mandate/frameworks/exports";
import { AppError } from "@mandate/model";
import { sql } from "kysely";
import { listSystems } from "../authorization/index.ts";
import type { SystemView } from "../authorization/index.ts";
import type { Actor } from "../command.ts";
import type { Contexts } from "../context/index.ts";
import { readRegisterVersion } from "../context/index.ts";
import { latestResults } from "../controls/index.ts";
import type { ControlResult } from "../controls/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { logSummaries } from "../evidence/index.ts";
import type { Evidence } from "../evidence/index.ts";
import { loadRegister } from "../registry/index.ts";
import { allEvents } from "./collect-events.ts";
import { findingBatches, sarifSource } from "./collect-findings.ts";
import { systemFacts } from "./collect-systems.ts";

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
      const facts = await collect(tx, parts, request, nowMs);
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

async function collect(tx: Tx, parts: ExportParts, { actor, systems }: ExportRequest, nowMs: number): Promise<ExportFacts> {
  const { org } = parts;
  const register = await loadRegister(tx, org);
  const views = (await everySystem(tx, parts, actor)).filter((view) => systems === null || systems.includes(view.name));
  const results = await latestResults(tx, org, nowMs, systems === null ? {} : { systems });
  return {
    organization: { id: org, name: parts.organizationName },
    exportedAt: new Date(nowMs).toISOString(),
    exportedBy: actor.email ?? actor.id,
    registerVersion: await readRegisterVersion(tx, org),
    position: (await logSummaries(tx, org)).map(({ origin, size, root }) => ({ origin, size, root })),
    systems,
    systemFacts: views.map((view) => systemFacts(view, register)),
    measured: results.map((one) => measuredFacts(one, systems)),
  };
}

/** In this transaction, so that they are of the same moment as everything else. */
async function everySystem(tx: Tx, { org, now, contexts }: ExportParts, actor: Actor): Promise<readonly SystemView[]> {
  const ctx = { ...contexts.quiet(actor), org, now, read: <T>(work: (of: Tx) => Promise<T>): Promise<T> => work(tx) };
  const all: SystemView[] = [];
  let cursor: string | undefined;
  do {
    const page: Awaited<ReturnType<typeof listSystems>> = await listSystems(ctx, { limit: 1000, cursor });
    all.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** A reader of some systems sees faults of these alone. */
function measuredFacts(one: ControlResult, systems: readonly string[] | null): MeasuredFacts {
  const isSeen = (system: string | null): boolean => systems === null || (system !== null && systems.includes(system));
  const { id, control, at, grade, outcome, unit, query, window, position } = one;
  const kept = Object.fromEntries(Object.entries(one.systems).filter(([name]) => isSeen(name)).sort(([a], [b]) => (a < b ? -1 : 1)));
  const isPerSystem = systems !== null && Object.keys(one.systems).length > 0;
  const sum = (member: "population" | "faults" | "excepted"): number => (isPerSystem ? Object.values(kept).reduce((total, of) => total + of[member], 0) : one[member]);
  return {
    id, control, at, grade, outcome, unit, query, window, position,
    reason: isPerSystem ? `${sum("faults")} of ${sum("population")} ${unit} of the systems exported.` : one.reason,
    population: sum("population"), faults: sum("faults"), excepted: sum("excepted"),
    exceptions: one.exceptions.filter((fault) => isSeen(fault.system)),
    systems: kept,
    proof: one.proof === null ? null : `${one.proof.how}: ${one.proof.saw} (${one.proof.at})`,
  };
}

async function collected(batches: AsyncIterable<readonly FindingFacts[]>): Promise<readonly FindingFacts[]> {
  const all: FindingFacts[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}
