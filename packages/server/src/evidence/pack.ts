import { sql } from "kysely";
import { AppError } from "@mandate/model";
import { emptyRoot, LedgerError, parseHeader, signCheckpoint, toBase64, utf8, writePack } from "@mandate/ledger";
import type { ByteSink, PackLogParts, PackParts, PackProgress } from "@mandate/ledger";
import type { Actor } from "../command.ts";
import type { Database, Tx } from "../database/index.ts";
import type { Evidence } from "./evidence.ts";
import { listLogs, metaWriter } from "./logs.ts";
import type { LogKeys, LogRow } from "./logs.ts";
import { PayloadReader } from "./open-payload.ts";
import { measuredAnswers } from "./pack-answers.ts";
import { decisionAnswers } from "./pack-decisions.ts";
import { PackPayloads } from "./pack-payloads.ts";
import { readme } from "./pack-readme.ts";
import { mergeAnswers, sectionFiles } from "./pack-sections.ts";
import type { SectionAnswers } from "./pack-sections.ts";
import { summaryPdf } from "./pack-summary.ts";
import { openHead, readLeaves, readLeavesHolding, tileReader } from "./read-log.ts";
import { assertWhole } from "./assert-whole.ts";
import { listWitnesses, policyText, trustState } from "./witnesses.ts";
import type { PackFile } from "./pack-readme.ts";

export type { PackFile } from "./pack-readme.ts";

export interface PackRequest {
  readonly db: Database;
  readonly evidence: Evidence;
  readonly keys: LogKeys;
  readonly actor: Actor;
  /** Register version, for the entry that records the export. */
  readonly register: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Only what concerns these; empty means everything. */
  readonly systems: readonly string[];
  /** RFC 3339, inclusive and exclusive; null means open. */
  readonly since: string | null;
  readonly until: string | null;
  /** Adds the keys that open each payload of the pack; the reason becomes an entry. Null: ciphertext only. */
  readonly disclose: string | null;
  /** Empties every connected gateway's journal into the store first. */
  readonly drain: () => Promise<void>;
  /** Audits whose files the pack holds. */
  readonly audits: readonly string[];
  /** `policies/…`, `approvals/….json`, `audits/….json`: what other slices hold. */
  readonly files: (tx: Tx) => Promise<readonly PackFile[]>;
  /** Asks the witnesses for the checkpoint that the pack will end in; absent where there are none. */
  readonly cosign?: () => Promise<void>;
  /** Answers of other slices for the sections. */
  readonly answers: (tx: Tx) => Promise<SectionAnswers>;
  readonly onProgress?: (progress: PackProgress) => void;
}

/**
 * Writes an evidence pack (INTERFACE, Evidence) of one consistent moment, as a ZIP, front to back. The export is itself an
 * entry, and part of it.
 * @throws AppError `evidence.altered` (500) when the store contradicts its own signed heads
 */
export async function createPack(request: PackRequest, sink: ByteSink): Promise<void> {
  const { db, evidence } = request;
  await request.drain();
  await db.transaction(evidence.org, (tx) =>
    evidence.appendInTransaction(tx, {
      type: "evidence.read",
      ...(request.systems.length === 1 ? { system: request.systems[0]! } : {}),
      payload: {
        pack: { systems: request.systems, since: request.since, until: request.until },
        disclosed: request.disclose !== null,
        reason: request.disclose?.slice(0, 2_000) ?? "evidence pack",
      },
      actor: request.actor,
      register: request.register,
    }),
  );
  await evidence.publishCheckpoints({ counts: "now" });
  await request.cosign?.();
  // The whole store, not only what this pack shows: an auditor of one system must learn that another's record was edited.
  await assertWhole(db, evidence.org);
  try {
    // Tiles are read while the pack is written, so that both see one moment.
    await db.read(evidence.org, async (tx) => writePack(await collect(tx, request), sink, request.onProgress), {
      isolation: "repeatable read",
    });
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new AppError({
      code: "evidence.altered",
      status: 500,
      message: `No pack was made, because the evidence store was altered: ${error.message}. Keep the database as it is, and run \`mandate evidence verify\`.`,
      cause: error,
    });
  }
}

