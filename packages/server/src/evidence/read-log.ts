import { type RawBuilder, sql } from "kysely";
import { AppError } from "@mandate/model";
import {
  consistencyProof,
  consistencyRanges,
  formatConsistencyBody,
  formatTlogProof,
  hashSize,
  inclusionProof,
  inclusionRanges,
  joinCheckpoints,
  noteVerifier,
  openCheckpoint,
  parseHeader,
  parseTlogProof,
  parseVerifierKey,
  tileHashReader,
  tilePath,
  tilesForRanges,
  toBase64,
} from "@mandate/ledger";
import type { HashReader, LeafRange, OpenedCheckpoint, Tile } from "@mandate/ledger";
import type { Tx } from "../database/index.ts";
import { listLogs } from "./logs.ts";
import type { LogRow } from "./logs.ts";

/** A log as the API lists it. */
export interface LogSummary {
  readonly origin: string;
  readonly vkey: string;
  readonly size: number;
  /** Base64. */
  readonly root: string;
}

/** Every log with its signed head. Throws AppError `evidence.altered` when a head doesn't carry its own signature. */
export async function logSummaries(tx: Tx, org: string): Promise<LogSummary[]> {
  return (await listLogs(tx, org)).map((log) => {
    const { size, root } = openHead(log);
    return { origin: log.origin, vkey: log.vkey, size, root: toBase64(root) };
  });
}

/** The newest signed checkpoint of every log, as one file to keep (`mandate evidence head`). */
export async function heads(tx: Tx, org: string): Promise<string> {
  return joinCheckpoints((await listLogs(tx, org)).map((log) => (openHead(log), log.head)));
}

/** Throws AppError `evidence.altered` unless the head is signed by the log's key, of its origin and of its stored size. */
export function openHead(log: LogRow): OpenedCheckpoint {
  try {
    const opened = openCheckpoint(log.head, [noteVerifier(parseVerifierKey(log.vkey))]);
    if (opened.origin === log.origin && opened.size === log.size) return opened;
  } catch (cause) {
    throw altered(log.origin, "its signed head doesn't verify", cause);
  }
  throw altered(log.origin, "its signed head is of another size or log");
}

export function altered(origin: string, what: string, cause?: unknown): AppError {
  return new AppError({
    code: "evidence.altered",
    status: 500,
    message: `The evidence log ${origin} was altered: ${what}. Keep the database as it is, and run \`mandate evidence verify\` to see where.`,
    cause,
  });
}

async function findLog(tx: Tx, org: string, origin: string): Promise<LogRow> {
  const log = (await listLogs(tx, org)).find((candidate) => candidate.origin === origin);
  if (log !== undefined) return log;
  throw new AppError({
    code: "evidence.no_log",
    status: 404,
    message: `There is no evidence log ${origin}.`,
    remedies: [{ text: "Each log's origin is the first line of its checkpoint.", command: "npx mandate evidence head" }],
  });
}

/** Reads tiles in the width asked for; a tile too short for it is an altered store. */
export function tileReader(tx: Tx, org: string, origin: string): (tile: Tile) => Promise<Uint8Array> {
  return async (tile) => {
    const { rows } = await sql<{
      hashes: Buffer;
    }>`SELECT substring(hashes FOR ${tile.width * hashSize}) AS hashes FROM evidence_tile
      WHERE org = ${org} AND origin = ${origin} AND level = ${tile.level} AND index = ${tile.index}`.execute(tx);
    const hashes = rows[0]?.hashes;
    if (hashes === undefined || hashes.length !== tile.width * hashSize)
      throw altered(origin, `${tilePath(tile)} is missing or too short`);
    return hashes;
  };
}

/** Fetches what these ranges need, then reads synchronously. */
export async function hashesFor(
  tx: Tx,
  org: string,
  origin: string,
  ranges: readonly LeafRange[],
  size: number,
): Promise<HashReader> {
  const tiles = new Map<string, Uint8Array>();
  const read = tileReader(tx, org, origin);
  for (const tile of tilesForRanges(ranges, size)) tiles.set(tilePath(tile), await read(tile));
  return tileHashReader(size, (tile) => tiles.get(tilePath(tile))!);
}

/** Body of tlog-witness add-checkpoint from `from` to the newest checkpoint. Throws AppError `evidence.proof_range` (400). */
export async function consistencyBody(tx: Tx, org: string, origin: string, from: number): Promise<string> {
  const log = await findLog(tx, org, origin);
  const { size } = openHead(log);
  if (!Number.isSafeInteger(from) || from < 0 || from > size) throw outOfRange(origin, size);
  if (from === 0) return formatConsistencyBody({ oldSize: 0, proof: [], checkpoint: log.head });
  const hashes = await hashesFor(tx, org, origin, consistencyRanges(from, size), size);
  return formatConsistencyBody({ oldSize: from, proof: consistencyProof(from, size, hashes), checkpoint: log.head });
}

