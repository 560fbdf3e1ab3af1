import { equalBytes, fromUtf8, parseDecimal, toBase64 } from "../encoding.ts";
import { DenseTree } from "../merkle/dense-tree.ts";
import { hashSize } from "../merkle/hash.ts";
import { verifyConsistency } from "../merkle/verify.ts";
import type { OpenedCheckpoint } from "../tlog/checkpoint.ts";
import { openCheckpoint } from "../tlog/checkpoint.ts";
import type { NoteVerifier } from "../tlog/note.ts";
import { noteVerifier, parseVerifierKey } from "../tlog/note.ts";
import { parseConsistencyBody } from "../tlog/proof-file.ts";
import { parseTilePath, tileBytes, tilePath, tilesOf } from "../tlog/tile.ts";
import type { PackFiles } from "./pack-files.ts";
import { messageOf } from "./pack-files.ts";
import type { Problems } from "./result.ts";

/** A tree of more leaves than this is refused rather than held in memory: 64 bytes a leaf. */
const maxLeaves = 2 ** 26;

/** A log of a pack whose key, checkpoint and tiles have been read and compared. */
export interface PackLog {
  /** `logs/meta`, `logs/1` and so on. */
  readonly dir: string;
  readonly vkey: string;
  readonly verifier: NoteVerifier;
  readonly checkpoint: OpenedCheckpoint;
  /** The signed note, verbatim. */
  readonly checkpointNote: string;
  /** Tree over the pack's own tiles; it has the checkpoint's size, and its root too unless a problem says otherwise. */
  readonly tree: DenseTree;
  /** Valid checkpoints of the pack, the newest one included. */
  readonly checkpoints: readonly OpenedCheckpoint[];
}

/** Opens one log directory; undefined when its key, checkpoint or tiles are unusable (the problems say why). */
export function openPackLog(
  files: PackFiles,
  dir: string,
  paths: readonly string[],
  problems: Problems,
): PackLog | undefined {
  const vkeyText = files.readText(`${dir}/vkey`);
  const note = files.readText(`${dir}/checkpoint`);
  if (vkeyText === undefined || note === undefined) return undefined;
  let verifier: NoteVerifier;
  try {
    verifier = noteVerifier(parseVerifierKey(vkeyText.trimEnd()));
  } catch (error) {
    problems.add("log.vkey", messageOf(error), `${dir}/vkey`);
    return undefined;
  }
  const checkpoint = openLogCheckpoint(note, verifier, `${dir}/checkpoint`, problems);
  if (checkpoint === undefined) return undefined;
  const tree = readTree(files, dir, paths, checkpoint.size, problems);
  if (tree === undefined) return undefined;
  if (!equalBytes(tree.root(), checkpoint.root)) {
    problems.add("log.root", "tiles do not hash to the checkpoint's root", `${dir}/checkpoint`);
  }
  const log = { dir, vkey: vkeyText.trimEnd(), verifier, checkpoint, checkpointNote: note, tree };
  const older = readCheckpoints(files, log, paths, problems);
  checkConsistency(files, log, paths, problems);
  return { ...log, checkpoints: [...older, checkpoint] };
}

function openLogCheckpoint(
  note: string,
  verifier: NoteVerifier,
  path: string,
  problems: Problems,
): OpenedCheckpoint | undefined {
  try {
    const checkpoint = openCheckpoint(note, [verifier]);
    if (checkpoint.origin === verifier.key.name) return checkpoint;
    problems.add(
      "log.origin",
      `checkpoint is of \`${checkpoint.origin}\`, the key is of \`${verifier.key.name}\``,
      path,
    );
  } catch (error) {
    problems.add("log.checkpoint", `checkpoint: ${messageOf(error)}`, path);
  }
  return undefined;
}

