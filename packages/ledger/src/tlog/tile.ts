import { concatBytes, parseDecimal } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { hashSize, nodeHash } from "../merkle/hash.ts";
import type { HashReader, LeafRange } from "../merkle/ranges.ts";
import { rangeNodes } from "../merkle/ranges.ts";

/** Hashes in a full tile, C2SP tlog-tiles: height 8. */
export const tileWidth = 256;

/** C2SP tlog-tiles: 256 (or `width`) consecutive hashes of tree level 8·level. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  /** 1 to 256; below 256 the tile is partial. */
  readonly width: number;
}

function indexPath(index: number): string {
  let path = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  }
  return path;
}

/** `tile/L/N[.p/W]`, with 1234067 written `x001/x234/067`. */
export function tilePath(tile: Tile): string {
  const partial = tile.width === tileWidth ? "" : `.p/${tile.width}`;
  return `tile/${tile.level}/${indexPath(tile.index)}${partial}`;
}

/** The tile that a path names; undefined unless it is spelled exactly as `tilePath` would. */
export function parseTilePath(path: string): Tile | undefined {
  const match = /^tile\/(0|[1-9][0-9]?)\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
  if (match === null) return undefined;
  const level = Number(match[1]);
  const index = parseDecimal(match[2]!.replace(/[x/]/g, "").replace(/^0+(?=[0-9])/, ""));
  const width = match[3] === undefined ? tileWidth : Number(match[3]);
  if (level > 63 || index === undefined || (match[3] !== undefined && width >= tileWidth)) return undefined;
  const tile = { level, index, width };
  return tilePath(tile) === path ? tile : undefined;
}

/** Number of hashes that a tree of `size` has at tile level `level`. */
function hashesAt(level: number, size: number): number {
  return Math.floor(size / tileWidth ** level);
}

/** Tiles that a tree of `size` leaves has and one of `oldSize` did not have in the same width, lowest level first. */
export function newTiles(oldSize: number, size: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; level < 7; level++) {
    const count = hashesAt(level, size);
    const before = hashesAt(level, oldSize);
    if (count === 0 || count === before) {
      if (count === 0) break;
      continue;
    }
    for (let index = Math.floor(before / tileWidth); index * tileWidth < count; index++) {
      tiles.push({ level, index, width: Math.min(tileWidth, count - index * tileWidth) });
    }
  }
  return tiles;
}

/** Every tile of a tree: what a mirror or a pack holds for a checkpoint of that size. */
export function tilesOf(size: number): Tile[] {
  return newTiles(0, size);
}

/** The tile, as wide as a tree of `size` has it, that holds (or lets one compute) a complete subtree's hash. */
export function tileOfNode(level: number, index: number, size: number): Tile {
  const tileLevel = Math.floor(level / 8);
  const first = index * 2 ** (level - 8 * tileLevel);
  const tileIndex = Math.floor(first / tileWidth);
  const width = Math.min(tileWidth, hashesAt(tileLevel, size) - tileIndex * tileWidth);
  if (width <= first - tileIndex * tileWidth) {
    throw new LedgerError("tile.beyond", `no subtree at level ${level}, index ${index} in a tree of ${size}`);
  }
  return { level: tileLevel, index: tileIndex, width };
}

/** Distinct tiles needed to hash these ranges: fetch them first, then prove synchronously with `tileHashReader`. */
export function tilesForRanges(ranges: readonly LeafRange[], size: number): Tile[] {
  const tiles = new Map<string, Tile>();
  for (const range of ranges) {
    for (const node of rangeNodes(range)) {
      const tile = tileOfNode(node.level, node.index, size);
      tiles.set(tilePath(tile), tile);
    }
  }
  return [...tiles.values()];
}

/**
 * Reads subtree hashes out of tiles of a tree of `size`.
 * @param readTile gets the tile in the width that tree has
 * @throws LedgerError `tile.size` when a tile's bytes are not its width
 */
export function tileHashReader(size: number, readTile: (tile: Tile) => Uint8Array): HashReader {
  return (level, index) => {
    const tile = tileOfNode(level, index, size);
    const bytes = readTile(tile);
    if (bytes.length < tile.width * hashSize || bytes.length > tileWidth * hashSize || bytes.length % hashSize !== 0) {
      throw new LedgerError("tile.size", `tile \`${tilePath(tile)}\` has ${bytes.length} bytes`);
    }
    const span = 2 ** (level - 8 * tile.level);
    const first = index * span - tile.index * tileWidth;
    return completeHash(bytes, first, span);
  };
}

function completeHash(bytes: Uint8Array, first: number, span: number): Uint8Array {
  if (span === 1) {
    const hash = bytes.subarray(first * hashSize, (first + 1) * hashSize);
    if (hash.length !== hashSize) throw new LedgerError("tile.beyond", "hash beyond the tile");
    return hash;
  }
  const middle = span / 2;
  return nodeHash(completeHash(bytes, first, middle), completeHash(bytes, first + middle, middle));
}

/** A tile's bytes from a reader of subtree hashes. */
export function tileBytes(tile: Tile, read: HashReader): Uint8Array {
  const hashes: Uint8Array[] = [];
  for (let i = 0; i < tile.width; i++) hashes.push(read(8 * tile.level, tile.index * tileWidth + i));
  return concatBytes(...hashes);
}