/** C2SP tlog-proof of one entry under the newest checkpoint. Throws AppError `evidence.proof_range` (400). */
export async function inclusionFile(tx: Tx, org: string, origin: string, index: number): Promise<string> {
  const log = await findLog(tx, org, origin);
  const { size } = openHead(log);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw outOfRange(origin, size);
  const hashes = await hashesFor(tx, org, origin, inclusionRanges(index, size), size);
  return formatTlogProof({ index, proof: inclusionProof(index, size, hashes), checkpoint: log.head });
}

function outOfRange(origin: string, size: number): AppError {
  return new AppError({
    code: "evidence.proof_range",
    status: 400,
    message: `The log ${origin} has ${size} entries.`,
    remedies: [{ text: "Name a size or index within it." }],
  });
}

/** An entry with its proof under the log's signed head, for whoever recomputes it. */
export interface ProvedEntry {
  readonly header: Readonly<Record<string, unknown>>;
  /** Base64. */
  readonly leaf: string;
  readonly proof: { readonly index: number; readonly size: number; readonly hashes: string[] };
  readonly checkpoint: string;
  readonly vkey: string;
}

/** Undefined where the log has no such entry. */
export async function entryProof(tx: Tx, org: string, origin: string, index: number): Promise<ProvedEntry | undefined> {
  const leaf = await readLeaf(tx, org, origin, index);
  if (leaf === undefined) return undefined;
  const { vkey, size } = await findLog(tx, org, origin);
  const { proof, checkpoint } = parseTlogProof(await inclusionFile(tx, org, origin, index));
  return { header: { ...parseHeader(leaf) }, leaf: toBase64(leaf), proof: { index, size, hashes: proof.map((hash) => toBase64(hash)) }, checkpoint, vkey };
}

/** Exact leaf bytes of one entry, or undefined. */
export async function readLeaf(tx: Tx, org: string, origin: string, index: number): Promise<Uint8Array | undefined> {
  const { rows } = await sql<{
    leaf: Buffer;
  }>`SELECT leaf FROM evidence_entry WHERE org = ${org} AND origin = ${origin} AND index = ${index}`.execute(tx);
  return rows[0]?.leaf;
}

/** Leaves from `from` up to `to`, in order, in chunks that bound memory. */
export const readLeaves = (tx: Tx, org: string, origin: string, from: number, to: number): AsyncGenerator<{ index: number; leaf: Uint8Array }> => readChunks(tx, org, origin, { from, to, step: 2_000 }, sql`true`);

/**
 * Those of a log's first `size` leaves that hold at least one of these bytes, in order. Looked for inside the database:
 * of a large log most stay there.
 */
export const readLeavesHolding = (tx: Tx, org: string, origin: string, size: number, needles: readonly string[]): AsyncGenerator<{ index: number; leaf: Uint8Array }> =>
  readChunks(tx, org, origin, { from: 0, to: size, step: 10_000 }, sql.join(needles.map((needle) => sql`position(${Buffer.from(needle)}::bytea IN leaf) > 0`), sql` OR `));

async function* readChunks(
  tx: Tx,
  org: string,
  origin: string,
  { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
  wanted: RawBuilder<unknown>,
): AsyncGenerator<{ index: number; leaf: Uint8Array }> {
  for (let at = from; at < to; at += step) {
    const { rows } = await sql<{ index: string; leaf: Buffer }>`SELECT index, leaf FROM evidence_entry
      WHERE org = ${org} AND origin = ${origin} AND index >= ${at} AND index < ${Math.min(at + step, to)} AND (${wanted}) ORDER BY index`.execute(
      tx,
    );
    for (const row of rows) yield { index: Number(row.index), leaf: row.leaf };
  }
}

/** Entry bundle of C2SP tlog-tiles: each entry behind its length in two bytes, big-endian. */
export async function readBundle(tx: Tx, org: string, origin: string, from: number, count: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const { leaf } of readLeaves(tx, org, origin, from, from + count)) {
    if (leaf.length > 0xffff) throw altered(origin, "an entry is longer than a bundle can say");
    parts.push(Uint8Array.of(leaf.length >> 8, leaf.length & 255), leaf);
  }
  if (parts.length !== 2 * count) throw altered(origin, `entries from ${from} on are missing`);
  return Buffer.concat(parts);
}