function readTree(
  files: PackFiles,
  dir: string,
  paths: readonly string[],
  size: number,
  problems: Problems,
): DenseTree | undefined {
  if (size > maxLeaves) {
    problems.add("log.too_large", `a log of ${size} entries is beyond this verifier`, `${dir}/checkpoint`);
    return undefined;
  }
  // Nothing is allocated on the checkpoint's word alone: a signed size of 2^26 without its tiles costs nothing.
  const expected = tilesOf(size);
  const missing = expected.find((tile) => !files.has(`${dir}/${tilePath(tile)}`));
  if (missing !== undefined) {
    problems.add("log.tile_missing", "tile is missing", `${dir}/${tilePath(missing)}`);
    return undefined;
  }
  const leaves = new Uint8Array(size * hashSize);
  for (const tile of expected) {
    if (tile.level !== 0) break;
    const path = `${dir}/${tilePath(tile)}`;
    const bytes = files.read(path);
    if (bytes === undefined || bytes.length !== tile.width * hashSize) {
      problems.add("log.tile_altered", "tile has the wrong size", path);
      return undefined;
    }
    leaves.set(bytes, tile.index * 256 * hashSize);
  }
  const tree = new DenseTree(leaves);
  for (const path of paths) {
    if (!path.startsWith(`${dir}/tile/`)) continue;
    const tile = parseTilePath(path.slice(dir.length + 1));
    const bytes = tile === undefined ? undefined : files.read(path);
    const fits = tile !== undefined && (tile.index * 256 + tile.width) * 256 ** tile.level <= size;
    if (!fits) problems.add("log.tile_altered", "not a tile of this tree", path);
    else if (bytes === undefined || !equalBytes(bytes, tileBytes(tile, tree.read))) {
      problems.add("log.tile_altered", "tile does not hash from the tiles below it", path);
    }
  }
  return tree;
}

type LogInProgress = Omit<PackLog, "checkpoints">;

function readCheckpoints(
  files: PackFiles,
  log: LogInProgress,
  paths: readonly string[],
  problems: Problems,
): OpenedCheckpoint[] {
  const opened: OpenedCheckpoint[] = [];
  const prefix = `${log.dir}/checkpoints/`;
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue;
    const note = files.readText(path);
    const checkpoint = note === undefined ? undefined : openLogCheckpoint(note, log.verifier, path, problems);
    if (checkpoint === undefined) continue;
    if (checkpoint.size !== parseDecimal(path.slice(prefix.length))) {
      problems.add("log.checkpoint", "file name and size differ", path);
    } else if (extendsCheckpoint(log, checkpoint, path, problems)) opened.push(checkpoint);
  }
  return opened;
}

/** Whether the log is an extension of a checkpoint: not shorter, and with the same root at its size. */
export function extendsCheckpoint(
  log: Pick<PackLog, "tree" | "dir">,
  older: { readonly size: number; readonly root: Uint8Array },
  path: string,
  problems: Problems,
): boolean {
  if (older.size > log.tree.size) {
    problems.add("log.truncated", `the log has ${log.tree.size} entries, a checkpoint of ${older.size} exists`, path);
    return false;
  }
  if (equalBytes(log.tree.root(older.size), older.root)) return true;
  problems.add("log.forked", `the log has another history below ${older.size} than this checkpoint`, path);
  return false;
}

function checkConsistency(files: PackFiles, log: LogInProgress, paths: readonly string[], problems: Problems): void {
  const prefix = `${log.dir}/consistency/`;
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue;
    const bytes = files.read(path);
    try {
      const body = parseConsistencyBody(fromUtf8(bytes ?? new Uint8Array(0)));
      const newer = openCheckpoint(body.checkpoint, [log.verifier]);
      const isNamed = path === `${prefix}${body.oldSize}-${newer.size}` && newer.origin === log.checkpoint.origin;
      if (!isNamed) problems.add("consistency.invalid", "file name, sizes and origin differ", path);
      else if (!extendsCheckpoint(log, newer, path, problems)) continue;
      else if (body.oldSize === 0 ? body.proof.length > 0 : !isConsistent(log.tree, body, newer)) {
        problems.add("consistency.invalid", `no proof that ${newer.size} extends ${body.oldSize}`, path);
      }
    } catch (error) {
      problems.add("consistency.invalid", messageOf(error), path);
    }
  }
}

function isConsistent(
  tree: DenseTree,
  body: { readonly oldSize: number; readonly proof: readonly Uint8Array[] },
  newer: { readonly size: number; readonly root: Uint8Array },
): boolean {
  if (body.oldSize > tree.size) return false;
  return verifyConsistency(body.oldSize, newer.size, body.proof, tree.root(body.oldSize), newer.root);
}

export function rootText(log: PackLog): string {
  return toBase64(log.checkpoint.root);
}