async function collect(tx: Tx, request: PackRequest): Promise<PackParts> {
  const { evidence } = request;
  await sql`SET LOCAL statement_timeout = 0`.execute(tx);
  await readByKey(tx, true);
  const created = new Date(request.now()).toISOString();
  const rows = await listLogs(tx, evidence.org);
  const payloads = new PackPayloads(new PayloadReader(tx, evidence.org, request.keys));
  const logs: PackLogParts[] = [];
  const counts: { name: string; vkey: string; entries: number }[] = [];
  let number = 0;
  for (const row of rows) {
    const meta = row.origin === evidence.metaOrigin;
    if (!meta) number += 1;
    const count = { name: meta ? metaWriter : String(number), vkey: row.vkey, entries: 0 };
    counts.push(count);
    logs.push(await logParts(tx, request, row, count, payloads));
  }
  const signer = evidence.signerOf(evidence.metaOrigin);
  return {
    created,
    period: { since: request.since, until: request.until },
    systems: request.systems,
    logs,
    payloads: payloads.items(),
    ...(request.disclose === null ? {} : { disclosures: payloads.disclosures() }),
    files: () => filesOf(tx, request, { created, rows, counts, payloads: payloads.count }),
    signer,
  };
}

/** Entries, payloads and keys are read by their keys. Left to choose, the planner reads whole tables for each batch. */
async function readByKey(tx: Tx, isForced: boolean): Promise<void> {
  for (const way of ["seqscan", "hashjoin", "mergejoin"]) await sql`SELECT set_config(${`enable_${way}`}, ${isForced ? "off" : "on"}, true)`.execute(tx);
}

/** Asked for last, when the counts are known. */
async function filesOf(
  tx: Tx,
  request: PackRequest,
  { created, rows, counts, payloads }: { readonly created: string; readonly rows: readonly LogRow[]; readonly counts: readonly { name: string; vkey: string; entries: number }[]; readonly payloads: number },
): Promise<readonly PackFile[]> {
  const { evidence } = request;
  await readByKey(tx, false);
  const measured = await measuredAnswers(tx, evidence.org, {
    rows,
    since: request.since,
    until: request.until,
    systems: request.systems,
  });
  const answers = mergeAnswers([
    measured,
    await decisionAnswers(tx, evidence.org, { ...request, drawnBy: headOf(rows, evidence.metaOrigin).head?.root ?? "" }),
    await request.answers(tx),
  ]);
  const about = {
    created,
    since: request.since,
    until: request.until,
    systems: request.systems,
    logs: counts,
    payloads,
    disclosed: request.disclose !== null,
    trust: await trustState(tx, evidence.org),
    ...headOf(rows, evidence.metaOrigin),
  };
  return [
    ...sectionFiles(answers),
    ...(await request.files(tx)),
    { path: "README.md", bytes: utf8(readme(about)), mediaType: "text/markdown" },
    { path: "summary.pdf", bytes: await summaryPdf(about, answers), mediaType: "application/pdf" },
    {
      path: "policy.tlog",
      bytes: utf8(policyText(counts.map((log) => log.vkey), (await listWitnesses(tx, evidence.org)).filter((one) => one.outside))),
      mediaType: "text/plain",
    },
  ];
}

function headOf(rows: readonly LogRow[], metaOrigin: string): { head?: { size: number; root: string } } {
  const meta = rows.find((row) => row.origin === metaOrigin);
  return meta === undefined ? {} : { head: { size: meta.size, root: toBase64(openHead(meta).root) } };
}

async function logParts(
  tx: Tx,
  request: PackRequest,
  row: LogRow,
  count: { readonly name: string; entries: number },
  payloads: PackPayloads,
): Promise<PackLogParts> {
  const { evidence } = request;
  openHead(row);
  const published = await publishedCheckpoints(tx, evidence.org, row.origin, request.since);
  const checkpoint = published.newest ?? {
    size: 0,
    note: signCheckpoint({ origin: row.origin, size: 0, root: emptyRoot() }, [evidence.signerOf(row.origin)]),
  };
  return {
    name: count.name,
    vkey: row.vkey,
    checkpoint: checkpoint.note,
    entries: entriesOf(tx, request, row.origin, checkpoint.size, count, payloads, await shownWhole(tx, evidence.org, row.origin, request), row.writer === metaWriter),
    readTile: tileReader(tx, evidence.org, row.origin),
    olderCheckpoints: count.name === metaWriter ? [...published.older, ...(await cosignedCheckpoints(tx, evidence.org, row.origin))] : published.older,
  };
}

/** The log's wanted entries in their order; what they sealed is noted on the way. */
async function* entriesOf(
  tx: Tx,
  request: PackRequest,
  origin: string,
  size: number,
  count: { readonly name: string; entries: number },
  payloads: PackPayloads,
  range: Range,
  isMeta: boolean,
): AsyncGenerator<{ index: number; leaf: Uint8Array }> {
  // A meta-log is always whole: it says which logs there are. Those of earlier epochs vouch for what was fixed under them.
  const whole = isMeta;
  const { org } = request.evidence;
  for await (const entry of whole || request.systems.length === 0 ? readLeaves(tx, org, origin, 0, size) : readLeavesHolding(tx, org, origin, size, spelledIn(request))) {
    const header = parseHeader(entry.leaf);
    if (!whole && !wanted(header, entry.index >= range.from && entry.index < range.to ? { ...request, since: null, until: null } : request)) continue;
    count.entries += 1;
    await payloads.addEntry(header);
    yield entry;
  }
}

