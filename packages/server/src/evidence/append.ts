import { sql } from "kysely";
import type { RawBuilder } from "kysely";
import { AppError } from "@mandate/model";
import { Frontier, leafHash, parseHeader, signCheckpoint, tileWidth } from "@mandate/ledger";
import type { CompletedNode } from "@mandate/ledger";
import type { NodeSigner } from "@mandate/ledger/node";
import type { Tx } from "../database/index.ts";
import { decisionRows } from "./decisions.ts";
import type { DecisionBatch } from "./decisions.ts";
import { countSystems } from "./system-counts.ts";
import type { SystemCounts } from "./system-counts.ts";

/** Where a log stands. */
export interface LogHead {
  readonly size: number;
  readonly root: Uint8Array;
  readonly frontier: Frontier;
  readonly checkpointSize: number;
}

/** What stands beside an entry: payloads and their wrapped keys. */
export interface SealedPayload {
  readonly ct: string;
  readonly bytes: Uint8Array;
  readonly wrapped: Uint8Array;
  readonly kid: string;
}

/** Many byte strings as one parameter: PostgreSQL slices it, which costs half of passing an array of bytea. */
interface Sliced {
  readonly buffer: Buffer;
  readonly offsets: number[];
  readonly lengths: number[];
}

function slice(parts: readonly Uint8Array[]): Sliced {
  const offsets: number[] = [];
  const lengths: number[] = [];
  let at = 1;
  for (const part of parts) {
    offsets.push(at);
    lengths.push(part.length);
    at += part.length;
  }
  return { buffer: Buffer.concat(parts), offsets, lengths };
}

interface HeadRow {
  readonly size: string;
  readonly root: Buffer;
  readonly frontier: Buffer;
  readonly checkpoint_size: string;
}

function headOf(row: HeadRow): LogHead {
  const size = Number(row.size);
  return { size, root: row.root, frontier: Frontier.decode(size, row.frontier), checkpointSize: Number(row.checkpoint_size) };
}

/** The head as stored; `lock` holds other appenders off until the transaction ends. */
export async function readHead(tx: Tx, org: string, origin: string, lock: boolean): Promise<LogHead> {
  const { rows } = await sql<HeadRow & { closed: boolean }>`
    SELECT size, root, frontier, checkpoint_size, closed_at IS NOT NULL AS closed FROM evidence_log
    WHERE org = ${org} AND origin = ${origin} ${lock ? sql`FOR UPDATE` : sql``}`.execute(tx);
  const row = rows[0];
  if (row === undefined || row.closed) throw logClosed(`log \`${origin}\` is ${row ? "closed" : "absent"}`);
  return headOf(row);
}

/** The log that a writer's entries go to now. */
export interface OpenLog extends LogHead {
  readonly origin: string;
  readonly vkey: string;
}

/**
 * The writer's open log, held until the transaction ends: whoever replaces its key meanwhile waits.
 * @throws AppError `evidence.log_closed` (503) when the writer has none
 */
export async function holdOpenLog(tx: Tx, org: string, writer: string): Promise<OpenLog> {
  // A statement that waited for a log which was then closed doesn't see the one that follows; the next statement does.
  for (let attempt = 0; attempt < 3; attempt++) {
    const { rows } = await sql<HeadRow & { origin: string; vkey: string }>`SELECT origin, vkey, size, root, frontier, checkpoint_size FROM evidence_log
      WHERE org = ${org} AND writer = ${writer} AND closed_at IS NULL FOR UPDATE`.execute(tx);
    const row = rows[0];
    if (row !== undefined) return { origin: row.origin, vkey: row.vkey, ...headOf(row) };
  }
  throw logClosed(`\`${writer}\` has no open log`);
}

export const logClosed = (internal: string): AppError =>
  new AppError({ code: "evidence.log_closed", status: 503, message: "The evidence log takes no more entries. Run `mandate doctor`.", internal });

/**
 * Appends leaves with what they sealed, extends the tree, moves the signed head: all or nothing, in the caller's
 * transaction. A payload or key already there is left as it is (messages are sealed once a session).
 * INVARIANT: the head moves by compare-and-set on (size, root), so a second writer with an old head can't fork the log.
 * @param head as the caller last knew it
 * @returns the new head
 * @throws AppError `evidence.fenced` (503) when somebody else moved the log
 */
export async function appendLeaves(
  tx: Tx,
  org: string,
  signer: NodeSigner,
  head: LogHead,
  entries: readonly BatchEntry[],
): Promise<LogHead> {
  const batch = prepareBatch(signer, head, entries, decisionRows(org, []));
  await writeBatch(tx, org, signer.name, head, batch);
  return batch.head;
}

/** Everything a batch stores, computed before its transaction begins. */
export interface PreparedBatch {
  readonly head: LogHead;
  readonly note: string;
  readonly leaves: Sliced;
  readonly tiles: Tiles;
  readonly sealed: Sealed;
  readonly decisions: DecisionBatch;
  readonly systems: SystemCounts;
}

export interface BatchEntry {
  /** Exact leaf bytes. */
  readonly leaf: Uint8Array;
  readonly sealed: readonly SealedPayload[];
}

/**
 * @param decisions of `decisionRows`
 * @param headers of these entries, where the caller has read them
 */
