import { sql } from "kysely";
import { AppError } from "@mandate/model";
import {
  equalBytes,
  Frontier,
  fromBase64,
  hashSize,
  leafHash,
  parseHeader,
  tileWidth,
  toBase64,
} from "@mandate/ledger";
import type { CompletedNode } from "@mandate/ledger";
import type { Database, Tx } from "../database/index.ts";
import { isWholePayload } from "./cleared.ts";
import { CountCheck } from "./count-check.ts";
import { requireListed } from "./listed-messages.ts";
import { listLogs, metaWriter } from "./logs.ts";
import type { LogKeys, LogRow } from "./logs.ts";
import { openHead, readLeaves } from "./read-log.ts";
import { markWhole, NamesDigest } from "./whole-mark.ts";

export interface RehashProblem {
  /** `entry.altered`, `entry.missing`, `tile.altered`, `log.root`, `log.head`, `payload.altered`… */
  readonly code: string;
  /** Origin of the log, or `payloads/CT`. */
  readonly path: string;
  readonly index: number | null;
  readonly message: string;
}

export interface RehashResult {
  readonly ok: boolean;
  readonly logs: readonly { readonly origin: string; readonly size: number; readonly root: string }[];
  readonly entries: number;
  readonly payloads: number;
  readonly problems: readonly RehashProblem[];
}

export interface RehashOptions {
  /** Entries gone through so far, of all logs. */
  readonly onProgress?: (entries: number) => void;
  /** Opens what lists a chat's messages, so that one removed with its key is told too. Absent: as far as names in the clear go. */
  readonly keys?: LogKeys;
}

/** A store altered everywhere says so a thousand times, not a million. */
const maxProblems = 1_000;

export class Problems {
  readonly list: RehashProblem[] = [];
  add(code: string, path: string, index: number | null, message: string): void {
    if (this.list.length < maxProblems) this.list.push({ code, path, index, message });
  }
}

/**
 * Hashes the whole store again: each leaf against its tile, the tiles against the signed root, each log against what the
 * meta-log took of it, each payload against the commitment in its entry, the decisions index and the counts of entries by
 * system, as the meta-log sealed them, against the entries.
 * Reads one consistent moment, while appends go on.
 */
export async function rehash(db: Database, org: string, { onProgress = () => undefined, keys }: RehashOptions = {}): Promise<RehashResult> {
  return db.read(
    org,
    async (tx) => {
      await sql`SET LOCAL statement_timeout = 0`.execute(tx);
      // Every page below is read by its key. Left to choose, the planner reads the whole table for each page.
      await sql`SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off`.execute(tx);
      const problems = new Problems();
      const logs: { origin: string; size: number; root: string }[] = [];
      const recorded = new Map<string, MetaRecord[]>();
      let entries = 0;
      const rows = await listLogs(tx, org);
      const metas = rows.filter((log) => log.writer === metaWriter);
      // Apart: a count that is wrong contradicts no entry, and no pack is refused for it: whoever verifies one is told.
      const miscounted = new Problems();
      for (const log of rows) {
        const checked = await rehashLog(
          tx,
          org,
          log,
          problems,
          log.writer === metaWriter ? recorded : await CountCheck.begin(tx, org, log, metas, miscounted),
          (size) => onProgress(entries + size),
        );
        logs.push({ origin: log.origin, size: checked.size, root: toBase64(checked.root) });
        entries += checked.size;
      }
      for (const [origin, records] of recorded)
        await compareWithMeta(
          tx,
          org,
          origin,
          rows.find((row) => row.origin === origin),
          records,
          problems,
        );
      const names = new NamesDigest();
      const payloads = await rehashPayloads(tx, org, problems, names);
      for (const log of rows) await requireKeyed(tx, org, log, problems);
      if (keys !== undefined) await requireListed(tx, org, keys, rows, problems);
      if (problems.list.length === 0) markWhole(db, org, { logs: new Map(logs.map((log) => [log.origin, { size: log.size, root: fromBase64(log.root) }])), payloads: names.hex() });
      await compareDecisions(tx, org, problems);
      for (const { code, path, index, message } of miscounted.list) problems.add(code, path, index, message);
      return { ok: problems.list.length === 0, logs, entries, payloads, problems: problems.list };
    },
    { isolation: "repeatable read" },
  );
}

export interface MetaRecord {
  readonly metaIndex: number;
  /** It was closed there: nothing comes after. */
  readonly isClosing: boolean;
  readonly size: number;
  readonly root: Uint8Array;
}

