import { sql } from "kysely";
import { AppError } from "@mandate/model";
import { Frontier, leafHash, signCheckpoint, tileWidth } from "@mandate/ledger";
import type { CompletedNode } from "@mandate/ledger";
import type { NodeSigner } from "@mandate/ledger/node";
import type { Tx } from "../database/index.ts";

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

/** The head as stored; `lock` holds other appenders off until the transaction ends. */
export async function readHead(tx: Tx, org: string, origin: string, lock: boolean): Promise<LogHead> {
  const { rows } = await sql<{
    size: string;
    root: Buffer;
    frontier: Buffer;
    checkpoint_size: string;
    closed: boolean;
  }>`
    SELECT size, root, frontier, checkpoint_size, closed_at IS NOT NULL AS closed FROM evidence_log
    WHERE org = ${org} AND origin = ${origin} ${lock ? sql`FOR UPDATE` : sql``}`.execute(tx);
  const row = rows[0];
  if (row === undefined || row.closed) {
    throw new AppError({
      code: "evidence.log_closed",
      status: 503,
      message: "The evidence log takes no more entries. Run `mandate doctor`.",
      internal: `log \`${origin}\` is ${row ? "closed" : "absent"}`,
    });
  }
  const size = Number(row.size);
  return {
    size,
    root: row.root,
    frontier: Frontier.decode(size, row.frontier),
    checkpointSize: Number(row.checkpoint_size),
  };
}

/**
 * Appends leaves, extends the tree, moves the signed head: all or nothing, in the caller's transaction.
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
  leaves: readonly Uint8Array[],
): Promise<LogHead> {
  const frontier = head.frontier.clone();
  const completed = new Map<number, CompletedNode[]>();
  for (const leaf of leaves) {
    for (const node of frontier.append(leafHash(leaf))) {
      if (node.level % 8 !== 0) continue;
      const level = node.level / 8;
      const nodes = completed.get(level);
      if (nodes) nodes.push(node);
      else completed.set(level, [node]);
    }
  }
  const origin = signer.name;
  const root = frontier.root();
  const note = signCheckpoint({ origin, size: frontier.size, root }, [signer]);
  const moved =
    await sql`UPDATE evidence_log SET size = ${frontier.size}, root = ${Buffer.from(root)}, frontier = ${Buffer.from(frontier.encode())}, head = ${note}
    WHERE org = ${org} AND origin = ${origin} AND size = ${head.size} AND root = ${Buffer.from(head.root)} AND closed_at IS NULL`.execute(
      tx,
    );
  if (Number(moved.numAffectedRows) !== 1) {
    throw new AppError({
      code: "evidence.fenced",
      status: 503,
      message: "Another process writes this evidence log. Nothing was changed; stop one of the two.",
      internal: `log \`${origin}\` is not at ${head.size}`,
    });
  }
  const entries = slice(leaves);
  await sql`INSERT INTO evidence_entry (org, origin, index, leaf)
    SELECT ${org}, ${origin}, ${head.size} + at - 1, substring(${entries.buffer}::bytea FROM part.off FOR part.len)
    FROM unnest(${entries.offsets}::int[], ${entries.lengths}::int[]) WITH ORDINALITY AS part(off, len, at)`.execute(
    tx,
  );
  await extendTiles(tx, org, origin, completed);
  return { size: frontier.size, root, frontier, checkpointSize: head.checkpointSize };
}

async function extendTiles(
  tx: Tx,
  org: string,
  origin: string,
  completed: ReadonlyMap<number, readonly CompletedNode[]>,
): Promise<void> {
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
  const tiles = slice(parts);
  await sql`INSERT INTO evidence_tile (org, origin, level, index, hashes)
    SELECT ${org}, ${origin}, part.level, part.index, substring(${tiles.buffer}::bytea FROM part.off FOR part.len)
    FROM unnest(${levels}::int[], ${indexes}::bigint[], ${tiles.offsets}::int[], ${tiles.lengths}::int[]) AS part(level, index, off, len)
    ON CONFLICT (org, origin, level, index) DO UPDATE SET hashes = evidence_tile.hashes || excluded.hashes`.execute(tx);
}

/** Stores payloads and wrapped keys; one already there is left as it is (messages are sealed once a session). */
export async function storePayloads(tx: Tx, org: string, payloads: readonly SealedPayload[]): Promise<void> {
  if (payloads.length === 0) return;
  const names = payloads.map((payload) => payload.ct);
  const bytes = slice(payloads.map((payload) => payload.bytes));
  await sql`INSERT INTO evidence_payload (org, ct, bytes)
    SELECT ${org}, part.ct, substring(${bytes.buffer}::bytea FROM part.off FOR part.len)
    FROM unnest(${names}::text[], ${bytes.offsets}::int[], ${bytes.lengths}::int[]) AS part(ct, off, len)
    ON CONFLICT DO NOTHING`.execute(tx);
  const wrapped = slice(payloads.map((payload) => payload.wrapped));
  await sql`INSERT INTO evidence_key (org, ct, kid, wrapped)
    SELECT ${org}, part.ct, part.kid, substring(${wrapped.buffer}::bytea FROM part.off FOR part.len)
    FROM unnest(${names}::text[], ${payloads.map((payload) => payload.kid)}::text[], ${wrapped.offsets}::int[], ${wrapped.lengths}::int[]) AS part(ct, kid, off, len)
    ON CONFLICT DO NOTHING`.execute(tx);
}