export function prepareBatch(
  signer: NodeSigner,
  head: LogHead,
  entries: readonly BatchEntry[],
  decisions: DecisionBatch,
  headers: readonly { readonly type?: unknown; readonly system?: unknown }[] = entries.map(({ leaf }) => parseHeader(leaf)),
): PreparedBatch {
  const frontier = head.frontier.clone();
  const completed = new Map<number, CompletedNode[]>();
  for (const { leaf } of entries) {
    for (const node of frontier.append(leafHash(leaf))) {
      if (node.level % 8 !== 0) continue;
      const level = node.level / 8;
      const nodes = completed.get(level);
      if (nodes) nodes.push(node);
      else completed.set(level, [node]);
    }
  }
  const root = frontier.root();
  return {
    head: { size: frontier.size, root, frontier, checkpointSize: head.checkpointSize },
    note: signCheckpoint({ origin: signer.name, size: frontier.size, root }, [signer]),
    leaves: slice(entries.map((entry) => entry.leaf)),
    tiles: tilesOf(completed),
    sealed: sealedOf(head.size, entries),
    decisions,
    systems: countSystems(headers),
  };
}

/** The one statement that takes a batch: it names its organization itself, so it runs inside a transaction or by itself. */
export function takeBatch(org: string, origin: string, from: LogHead, { head, note, leaves, tiles, sealed, decisions, systems }: PreparedBatch): RawBuilder<{ moved: boolean }> {
  const { begun, ended, reasons, tags, subjects } = decisions;
  return sql<{ moved: boolean }>`SELECT mandate_take_batch(${org}, ${origin}, ${from.size}, ${Buffer.from(from.root)},
    ${head.size}, ${Buffer.from(head.root)}, ${Buffer.from(head.frontier.encode())}, ${note},
    ${leaves.buffer}, ${leaves.offsets}, ${leaves.lengths},
    ${tiles.levels}, ${tiles.indexes}, ${tiles.hashes.buffer}, ${tiles.hashes.offsets}, ${tiles.hashes.lengths},
    ${sealed.indexes}, ${sealed.parts}, ${sealed.cts}, ${sealed.bytes.buffer}, ${sealed.bytes.offsets}, ${sealed.bytes.lengths},
    ${sealed.kids}, ${sealed.wrapped.buffer}, ${sealed.wrapped.offsets}, ${sealed.wrapped.lengths},
    ${systems.systems}, ${systems.counts}, ${begun}::json, ${ended}::json, ${reasons},
    ${tags.map((tag) => tag.kind)}, ${tags.map((tag) => tag.value)}, ${tags.map((tag) => tag.id)},
    ${subjects.map((one) => one.subject)}, ${subjects.map((one) => one.origin)}, ${subjects.map((one) => one.index)}) AS moved`;
}

export async function writeBatch(tx: Tx, org: string, origin: string, from: LogHead, batch: PreparedBatch): Promise<void> {
  requireMoved((await takeBatch(org, origin, from, batch).execute(tx)).rows, origin, from);
}

/** @throws AppError `evidence.fenced` (503) unless the head moved */
export function requireMoved(rows: readonly { readonly moved: boolean }[], origin: string, from: Pick<LogHead, "size">): void {
  if (rows[0]?.moved === true) return;
  throw new AppError({
    code: "evidence.fenced",
    status: 503,
    message: "Another process writes this evidence log. Nothing was changed; stop one of the two.",
    internal: `log \`${origin}\` is not at ${from.size}`,
  });
}

interface Tiles {
  readonly levels: readonly number[];
  readonly indexes: readonly number[];
  readonly hashes: Sliced;
}

/** What each tile grows by. */
function tilesOf(completed: ReadonlyMap<number, readonly CompletedNode[]>): Tiles {
  const levels: number[] = [];
  const indexes: number[] = [];
  const parts: Uint8Array[] = [];
  for (const [level, nodes] of completed) {
    for (let at = 0; at < nodes.length; ) {
      const tile = Math.floor(nodes[at]!.index / tileWidth);
      let end = at + 1;
      while (end < nodes.length && Math.floor(nodes[end]!.index / tileWidth) === tile) end++;
      levels.push(level);
      indexes.push(tile);
      parts.push(Buffer.concat(nodes.slice(at, end).map((node) => node.hash)));
      at = end;
    }
  }
  return { levels, indexes, hashes: slice(parts) };
}

interface Sealed {
  readonly indexes: readonly number[];
  /** Position in its entry. */
  readonly parts: readonly number[];
  /** 32 bytes each. */
  readonly cts: Buffer;
  readonly bytes: Sliced;
  readonly kids: readonly string[];
  readonly wrapped: Sliced;
}

function sealedOf(from: number, entries: readonly BatchEntry[]): Sealed {
  const indexes: number[] = [];
  const parts: number[] = [];
  const all: SealedPayload[] = [];
  entries.forEach(({ sealed }, at) => {
    sealed.forEach((payload, part) => {
      indexes.push(from + at);
      parts.push(part);
      all.push(payload);
    });
  });
  return {
    indexes,
    parts,
    cts: Buffer.from(all.map((payload) => payload.ct).join(""), "hex"),
    bytes: slice(all.map((payload) => payload.bytes)),
    kids: all.map((payload) => payload.kid),
    wrapped: slice(all.map((payload) => payload.wrapped)),
  };
}