async function rehashLog(
  tx: Tx,
  org: string,
  log: LogRow,
  problems: Problems,
  /** A meta-log's word of other logs, or the counts of this one. */
  more: Map<string, MetaRecord[]> | CountCheck,
  onProgress: (size: number) => void,
): Promise<{ size: number; root: Uint8Array }> {
  const [recorded, counts] = more instanceof CountCheck ? [null, more] : [more, null];
  let commitments: string[] = [];
  const frontier = new Frontier();
  const tiles = new TileCheck(tx, org, log.origin, problems);
  let next = 0;
  for await (const { index, leaf } of readLeaves(tx, org, log.origin, 0, log.size)) {
    if (index !== next) {
      problems.add("entry.missing", log.origin, next, `entry ${next} is missing; the next one found is ${index}`);
      break;
    }
    const completed = frontier.append(leafHash(leaf));
    await tiles.check(completed);
    if (counts?.isDue(next) === true) await counts.reach(next);
    const header = readHeader(log, index, leaf, problems, commitments, recorded);
    if (header !== undefined) counts?.add(header);
    next += 1;
    if (next % presenceBatch !== 0) continue;
    await requirePayloads(tx, org, { origin: log.origin, from: next - presenceBatch, to: next }, commitments, problems);
    commitments = [];
    onProgress(next);
  }
  await requirePayloads(tx, org, { origin: log.origin, from: next - (next % presenceBatch), to: next }, commitments, problems);
  onProgress(next);
  if (
    next < log.size &&
    !problems.list.some((problem) => problem.path === log.origin && problem.code === "entry.missing")
  ) {
    problems.add("entry.missing", log.origin, next, `the log ends at ${next}, its signed head says ${log.size}`);
  }
  await tiles.finish();
  // What is missing or unreadable is told as that, and not as a wrong count as well.
  if (counts !== null && next === log.size && !problems.list.some((problem) => problem.path === log.origin)) await counts.finish(tx, org, next);
  const root = frontier.root();
  try {
    const head = openHead(log);
    if (next === log.size && !equalBytes(head.root, root))
      problems.add("log.root", log.origin, null, "the entries don't hash to the signed root");
  } catch (error) {
    problems.add(
      "log.head",
      log.origin,
      null,
      error instanceof AppError ? error.message : "the signed head can't be read",
    );
  }
  await noteBeyond(tx, org, log, problems);
  return { size: next, root };
}

/** Rows past the signed head belong to no history. */
export async function noteBeyond(tx: Tx, org: string, log: LogRow, problems: Problems): Promise<void> {
  const { rows } = await sql<{
    index: string;
  }>`SELECT index FROM evidence_entry WHERE org = ${org} AND origin = ${log.origin} AND index >= ${log.size} ORDER BY index LIMIT 1`.execute(
    tx,
  );
  if (rows[0] !== undefined)
    problems.add("entry.unsigned", log.origin, Number(rows[0].index), "an entry lies beyond the signed head");
}

export function readHeader(
  log: LogRow,
  index: number,
  leaf: Uint8Array,
  problems: Problems,
  commitments: string[],
  recorded: Map<string, MetaRecord[]> | null,
): Readonly<Record<string, unknown>> | undefined {
  let header: ReturnType<typeof parseHeader>;
  try {
    header = parseHeader(leaf);
  } catch {
    problems.add("entry.malformed", log.origin, index, "the entry isn't a canonical header");
    return undefined;
  }
  if (header["shard"] !== log.origin || header["seq"] !== index)
    problems.add("entry.swapped", log.origin, index, "the entry was written for another log or position");
  for (const name of ["ct", "xct"]) if (typeof header[name] === "string") commitments.push(header[name]);
  if (recorded === null || (header["type"] !== "log.checkpoint" && header["type"] !== "log.closed")) return header;
  const { log: origin, size, root } = header;
  if (typeof origin !== "string" || typeof size !== "number" || typeof root !== "string") return header;
  const before = recorded.get(origin) ?? [];
  recorded.set(origin, [
    ...before.slice(0, -99).filter((one) => one.isClosing).slice(0, 1),
    ...before.slice(-99),
    { metaIndex: index, size, root: fromBase64(root), isClosing: header["type"] === "log.closed" },
  ]);
  return header;
}

