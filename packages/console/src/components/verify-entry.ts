import type { EvidenceEntry } from "@mandate/sdk";

export interface Checked {
  readonly included: boolean;
  readonly signed: boolean;
  readonly headerMatches: boolean;
  readonly witnesses: number;
  readonly hashes: readonly string[];
  readonly root: string | null;
  readonly size: number;
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/**
 * Recomputes everything from the leaf's exact bytes. The ledger is loaded only here, a chunk of its own. Throws when the
 * material can't be read at all: the page then says that it can't tell.
 */
export async function verifyEntry(entry: EvidenceEntry, change?: (leaf: Uint8Array) => void): Promise<Checked> {
  const ledger = await import("@mandate/ledger");
  const leaf = bytesOf(entry.leaf);
  change?.(leaf);
  const key = ledger.parseVerifierKey(entry.vkey);
  const hashes = entry.proof.hashes.map(bytesOf);
  let signed = true;
  let checkpoint: { origin: string; size: number; root: Uint8Array };
  let witnesses = 0;
  try {
    const opened = ledger.openCheckpoint(entry.checkpoint, [ledger.noteVerifier(key)]);
    checkpoint = opened;
    witnesses = Math.max(0, opened.note.signatures.length - 1);
  } catch {
    signed = false;
    checkpoint = ledger.parseCheckpoint(ledger.parseNote(entry.checkpoint).text);
  }
  signed &&= checkpoint.origin === key.name;
  const included =
    checkpoint.size === entry.proof.size &&
    ledger.verifyInclusion(entry.proof.index, entry.proof.size, ledger.leafHash(leaf), hashes, checkpoint.root);
  // What the page shows is the leaf itself, so a header that differs from it is worth an alarm.
  const headerMatches =
    ledger.toHex(ledger.utf8(ledger.canonicalJson(JSON.parse(JSON.stringify(entry.header))))) === ledger.toHex(leaf);
  return {
    included,
    signed,
    headerMatches,
    witnesses,
    hashes: hashes.map((hash) => ledger.toHex(hash)),
    root: ledger.toHex(checkpoint.root),
    size: checkpoint.size,
  };
}
