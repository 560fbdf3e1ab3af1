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
import type { ByteSink } from "./zip-writer.ts";
import { DeflatedText, joined, ZipWriter } from "./zip-writer.ts";

/** Taken one by one, so that a pack of any size can be built. */
export type Stream<T> = Iterable<T> | AsyncIterable<T>;

export interface PackLogParts {
  /** `meta` for the meta-log, else a short name such as `1`. */
  readonly name: string;
  readonly vkey: string;
  /** Signed note of the newest checkpoint, cosignatures included. */
  readonly checkpoint: string;
  /** In index order, taken once. The exact leaf bytes. */
  readonly entries: Stream<{ readonly index: number; readonly leaf: Uint8Array }>;
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
  /** After all entries, each once. `bytes`: nonce, ciphertext, tag. */
  readonly payloads: Stream<{ readonly ct: string; readonly bytes: Uint8Array }>;
  /** After all payloads. */
  readonly disclosures?: Stream<{ readonly ct: string; readonly key: Uint8Array; readonly salt: Uint8Array }>;
  /** README.md, sections/…, policies/…, approvals/…, policy.tlog, summary.pdf; asked for when the rest is written. */
  readonly files: () => readonly PackFileParts[] | Promise<readonly PackFileParts[]>;
  /** The meta-log's key. */
  readonly signer: NoteSigner & { readonly signBytes: (message: Uint8Array) => Uint8Array };
}

export interface PackFileParts {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** How far a pack is. */
export interface PackProgress {
  readonly entries: number;
  readonly payloads: number;
  /** Of the archive so far. */
  readonly bytes: number;
}

/**
 * Writes an evidence pack front to back; the same parts give the same bytes. What it is handed is checked first: a pack
 * over an altered store must fail loudly here rather than at an auditor's desk. Beside a log's leaf hashes, the names of
 * files and the entries' text (deflated) nothing stays in memory.
 * @throws LedgerError `pack.store_altered` naming the log and index; `pack.file` on a clashing path
 */
export async function writePack(
  parts: PackParts,
  sink: ByteSink,
  onProgress: (progress: PackProgress) => void = () => undefined,
): Promise<void> {
  const files = new FileSet(parts, sink, onProgress);
  const logs = [...parts.logs].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const log of logs) await addLog(files, log);
  const seen = new Set<string>();
  for await (const { ct, bytes } of parts.payloads) {
    if (sha256Hex(bytes) !== ct) throw new LedgerError("pack.store_altered", `payload \`${ct}\` is altered`);
    if (seen.has(ct)) throw new LedgerError("pack.file", `payload \`${ct}\` stands twice`);
    seen.add(ct);
    await files.add(`payloads/${ct}`, bytes, "application/octet-stream", false);
    files.count("payloads");
  }
  if (parts.disclosures !== undefined) {
    const text = new DeflatedText();
    for await (const { ct, key, salt } of parts.disclosures) {
      text.push(utf8(`${canonicalJson({ ct, key: toBase64(key), salt: toBase64(salt) })}\n`));
    }
    await files.addText("disclosures.jsonl", text, "application/jsonl");
  }
  for (const file of await parts.files()) await files.addNamed(file);
  await files.seal();
}

/** A pack in memory, for small ones. */
export async function buildPack(parts: PackParts): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await writePack(parts, (bytes) => void chunks.push(bytes));
  return joined(chunks);
}

/** Writes files as they come, and the manifest's rows beside them. */
class FileSet {
  readonly #parts: PackParts;
  readonly #zip: ZipWriter;
  readonly #manifest = new DeflatedText();
  readonly #named = new Set<string>();
  readonly #progress: (progress: PackProgress) => void;
  readonly #counts = { entries: 0, payloads: 0 };
  #bytes = 0;
  #rows = 0;