/** The newest checkpoints that the meta-log took: no log may be shorter, and none may have vanished. */
async function compareWithMeta(
  tx: Tx,
  org: string,
  origin: string,
  log: LogRow | undefined,
  records: readonly MetaRecord[],
  problems: Problems,
): Promise<void> {
  if (log === undefined) {
    problems.add("log.missing", origin, null, "the meta-log names this log, which the store lacks");
    return;
  }
  const closing = records.find((one) => one.isClosing);
  if (closing !== undefined && log.size > closing.size)
    problems.add("log.closed", origin, closing.metaIndex, `the log was closed with ${closing.size} entries and holds ${log.size}`);
  const newest = records.at(-1)!;
  if (newest.size > log.size) {
    problems.add(
      "log.truncated",
      origin,
      newest.metaIndex,
      `the meta-log took a checkpoint of ${newest.size} entries, the log has ${log.size}`,
    );
    return;
  }
  const frontier = new Frontier();
  for await (const { leaf } of readLeaves(tx, org, origin, 0, newest.size)) frontier.append(leafHash(leaf));
  if (!equalBytes(frontier.root(), newest.root))
    problems.add("log.forked", origin, newest.metaIndex, `the meta-log took another history of ${newest.size} entries`);
}

/** Compares each stored tile with the hashes the entries give, as they complete. */
class TileCheck {
  readonly #tx: Tx;
  readonly #org: string;
  readonly #origin: string;
  readonly #problems: Problems;
  /** Hashes of the rightmost tile of each level. */
  readonly #open: { index: number; hashes: Uint8Array[] }[] = [];

  constructor(tx: Tx, org: string, origin: string, problems: Problems) {
    this.#tx = tx;
    this.#org = org;
    this.#origin = origin;
    this.#problems = problems;
  }

  async check(completed: readonly CompletedNode[]): Promise<void> {
    for (const node of completed) {
      if (node.level % 8 !== 0) continue;
      const level = node.level / 8;
      const tile = (this.#open[level] ??= { index: 0, hashes: [] });
      tile.hashes.push(node.hash);
      if (tile.hashes.length === tileWidth) {
        await this.#compare(level, tile.index, tile.hashes);
        this.#open[level] = { index: tile.index + 1, hashes: [] };
      }
    }
  }

  async finish(): Promise<void> {
    for (const [level, tile] of this.#open.entries())
      if (tile.hashes.length > 0) await this.#compare(level, tile.index, tile.hashes);
  }

  async #compare(level: number, index: number, hashes: readonly Uint8Array[]): Promise<void> {
    const { rows } = await sql<{ hashes: Buffer }>`SELECT hashes FROM evidence_tile
      WHERE org = ${this.#org} AND origin = ${this.#origin} AND level = ${level} AND index = ${index}`.execute(
      this.#tx,
    );
    const stored = rows[0]?.hashes;
    if (stored === undefined) {
      this.#problems.add("tile.missing", this.#origin, null, `tile ${index} of level ${level} is missing`);
      return;
    }
    hashes.forEach((hash, at) => {
      if (equalBytes(stored.subarray(at * hashSize, (at + 1) * hashSize), hash)) return;
      if (level === 0) {
        const entry = index * tileWidth + at;
        this.#problems.add(
          "entry.altered",
          this.#origin,
          entry,
          `entry ${entry} isn't the one that was hashed into the tree`,
        );
      } else
        this.#problems.add(
          "tile.altered",
          this.#origin,
          null,
          `tile ${index} of level ${level} doesn't hash from the tiles below`,
        );
    });
  }
}

/** Entries whose payloads are looked for at once: all of a large store's names would not fit in memory. */
export const presenceBatch = 2_000;

/** @param by the entries that commit to them, and brought most of them: a name is looked up in each month's table, a range of places once */
export async function requirePayloads(tx: Tx, org: string, by: { readonly origin: string; readonly from: number; readonly to: number }, commitments: readonly string[], problems: Problems): Promise<void> {
  const names = new Set(commitments.filter((name) => /^[0-9a-f]{64}$/.test(name)));
  if (names.size === 0) return;
  const { rows: brought } = await sql<{ ct: string }>`SELECT encode(ct, 'hex') AS ct FROM evidence_payload
    WHERE org = ${org} AND origin = ${by.origin} AND index >= ${by.from} AND index < ${by.to}`.execute(tx);
  for (const { ct } of brought) names.delete(ct);
  if (names.size === 0) return;
  const { rows: elsewhere } = await sql<{ ct: string }>`SELECT encode(ct, 'hex') AS ct FROM evidence_payload
    WHERE org = ${org} AND ct = ANY(${[...names].map((name) => Buffer.from(name, "hex"))}::bytea[])`.execute(tx);
  for (const { ct } of elsewhere) names.delete(ct);
  for (const ct of names)
    problems.add("payload.missing", `payloads/${ct}`, null, "an entry commits to a payload that the store lacks");
}

