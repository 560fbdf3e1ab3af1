import { fromBase64, fromUtf8, parseDecimal, toBase64 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { hashSize } from "../merkle/hash.ts";
import { verifyInclusion } from "../merkle/verify.ts";
import type { OpenedCheckpoint } from "./checkpoint.ts";
import { openCheckpoint } from "./checkpoint.ts";
import type { NoteVerifier } from "./note.ts";

const firstLine = "c2sp.org/tlog-proof@v1";
/** A tree of 2^63 leaves has no longer proof. */
const maxProofHashes = 63;

/** C2SP tlog-proof: an inclusion proof with the signed checkpoint it leads to. */
export interface TlogProof {
  readonly index: number;
  readonly proof: readonly Uint8Array[];
  /** Signed note, verbatim. */
  readonly checkpoint: string;
  /** Not authenticated by anything. */
  readonly extra?: Uint8Array;
}

export function formatTlogProof(proof: TlogProof): string {
  const extra = proof.extra === undefined ? "" : `extra ${toBase64(proof.extra)}\n`;
  let hashes = "";
  for (const hash of proof.proof) hashes += `${toBase64(hash)}\n`;
  return `${firstLine}\n${extra}index ${proof.index}\n${hashes}\n${proof.checkpoint}`;
}

/** @throws LedgerError `proof.malformed` */
export function parseTlogProof(file: Uint8Array | string): TlogProof {
  const bad = (why: string) => new LedgerError("proof.malformed", `not a tlog-proof: ${why}`);
  const text = typeof file === "string" ? file : fromUtf8(file);
  const end = text.indexOf("\n\n");
  if (end < 0) throw bad("no checkpoint");
  const lines = text.slice(0, end).split("\n");
  if (lines.shift() !== firstLine) throw bad("unknown version");
  let extra: Uint8Array | undefined;
  if (lines[0]?.startsWith("extra ")) extra = fromBase64(lines.shift()!.slice(6));
  const indexLine = lines.shift();
  const index = indexLine?.startsWith("index ") ? parseDecimal(indexLine.slice(6)) : undefined;
  if (index === undefined) throw bad("no index");
  return { index, proof: parseHashLines(lines, bad), checkpoint: text.slice(end + 2), ...(extra && { extra }) };
}

function parseHashLines(lines: readonly string[], bad: (why: string) => LedgerError): Uint8Array[] {
  if (lines.length > maxProofHashes) throw bad("too many hashes");
  return lines.map((line) => {
    const hash = fromBase64(line);
    if (hash.length !== hashSize) throw bad("not a SHA-256 hash");
    return hash;
  });
}

/**
 * Verifies a proof file for a leaf: signature, origin, inclusion.
 * @param leaf `leafHash` of the exact entry bytes
 * @returns the checkpoint that contains the entry
 * @throws LedgerError `proof.malformed`, `note.*`, `checkpoint.*`, `proof.origin`, `proof.inclusion`
 */
export function openTlogProof(
  file: Uint8Array | string,
  leaf: Uint8Array,
  origin: string,
  verifiers: readonly NoteVerifier[],
): OpenedCheckpoint & { readonly index: number } {
  const proof = parseTlogProof(file);
  const checkpoint = openCheckpoint(proof.checkpoint, verifiers);
  if (checkpoint.origin !== origin) throw new LedgerError("proof.origin", "the proof is of another log");
  if (!verifyInclusion(proof.index, checkpoint.size, leaf, proof.proof, checkpoint.root)) {
    throw new LedgerError("proof.inclusion", "the proof does not lead from this entry to the checkpoint");
  }
  return { ...checkpoint, index: proof.index };
}

/** Body of C2SP tlog-witness `add-checkpoint`: how a checkpoint extends an older size. */
export interface ConsistencyBody {
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  /** Signed note of the newer checkpoint, verbatim. */
  readonly checkpoint: string;
}

export function formatConsistencyBody(body: ConsistencyBody): string {
  return `old ${body.oldSize}\n${body.proof.map((hash) => `${toBase64(hash)}\n`).join("")}\n${body.checkpoint}`;
}

/** @throws LedgerError `consistency.malformed` */
export function parseConsistencyBody(file: Uint8Array | string): ConsistencyBody {
  const bad = (why: string) => new LedgerError("consistency.malformed", `not a consistency body: ${why}`);
  const text = typeof file === "string" ? file : fromUtf8(file);
  const end = text.indexOf("\n\n");
  if (end < 0) throw bad("no checkpoint");
  const lines = text.slice(0, end).split("\n");
  const oldLine = lines.shift()!;
  const oldSize = oldLine.startsWith("old ") ? parseDecimal(oldLine.slice(4)) : undefined;
  if (oldSize === undefined) throw bad("no old size");
  return { oldSize, proof: parseHashLines(lines, bad), checkpoint: text.slice(end + 2) };
}
