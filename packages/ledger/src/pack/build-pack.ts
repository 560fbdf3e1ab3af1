import { sha256Hex } from "#crypto";
import { equalBytes, toBase64, utf8 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { canonicalJson } from "../json/canonical.ts";
import { DenseTree } from "../merkle/dense-tree.ts";
import { hashSize, leafHash } from "../merkle/hash.ts";
import { consistencyProof } from "../merkle/ranges.ts";
import type { OpenedCheckpoint } from "../tlog/checkpoint.ts";
import { openCheckpoint } from "../tlog/checkpoint.ts";
import type { NoteSigner } from "../tlog/note.ts";
import { noteVerifier, parseVerifierKey, signNote } from "../tlog/note.ts";
import { formatConsistencyBody } from "../tlog/proof-file.ts";
import type { Tile } from "../tlog/tile.ts";
import { tileBytes, tilePath, tilesOf } from "../tlog/tile.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { dssePreAuth, formatDsse, manifestNoteText, manifestStatement, packSchema, unlistedFiles } from "./manifest.ts";
import { ProofWriter } from "./pack-entries.ts";
import { ZipWriter } from "./zip-writer.ts";

export interface PackLogParts {
  /** `meta` for the meta-log, else a short name such as `1`. */
  readonly name: string;
  readonly vkey: string;
  /** Signed note of the newest checkpoint, cosignatures included. */
  readonly checkpoint: string;
  /** In index order. The exact leaf bytes. */
  readonly entries: Iterable<{ readonly index: number; readonly leaf: Uint8Array }>;
  readonly readTile: (tile: Tile) => Uint8Array | Promise<Uint8Array>;
  /** Older signed checkpoints of this log to include: the newest one at `since`, and any a reader may have kept. */
  readonly olderCheckpoints?: readonly string[];
}

export interface PackParts {
  /** RFC 3339. */
  readonly created: string;
  readonly period: Manifest["period"];
  readonly systems: readonly string[];
  readonly logs: readonly PackLogParts[];
  /** `bytes`: nonce, ciphertext, tag. */
  readonly payloads: Iterable<{ readonly ct: string; readonly bytes: Uint8Array }>;
  readonly disclosures?: readonly { readonly ct: string; readonly key: Uint8Array; readonly salt: Uint8Array }[];
  /** README.md, sections/…, policies/…, approvals/…, policy.tlog, summary.pdf. */
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array; readonly mediaType: string }[];
  /** The meta-log's key. */
  readonly signer: NoteSigner & { readonly signBytes: (message: Uint8Array) => Uint8Array };
}

/**
 * Writes an evidence pack; the same parts give the same bytes. What it is handed is checked first: a pack over an
 * altered store must fail loudly here rather than at an auditor's desk.
 * @throws LedgerError `pack.store_altered` naming the log and index; `pack.file` on a clashing path
 */
export async function buildPack(parts: PackParts): Promise<Uint8Array> {
  const files = new FileSet();
  const logs = [...parts.logs].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const log of logs) await addLog(files, log);
  for (const { ct, bytes } of parts.payloads) {
    if (sha256Hex(bytes) !== ct) throw new LedgerError("pack.store_altered", `payload \`${ct}\` is altered`);
    files.add(`payloads/${ct}`, bytes, "application/octet-stream", false);
  }
  if (parts.disclosures !== undefined) {
    const lines = parts.disclosures.map(({ ct, key, salt }) =>
      canonicalJson({ ct, key: toBase64(key), salt: toBase64(salt) }),
    );
    files.add("disclosures.jsonl", utf8(lines.map((line) => `${line}\n`).join("")), "application/jsonl", true);
  }
  for (const file of parts.files) files.add(file.path, file.bytes, file.mediaType, true);
  return files.seal(parts);
}

interface PackFile {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly compress: boolean;
}

class FileSet {
  readonly #files = new Map<string, PackFile>();

