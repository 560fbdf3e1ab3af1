import { equalBytes, fromUtf8, toBase64 } from "../encoding.ts";
import { parseHeader } from "../json/canonical.ts";
import type { Json } from "../json/strict.ts";
import type { DenseTree } from "../merkle/dense-tree.ts";
import { hashSize, leafHashInto } from "../merkle/hash.ts";
import { inclusionRanges, rangeHash } from "../merkle/ranges.ts";
import { openTlogProof } from "../tlog/proof-file.ts";
import { linesOf } from "./file-lines.ts";
import type { PackFiles } from "./pack-files.ts";
import { messageOf } from "./pack-files.ts";
import type { PackLog } from "./pack-log.ts";
import { extendsCheckpoint } from "./pack-log.ts";
import type { Problems } from "./result.ts";

export type Header = { readonly [name: string]: Json };

/** Looking for where a foreign leaf came from is a courtesy; a pack of nothing but foreign leaves must not cost more. */
const maxSwapSearches = 50;

/** One line of `entries.jsonl` that stands in the tree. */
export interface PackEntry {
  readonly log: PackLog;
  readonly index: number;
  readonly header: Header;
}

/** A header of 64 KB behind its index. */
const maxLineBytes = 64 * 1024 + 32;

/**
 * Reads `entries.jsonl`: each line's leaf must be the tree's leaf at its index, its header canonical and this log's own,
 * and its proof file valid. Calls back for each entry that stands in the tree; returns the number of lines.
 */
export async function readEntries(
  files: PackFiles,
  log: PackLog,
  problems: Problems,
  onEntry: (entry: PackEntry) => void,
): Promise<number> {
  const path = `${log.dir}/entries.jsonl`;
  if (!files.has(path)) {
    problems.add("pack.file_missing", "file is missing", path);
    return 0;
  }
  const leaf = new Uint8Array(hashSize);
  const proofs = new ProofWriter(log);
  let searches = maxSwapSearches;
  let lines = 0;
  let previous = -1;
  for await (const { bytes, isWhole } of linesOf(files.stream(path), maxLineBytes)) {
    lines++;
    let at = 0;
    let index = 0;
    while (at < bytes.length && bytes[at]! >= 0x30 && bytes[at]! <= 0x39 && at < 16) index = index * 10 + bytes[at++]! - 0x30;
    const isIndexed = at > 0 && bytes[at] === 0x20 && (bytes[0] !== 0x30 || at === 1);
    const data = bytes.subarray(at + 1);
    if (!isIndexed || !isWhole || index <= previous) {
      problems.add("entry.malformed", "line is not an ascending index, a space and the entry", path, index);
      if (!isIndexed) continue;
    }
    previous = index;
    if (index >= log.tree.size) {
      problems.add("log.truncated", "entry lies beyond the checkpoint", path, index);
      continue;
    }
    leafHashInto(data, leaf, 0);
    if (!equalBytes(leaf, log.tree.read(0, index))) {
      reportForeignLeaf(log.tree, leaf, searches-- > 0, path, index, problems);
      continue;
    }
    checkProof(files, log, proofs, index, leaf, problems);
    const header = readHeader(data, log, path, index, problems);
    if (header !== undefined) onEntry({ log, index, header });
  }
  return lines;
}

function reportForeignLeaf(
  tree: DenseTree,
  leaf: Uint8Array,
  maySearch: boolean,
  path: string,
  index: number,
  problems: Problems,
): void {
  const searched = maySearch ? Math.min(tree.size, 100_000) : 0;
  for (let i = 0; i < searched; i++) {
    if (equalBytes(leaf, tree.read(0, i))) {
      problems.add("entry.swapped", `entry ${i} of this log stands in the place of ${index}`, path, index);
      return;
    }
  }
  problems.add("entry.altered", "entry is not the one in the tree", path, index);
}

function readHeader(
  data: Uint8Array,
  log: PackLog,
  path: string,
  index: number,
  problems: Problems,
): Header | undefined {
  let header: Header;
  try {
    header = parseHeader(data);
  } catch (error) {
    problems.add("entry.malformed", messageOf(error), path, index);
    return undefined;
  }
  if (header.shard !== log.checkpoint.origin) {
    problems.add("entry.shard", "entry names another log as its own", path, index);
  }
  // A log has a single writer that numbers what it writes from 0: a gap is an entry dropped before it was logged.
  if (header.seq !== index) {
    problems.add("entry.seq", `writer's sequence number is ${String(header.seq)}, expected ${index}`, path, index);
  }
  return header;
}

function checkProof(
  files: PackFiles,
  log: PackLog,
  proofs: ProofWriter,
  index: number,
  leaf: Uint8Array,
  problems: Problems,
): void {
  const path = `${log.dir}/proofs/${index}.tlog-proof`;
  const bytes = files.read(path);
  if (bytes === undefined) {
    problems.add("proof.missing", "entry has no inclusion proof", path, index);
    return;
  }
  try {
    const text = fromUtf8(bytes);
    // The only valid proof under the newest checkpoint is known: its hashes are nodes of the tree just rebuilt.
    if (text === proofs.write(index)) return;
    const checkpoint = openTlogProof(text, leaf, log.checkpoint.origin, [log.verifier]);
    if (checkpoint.index !== index) problems.add("proof.invalid", "proof is of another entry", path, index);
    else extendsCheckpoint(log, checkpoint, path, problems);
  } catch (error) {
    problems.add("proof.invalid", messageOf(error), path, index);
  }
}

/** Writes the proof file of an entry under the log's newest checkpoint; neighbours share all but their last hashes. */
export class ProofWriter {
  readonly #log: Pick<PackLog, "tree" | "checkpointNote">;
  readonly #recent = new Map<number, { start: number; end: number; line: string }>();

  constructor(log: Pick<PackLog, "tree" | "checkpointNote">) {
    this.#log = log;
  }

  write(index: number): string {
    const { tree, checkpointNote } = this.#log;
    const ranges = inclusionRanges(index, tree.size);
    let text = `c2sp.org/tlog-proof@v1\nindex ${index}\n`;
    for (let i = 0; i < ranges.length; i++) {
      const { start, end } = ranges[i]!;
      const depth = ranges.length - i;
      let recent = this.#recent.get(depth);
      if (recent?.start !== start || recent.end !== end) {
        recent = { start, end, line: `${toBase64(rangeHash(ranges[i]!, tree.read))}\n` };
        this.#recent.set(depth, recent);
      }
      text += recent.line;
    }
    return `${text}\n${checkpointNote}`;
  }
}

export function hexOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && value.length === 64 && /^[0-9a-f]+$/.test(value) ? value : undefined;
}