  constructor(parts: PackParts, sink: ByteSink, onProgress: (progress: PackProgress) => void) {
    this.#parts = parts;
    this.#progress = onProgress;
    this.#zip = new ZipWriter((bytes) => {
      this.#bytes += bytes.length;
      return sink(bytes);
    });
    const head = { schema: packSchema, created: parts.created, period: parts.period, systems: parts.systems };
    this.#manifest.push(utf8(`${JSON.stringify(head).slice(0, -1)},"files":[\n`));
  }

  count(what: "entries" | "payloads"): void {
    this.#counts[what]++;
    this.#progress({ ...this.#counts, bytes: this.#bytes });
  }

  async add(path: string, bytes: Uint8Array, mediaType: string, compress: boolean): Promise<void> {
    this.#list({ path, sha256: sha256Hex(bytes), bytes: bytes.length, mediaType });
    this.#zip.add(path, bytes, compress);
    await this.#zip.drain();
  }

  /** A file whose path others chose. */
  async addNamed({ path, bytes, mediaType }: PackFileParts): Promise<void> {
    if (this.#named.has(path) || unlistedFiles.has(path) || /^(?:logs|payloads)\/|^disclosures\.jsonl$/.test(path))
      throw new LedgerError("pack.file", `\`${path}\` stands twice`);
    this.#named.add(path);
    await this.add(path, bytes, mediaType, true);
  }

  async addText(path: string, text: DeflatedText, mediaType: string): Promise<void> {
    const sha256 = text.sha256();
    this.#list({ path, sha256, bytes: text.bytes, mediaType });
    this.#zip.addDeflated(path, text);
    await this.#zip.drain();
  }

  async seal(): Promise<void> {
    const { signer, created } = this.#parts;
    this.#manifest.push(utf8("\n]}\n"));
    const digest = this.#manifest.sha256();
    this.#zip.addDeflated("manifest.json", this.#manifest);
    this.#zip.add("manifest.sig", utf8(signNote(manifestNoteText(digest), [signer])), false);
    const statement = manifestStatement(digest, created);
    const dsse = formatDsse(statement, signer.name, signer.signBytes(dssePreAuth(statement)));
    this.#zip.add("manifest.dsse.json", utf8(dsse), false);
    await this.#zip.finish();
  }

  #list(file: ManifestFile): void {
    this.#manifest.push(utf8(`${this.#rows++ === 0 ? "" : ",\n"}${JSON.stringify(file)}`));
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
  await files.add(`${dir}/vkey`, utf8(`${parts.vkey}\n`), "text/plain", false);
  await files.add(`${dir}/checkpoint`, utf8(parts.checkpoint), "text/plain", false);

  const proofs = new ProofWriter(log);
  const lines = new DeflatedText();
  let previous = -1;
  for await (const { index, leaf } of parts.entries) {
    if (index <= previous || index >= tree.size)
      throw altered(`entry ${index} is out of order or beyond the checkpoint`);
    if (!equalBytes(leafHash(leaf), tree.read(0, index))) throw altered(`entry ${index} is altered`);
    previous = index;
    lines.push(utf8(`${index} `), leaf, utf8("\n"));
    await files.add(`${dir}/proofs/${index}.tlog-proof`, utf8(proofs.write(index)), "text/plain", false);
    files.count("entries");
  }
  await files.addText(`${dir}/entries.jsonl`, lines, "application/jsonl");
  await addCheckpoints(files, dir, tree, checkpoint, parts, altered);
}

async function addTiles(
  files: FileSet,
  dir: string,
  checkpoint: OpenedCheckpoint,
  readTile: PackLogParts["readTile"],
  altered: (what: string) => LedgerError,
): Promise<DenseTree> {
  const leaves = new Uint8Array(checkpoint.size * hashSize);
  const upper: { tile: Tile; bytes: Uint8Array }[] = [];
  const tiles = tilesOf(checkpoint.size);
  for (const tile of tiles) {
    const bytes = (await readTile(tile)).subarray(0, tile.width * hashSize);
    if (bytes.length !== tile.width * hashSize) throw altered(`\`${tilePath(tile)}\` is too short`);
    if (tile.level === 0) leaves.set(bytes, tile.index * 256 * hashSize);
    else upper.push({ tile, bytes });
  }
  const tree = new DenseTree(leaves);
  if (!equalBytes(tree.root(), checkpoint.root)) throw altered("tiles do not hash to the checkpoint's root");
  for (const { tile, bytes } of upper) {
    if (!equalBytes(bytes, tileBytes(tile, tree.read))) throw altered(`\`${tilePath(tile)}\` is altered`);
  }
  for (const tile of tiles) {
    const bytes = tileBytes(tile, tree.read);
    await files.add(`${dir}/${tilePath(tile)}`, bytes, "application/octet-stream", false);
  }
  return tree;
}

async function addCheckpoints(
  files: FileSet,
  dir: string,
  tree: DenseTree,
  newest: OpenedCheckpoint,
  parts: PackLogParts,
  altered: (what: string) => LedgerError,
): Promise<void> {
  const verifiers = [noteVerifier(parseVerifierKey(parts.vkey))];
  const bySize = new Map<number, string>();
  for (const note of parts.olderCheckpoints ?? []) {
    const { size, root } = openCheckpoint(note, verifiers);
    if (size > newest.size || !equalBytes(tree.root(size), root))
      throw altered(`checkpoint of ${size} is contradicted`);
    if (size < newest.size) bySize.set(size, note);
  }
  const sizes = [...bySize.keys()].sort((a, b) => a - b);
  for (const size of sizes) await files.add(`${dir}/checkpoints/${size}`, utf8(bySize.get(size)!), "text/plain", false);
  bySize.set(newest.size, parts.checkpoint);
  sizes.push(newest.size);
  for (const [at, oldSize] of sizes.entries()) {
    for (const size of sizes.slice(at + 1)) {
      const proof = oldSize === 0 ? [] : consistencyProof(oldSize, size, tree.read);
      const body = formatConsistencyBody({ oldSize, proof, checkpoint: bySize.get(size)! });
      await files.add(`${dir}/consistency/${oldSize}-${size}`, utf8(body), "text/plain", false);
    }
  }
}
