import { leafHash, noteVerifier, openTlogProof, parseVerifierKey } from "@mandate/ledger";
import type { Tx } from "../../database/index.ts";
import { inclusionFile, logSummaries, readLeaf } from "../../evidence/index.ts";

export interface LogCopyCheck {
  readonly entries: number;
  /** Entries that their own tree doesn't hold, as `origin index`. */
  readonly missing: readonly string[];
  /** Whether each copy with one byte changed was refused. */
  readonly mutationsRefused: boolean;
}

const perLog = 8;

/** The newest entries of every log against its signed tree; then a copy of each with one byte changed, which must not verify (LOG-02). */
export async function checkLogCopy(tx: Tx, org: string): Promise<LogCopyCheck> {
  let entries = 0;
  let refused = 0;
  const missing: string[] = [];
  for (const { origin, vkey, size } of await logSummaries(tx, org)) {
    const verifiers = [noteVerifier(parseVerifierKey(vkey))];
    for (let index = Math.max(0, size - perLog); index < size; index++) {
      const leaf = await readLeaf(tx, org, origin, index);
      const proof = await inclusionFile(tx, org, origin, index);
      entries++;
      if (leaf === undefined || !holds(proof, leaf, origin, verifiers)) {
        missing.push(`${origin} ${index}`);
        continue;
      }
      const mutated = Uint8Array.from(leaf);
      mutated[Math.floor(mutated.length / 2)]! ^= 1;
      if (!holds(proof, mutated, origin, verifiers)) refused++;
    }
  }
  return { entries, missing, mutationsRefused: entries > 0 && refused === entries - missing.length };
}

function holds(proof: string, leaf: Uint8Array, origin: string, verifiers: Parameters<typeof openTlogProof>[3]): boolean {
  try {
    openTlogProof(proof, leafHash(leaf), origin, verifiers);
    return true;
  } catch {
    return false;
  }
}