/** Entries whose keys are compared with what they open at once. */
const keysAtOnce = 10_000;

/**
 * What a sealed list alone names, as a chat's single messages, no header names. Its key does, for as long as it opens:
 * a key whose payload is gone is a removal, since erasure and retention remove keys and leave what they sealed. A gateway
 * that seals the same bytes twice leaves one as well, so it is told and stops no start: else one gateway could stop all.
 */
async function requireKeyed(tx: Tx, org: string, log: LogRow, problems: Problems): Promise<void> {
  // Two ranges of places at a time: joined whole, a planner that doesn't know a table that just grew compares each with each.
  for (let from = 0; from === 0 || from < log.size; from += keysAtOnce) {
    const until = from + keysAtOnce < log.size ? from + keysAtOnce : Number.MAX_SAFE_INTEGER;
    const { rows } = await sql<{ index: string; part: number }>`SELECT index, part FROM evidence_key WHERE org = ${org} AND origin = ${log.origin} AND index >= ${from} AND index < ${until}
      EXCEPT SELECT index, part FROM evidence_payload WHERE org = ${org} AND origin = ${log.origin} AND index >= ${from} AND index < ${until}
      ORDER BY index, part LIMIT ${maxProblems}`.execute(tx);
    for (const { index, part } of rows)
      problems.add("key.unmatched", log.origin, Number(index), `part ${part} of what entry ${index} sealed isn't stored, though its key is held`);
  }
}

async function rehashPayloads(tx: Tx, org: string, problems: Problems, names: NamesDigest): Promise<number> {
  let payloads = 0;
  // A name can come again in another month's table: those of the last name seen aren't taken twice.
  let seen = new Set<string>();
  for (let from: Buffer = Buffer.alloc(0); ; ) {
    const { rows } = await sql<{ ct: Buffer; period: string; matches: boolean }>`SELECT ct, period::text AS period, ${isWholePayload(org)} AS matches FROM evidence_payload p
      WHERE org = ${org} AND ct >= ${from} ORDER BY ct LIMIT 5000`.execute(tx);
    const fresh = rows.filter((row) => !row.ct.equals(from) || !seen.has(row.period));
    const last = fresh.at(-1);
    if (last === undefined) break;
    if (!last.ct.equals(from)) seen = new Set();
    from = last.ct;
    for (const row of fresh) if (row.ct.equals(from)) seen.add(row.period);
    payloads += fresh.length;
    for (const row of fresh) {
      names.add(row.ct);
      if (!row.matches)
        problems.add("payload.altered", `payloads/${row.ct.toString("hex")}`, null, "the payload isn't the one its entry commits to");
    }
  }
  return payloads;
}

/** The index proves nothing, but the console shows it: a row that says otherwise than its entry is an alteration too. */
async function compareDecisions(tx: Tx, org: string, problems: Problems): Promise<void> {
  for (let after = ""; ; ) {
    const { rows } = await sql<{
      id: string;
      outcome: string;
      terminal: string | null;
      system: string | null;
      origin: string;
      index: string;
      leaf: Buffer | null;
    }>`
      SELECT d.*, e.leaf
      -- Named inside: under row security a condition on coalesce() itself can't use the entries' key.
      FROM (SELECT org, id, outcome, terminal, system, coalesce(result_log, intent_log) AS origin, coalesce(result_index, intent_index) AS index
          FROM decision WHERE org = ${org} AND id > ${after} ORDER BY id LIMIT 2000) d
        LEFT JOIN evidence_entry e ON e.org = d.org AND e.origin = d.origin AND e.index = d.index
      ORDER BY d.id`.execute(tx);
    if (rows.length === 0) return;
    after = rows.at(-1)!.id;
    for (const row of rows) {
      if (row.leaf !== null && agrees(row.leaf, row)) continue;
      problems.add(
        "decision.altered",
        row.origin,
        row.index === null ? null : Number(row.index),
        `the list of decisions says otherwise of ${row.id} than its entry`,
      );
    }
  }
}

function agrees(
  leaf: Uint8Array,
  row: { id: string; outcome: string; terminal: string | null; system: string | null },
): boolean {
  let header: ReturnType<typeof parseHeader>;
  try {
    header = parseHeader(leaf);
  } catch {
    return false;
  }
  return (
    header["decision"] === row.id &&
    (header["outcome"] ?? "deny") === row.outcome &&
    (header["terminal"] ?? null) === row.terminal &&
    (header["system"] ?? null) === row.system
  );
}