  add(path: string, bytes: Uint8Array, mediaType: string, compress: boolean): void {
    if (this.#files.has(path) || unlistedFiles.has(path))
      throw new LedgerError("pack.file", `\`${path}\` stands twice`);
    this.#files.set(path, { bytes, mediaType, compress });
  }

  seal(parts: PackParts): Uint8Array {
    const paths = [...this.#files.keys()].sort();
    const listed: ManifestFile[] = paths.map((path) => {
      const { bytes, mediaType } = this.#files.get(path)!;
      return { path, sha256: sha256Hex(bytes), bytes: bytes.length, mediaType };
    });
    const head = { schema: packSchema, created: parts.created, period: parts.period, systems: parts.systems };
    // Line by line: one string of a million files would be slow to build and impossible to read.
    const rows = listed.map((file) => JSON.stringify(file)).join(",\n");
    const manifest = utf8(`${JSON.stringify(head).slice(0, -1)},"files":[\n${rows}\n]}\n`);
    const statement = manifestStatement(manifest, parts.created);
    const zip = new ZipWriter();
    zip.add("manifest.json", manifest, true);
    zip.add("manifest.sig", utf8(signNote(manifestNoteText(manifest), [parts.signer])), false);
    const dsse = formatDsse(statement, parts.signer.name, parts.signer.signBytes(dssePreAuth(statement)));
    zip.add("manifest.dsse.json", utf8(dsse), false);
    for (const path of paths) {
      const { bytes, compress } = this.#files.get(path)!;
      zip.add(path, bytes, compress);
    }
    return zip.finish();
  }
}

async function addLog(files: FileSet, parts: PackLogParts): Promise<void> {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(parts.name)) throw new LedgerError("pack.file", "not a log's directory name");
  const dir = `logs/${parts.name}`;
  const altered = (what: string) => new LedgerError("pack.store_altered", `${parts.name}: ${what}`);
  const verifiers = [noteVerifier(parseVerifierKey(parts.vkey))];
  const checkpoint = openCheckpoint(parts.checkpoint, verifiers);
  if (checkpoint.origin !== verifiers[0]!.key.name) throw altered("checkpoint is of another log");
  const tree = await addTiles(files, dir, checkpoint, parts.readTile, altered);
  const log = { tree, checkpointNote: parts.checkpoint };
  files.add(`${dir}/vkey`, utf8(`${parts.vkey}\n`), "text/plain", false);
  files.add(`${dir}/checkpoint`, utf8(parts.checkpoint), "text/plain", false);

  const proofs = new ProofWriter(log);
  const lines: Uint8Array[] = [];
  let previous = -1;
  for (const { index, leaf } of parts.entries) {
    if (index <= previous || index >= tree.size)
      throw altered(`entry ${index} is out of order or beyond the checkpoint`);
    if (!equalBytes(leafHash(leaf), tree.read(0, index))) throw altered(`entry ${index} is altered`);
    previous = index;
    lines.push(utf8(`${index} `), leaf, utf8("\n"));
    files.add(`${dir}/proofs/${index}.tlog-proof`, utf8(proofs.write(index)), "text/plain", false);
  }
  files.add(`${dir}/entries.jsonl`, join(lines), "application/jsonl", true);
  addCheckpoints(files, dir, tree, checkpoint, parts, altered);
}

async function addTiles(
  files: FileSet,
  dir: string,
  checkpoint: OpenedCheckpoint,
  readTile: PackLogParts["readTile"],
  altered: (what: string) => LedgerError,
): Promise<DenseTree> {
  const leaves = new Uint8Array(checkpoint.size * hashSize);
  const tiles: { tile: Tile; bytes: Uint8Array }[] = [];
  for (const tile of tilesOf(checkpoint.size)) {
    const bytes = (await readTile(tile)).subarray(0, tile.width * hashSize);
    if (bytes.length !== tile.width * hashSize) throw altered(`\`${tilePath(tile)}\` is too short`);
    if (tile.level === 0) leaves.set(bytes, tile.index * 256 * hashSize);
    tiles.push({ tile, bytes });
  }
  const tree = new DenseTree(leaves);
  if (!equalBytes(tree.root(), checkpoint.root)) throw altered("tiles do not hash to the checkpoint's root");
  for (const { tile, bytes } of tiles) {
    if (!equalBytes(bytes, tileBytes(tile, tree.read))) throw altered(`\`${tilePath(tile)}\` is altered`);
    files.add(`${dir}/${tilePath(tile)}`, bytes, "application/octet-stream", false);
  }
  return tree;
}

function addCheckpoints(
  files: FileSet,
  dir: string,
  tree: DenseTree,
  newest: OpenedCheckpoint,
  parts: PackLogParts,
  altered: (what: string) => LedgerError,
): void {
  const verifiers = [noteVerifier(parseVerifierKey(parts.vkey))];
  const bySize = new Map<number, string>();
  for (const note of parts.olderCheckpoints ?? []) {
    const { size, root } = openCheckpoint(note, verifiers);
    if (size > newest.size || !equalBytes(tree.root(size), root))
      throw altered(`checkpoint of ${size} is contradicted`);
    if (size < newest.size) bySize.set(size, note);
  }
  const sizes = [...bySize.keys()].sort((a, b) => a - b);
  for (const size of sizes) files.add(`${dir}/checkpoints/${size}`, utf8(bySize.get(size)!), "text/plain", false);
  bySize.set(newest.size, parts.checkpoint);
  sizes.push(newest.size);
  sizes.forEach((oldSize, at) => {
    for (const size of sizes.slice(at + 1)) {
      const proof = oldSize === 0 ? [] : consistencyProof(oldSize, size, tree.read);
      const body = formatConsistencyBody({ oldSize, proof, checkpoint: bySize.get(size)! });
      files.add(`${dir}/consistency/${oldSize}-${size}`, utf8(body), "text/plain", false);
    }
  });
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