/**
 * The verifier begins at the newest counts sealed five minutes before the period and ends at the first sealed five minutes after
 * it, by the meta-log's clock: what is shown reaches further either way.
 */
const aroundPeriodMs = 420_000;

/** Entries of which every one that concerns the pack's systems is shown, whatever its time. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * From where to where the meta-log sealed counts around the period, so that what is shown can be counted: some minutes before
 * `since` and after `until`. Without counts nothing but the period itself.
 */
async function shownWhole(tx: Tx, org: string, origin: string, { since, until }: PackRequest): Promise<Range> {
  const counted = async (where: ReturnType<typeof sql>): Promise<number | undefined> => {
    const { rows } = await sql<{ size: string | null }>`SELECT size FROM evidence_checkpoint WHERE org = ${org} AND origin = ${origin} AND counted AND ${where} LIMIT 1`.execute(tx);
    return rows[0] === undefined ? undefined : Number(rows[0].size);
  };
  const { rows } = await sql<{ from: string }>`SELECT from_index AS from FROM evidence_counted WHERE org = ${org} AND origin = ${origin}`.execute(tx);
  const first = rows[0] === undefined ? undefined : Number(rows[0].from);
  if (first === undefined) return { from: Number.POSITIVE_INFINITY, to: 0 };
  // Counted from its first entry on, and nothing sealed before the period: the log is hardly older than it.
  const from = since === null ? 0 : ((await counted(sql`at <= ${new Date(Date.parse(since) - aroundPeriodMs)} AND size > ${first} ORDER BY size DESC`)) ?? (first === 0 ? 0 : Number.POSITIVE_INFINITY));
  const to = until === null ? Number.POSITIVE_INFINITY : ((await counted(sql`at >= ${new Date(Date.parse(until) + aroundPeriodMs)} ORDER BY size`)) ?? Number.POSITIVE_INFINITY);
  return { from, to };
}

/** One of these is in every entry that `wanted` wants: canonical headers spell a member exactly one way. */
const spelledIn = ({ systems }: PackRequest): string[] => ['"type":"audit"', '"type":"person"', ...systems.map((name) => `"system":${JSON.stringify(name)}`)];

function wanted(header: Readonly<Record<string, unknown>>, { systems, since, until, audits }: PackRequest): boolean {
  // Whatever the period, an audit's file is checked against all of its entries, and belongs to nobody else's pack.
  if (header["type"] === "audit") return audits.includes(String(header["audit"]));
  // What the period's entries commit to may have gone since: the pack lacks it by right, and this says so.
  if (header["erased"] !== undefined) return systems.length === 0 || systems.includes(String(header["system"]));
  const at = Date.parse(String(header["at"]));
  // An approval's file is whole whatever the period's start, so the entries that commit to its signatures are as well.
  if (since !== null && at < Date.parse(since) && header["commits"] === undefined) return false;
  if (until !== null && at >= Date.parse(until)) return false;
  // Whose key signed is part of the signature's proof, and no system's own.
  if (header["type"] === "person" && header["commits"] !== undefined) return true;
  return systems.length === 0 || systems.includes(String(header["system"]));
}

/** What each witness signed last: where the newest checkpoint lacks their signatures, these anchor what is older. */
async function cosignedCheckpoints(tx: Tx, org: string, origin: string): Promise<string[]> {
  const { rows } = await sql<{ note: string }>`SELECT c.note FROM evidence_checkpoint c
    WHERE c.org = ${org} AND c.origin = ${origin} AND c.size IN (SELECT w.size FROM evidence_witness w WHERE w.org = ${org})`.execute(tx);
  return rows.map((row) => row.note);
}

async function publishedCheckpoints(
  tx: Tx,
  org: string,
  origin: string,
  since: string | null,
): Promise<{ newest: { size: number; note: string } | null; older: string[] }> {
  const { rows } = await sql<{
    size: string;
    note: string;
  }>`SELECT size, note FROM evidence_checkpoint WHERE org = ${org} AND origin = ${origin} ORDER BY size DESC LIMIT 1`.execute(
    tx,
  );
  const newest = rows[0] === undefined ? null : { size: Number(rows[0].size), note: rows[0].note };
  if (newest === null || since === null) return { newest, older: [] };
  const before = await sql<{ note: string }>`SELECT note FROM evidence_checkpoint
    WHERE org = ${org} AND origin = ${origin} AND at <= ${since}::timestamptz AND size < ${newest.size} ORDER BY size DESC LIMIT 1`.execute(
    tx,
  );
  return { newest, older: before.rows.map((row) => row.note) };
}
