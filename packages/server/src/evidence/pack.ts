import { sql } from "kysely";
import { AppError } from "@mandate/model";
import { buildPack, emptyRoot, LedgerError, parseHeader, signCheckpoint, utf8 } from "@mandate/ledger";
import type { PackLogParts, PackParts } from "@mandate/ledger";
import type { Actor } from "../command.ts";
import type { Database, Tx } from "../database/index.ts";
import type { Evidence } from "./evidence.ts";
import { listLogs, metaWriter } from "./logs.ts";
import type { LogKeys, LogRow } from "./logs.ts";
import { messagesOf, openJson, PayloadReader } from "./open-payload.ts";
import { measuredAnswers } from "./pack-answers.ts";
import { decisionAnswers } from "./pack-decisions.ts";
import { readme } from "./pack-readme.ts";
import { mergeAnswers, sectionFiles } from "./pack-sections.ts";
import type { SectionAnswers } from "./pack-sections.ts";
import { summaryPdf } from "./pack-summary.ts";
import { openHead, readLeaves, tileReader } from "./read-log.ts";
import { assertWhole } from "./rehash.ts";
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
  /** `policies/…`, `approvals/….json`: what other slices hold. */
  readonly files: (tx: Tx) => Promise<readonly PackFile[]>;
  /** Answers of other slices for the sections. */
  readonly answers: (tx: Tx) => Promise<SectionAnswers>;
}

/**
 * An evidence pack (INTERFACE, Evidence) of one consistent moment, as a ZIP. The export is itself an entry, and part of it.
 * @throws AppError `evidence.altered` (500) when the store contradicts its own signed heads
 */
export async function createPack(request: PackRequest): Promise<Uint8Array> {
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
  await evidence.publishCheckpoints();
  // The whole store, not only what this pack shows: an auditor of one system must learn that another's record was edited.
  await assertWhole(db, evidence.org);
  try {
    // Tiles are read while the pack is written, so that both see one moment.
    return await db.read(evidence.org, async (tx) => buildPack(await collect(tx, request)), {
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
  const created = new Date(request.now()).toISOString();
  const rows = await listLogs(tx, evidence.org);
  const payloads = new PayloadSet(new PayloadReader(tx, evidence.org, request.keys));
  const logs: PackLogParts[] = [];
  let number = 0;
  for (const row of rows) {
    const meta = row.writer === metaWriter;
    if (!meta) number += 1;
    logs.push(await logParts(tx, request, row, meta ? metaWriter : String(number), payloads));
  }
  const measured = await measuredAnswers(tx, evidence.org, {
    rows,
    since: request.since,
    until: request.until,
    systems: request.systems,
  });
  const answers = mergeAnswers([
    measured,
    await decisionAnswers(tx, evidence.org, request),
    await request.answers(tx),
  ]);
  const counts = logs.map((log) => ({ name: log.name, vkey: log.vkey, entries: [...log.entries].length }));
  const about = {
    created,
    since: request.since,
    until: request.until,
    systems: request.systems,
    logs: counts,
    payloads: payloads.items.length,
    disclosed: request.disclose !== null,
  };
  return {
    created,
    period: { since: request.since, until: request.until },
    systems: request.systems,
    logs,
    payloads: payloads.items,
    ...(request.disclose === null ? {} : { disclosures: await payloads.disclosures() }),
    files: [
      ...sectionFiles(answers),
      ...(await request.files(tx)),
      { path: "README.md", bytes: utf8(readme(about)), mediaType: "text/markdown" },
      { path: "summary.pdf", bytes: summaryPdf(about, answers), mediaType: "application/pdf" },
      {
        path: "policy.tlog",
        bytes: utf8(`${counts.map((log) => `log ${log.vkey}`).join("\n")}\nquorum none\n`),
        mediaType: "text/plain",
      },
    ],
    signer: evidence.signerOf(evidence.metaOrigin),
  };
}

/** Every payload of the pack once, however many entries refer to it. */
class PayloadSet {
  readonly items: { readonly ct: string; readonly bytes: Uint8Array }[] = [];
  readonly #reader: PayloadReader;
  readonly #seen = new Set<string>();

  constructor(reader: PayloadReader) {
    this.#reader = reader;
  }

  async addEntry(header: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [ct, pc] of [
      [header["ct"], header["pc"]],
      [header["xct"], header["xpc"]],
    ]) {
      if (typeof ct !== "string" || this.#seen.has(ct)) continue;
      await this.#add(ct);
      for (const message of messagesOf(await openJson(this.#reader, ct, pc)))
        if (!this.#seen.has(message.ct)) await this.#add(message.ct);
    }
  }

  async #add(ct: string): Promise<void> {
    this.#seen.add(ct);
    const bytes = await this.#reader.bytes(ct);
    if (bytes === undefined) throw new LedgerError("pack.store_altered", `payload \`${ct}\` is missing`);
    this.items.push({ ct, bytes });
  }

  async disclosures(): Promise<{ ct: string; key: Uint8Array; salt: Uint8Array }[]> {
    const list: { ct: string; key: Uint8Array; salt: Uint8Array }[] = [];
    for (const { ct } of this.items) {
      const keys = await this.#reader.keys(ct);
      if (keys !== undefined) list.push({ ct, key: keys.key, salt: keys.salt });
    }
    return list;
  }
}

async function logParts(
  tx: Tx,
  request: PackRequest,
  row: LogRow,
  name: string,
  payloads: PayloadSet,
): Promise<PackLogParts> {
  const { evidence } = request;
  openHead(row);
  const published = await publishedCheckpoints(tx, evidence.org, row.origin, request.since);
  const checkpoint = published.newest ?? {
    size: 0,
    note: signCheckpoint({ origin: row.origin, size: 0, root: emptyRoot() }, [evidence.signerOf(row.origin)]),
  };
  const entries: { index: number; leaf: Uint8Array }[] = [];
  for await (const entry of readLeaves(tx, evidence.org, row.origin, 0, checkpoint.size)) {
    const header = parseHeader(entry.leaf);
    // The meta-log is always whole: it says which logs there are.
    if (name !== metaWriter && !wanted(header, request)) continue;
    entries.push(entry);
    await payloads.addEntry(header);
  }
  return {
    name,
    vkey: row.vkey,
    checkpoint: checkpoint.note,
    entries,
    readTile: tileReader(tx, evidence.org, row.origin),
    olderCheckpoints: published.older,
  };
}

function wanted(header: Readonly<Record<string, unknown>>, { systems, since, until }: PackRequest): boolean {
  const at = Date.parse(String(header["at"]));
  // An approval's file is whole whatever the period's start, so the entries that commit to its signatures are as well.
  if (since !== null && at < Date.parse(since) && header["commits"] === undefined) return false;
  if (until !== null && at >= Date.parse(until)) return false;
  // Whose key signed is part of the signature's proof, and no system's own.
  if (header["type"] === "person" && header["commits"] !== undefined) return true;
  return systems.length === 0 || systems.includes(String(header["system"]));
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
