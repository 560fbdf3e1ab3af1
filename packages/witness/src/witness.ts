import {
  equalBytes,
  formatSignatureLine,
  LedgerError,
  makeCosignature,
  noteVerifier,
  openCheckpoint,
  parseCheckpoint,
  parseConsistencyBody,
  parseNote,
  verifyConsistency,
} from "@mandate/ledger";
import type { ConsistencyBody, NoteVerifier, OpenedCheckpoint, VerifierKey } from "@mandate/ledger";
import type { WitnessState } from "./state.ts";

/** An HTTP answer of C2SP tlog-witness. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly body: string;
}

export interface Witness {
  /** Cosignature line, or why not. @param body of `add-checkpoint` */
  addCheckpoint(body: Uint8Array): WitnessAnswer;
  /** Newest checkpoint signed for a log. */
  checkpoint(origin: string): string | undefined;
}

export interface WitnessParts {
  readonly key: { readonly name: string; readonly keyId: number; readonly signBytes: (message: Uint8Array) => Uint8Array };
  /** Logs that are cosigned: whose key signs what. Two keys of one name are a log whose key was rotated. */
  readonly logs: readonly VerifierKey[];
  readonly state: WitnessState;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const plain = (status: WitnessAnswer["status"], why: string): WitnessAnswer => ({ status, contentType: "text/plain; charset=utf-8", body: `${why}\n` });
/** Where this witness stands, so that the log can prove its way from there. */
const conflict = (size: number): WitnessAnswer => ({ status: 409, contentType: "text/x.tlog.size", body: `${size}\n` });

/**
 * Decides as C2SP tlog-witness asks. Everything from reading the state to writing it runs without giving way to another
 * request, so check and persistence are one step.
 */
export function createWitness({ key, logs, state, now }: WitnessParts): Witness {
  const verifiers = new Map<string, NoteVerifier[]>();
  for (const log of logs) verifiers.set(log.name, [...(verifiers.get(log.name) ?? []), noteVerifier(log)]);
  return {
    checkpoint: (origin) => state.read(origin),
    addCheckpoint(body) {
      const asked = parse(body);
      if (asked === undefined) return plain(400, "not an add-checkpoint request");
      const known = verifiers.get(asked.origin);
      if (known === undefined) return plain(404, "unknown log");
      const checkpoint = verified(asked.body.checkpoint, known);
      if (checkpoint === undefined || checkpoint.origin !== asked.origin) return plain(403, "no known key signed this checkpoint");
      if (asked.body.oldSize > checkpoint.size) return plain(400, "the old size is beyond the checkpoint");
      const kept = state.read(asked.origin);
      const last = kept === undefined ? undefined : parseCheckpoint(parseNote(kept).text);
      const lastSize = last?.size ?? 0;
      if (asked.body.oldSize !== lastSize) return conflict(lastSize);
      if (last !== undefined && !extendsLast(last, asked.body, checkpoint)) {
        // Same size, other root: a fork that no proof can heal.
        return last.size === checkpoint.size ? conflict(lastSize) : plain(422, "the checkpoint does not extend the one signed before");
      }
      if (last === undefined && asked.body.proof.length > 0) return plain(422, "nothing was signed before, so nothing is to be proved");
      // INVARIANT: durable before the signature leaves, or a crash could make this witness sign two histories.
      if (last === undefined || checkpoint.size > last.size) state.write(asked.origin, asked.body.checkpoint);
      const signature = makeCosignature(checkpoint.note.text, Math.floor(now() / 1000), key.signBytes);
      return { status: 200, contentType: "text/plain; charset=utf-8", body: formatSignatureLine({ name: key.name, keyId: key.keyId, signature }) };
    },
  };
}

function parse(bytes: Uint8Array): { readonly body: ConsistencyBody; readonly origin: string } | undefined {
  try {
    const body = parseConsistencyBody(bytes);
    return { body, origin: parseCheckpoint(parseNote(body.checkpoint).text).origin };
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}

function verified(note: string, verifiers: readonly NoteVerifier[]): OpenedCheckpoint | undefined {
  try {
    return openCheckpoint(note, verifiers);
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}

function extendsLast(
  last: { readonly size: number; readonly root: Uint8Array },
  body: ConsistencyBody,
  checkpoint: OpenedCheckpoint,
): boolean {
  // From the empty tree anything grows (RFC 6962 §2.1.2), and nothing is to be proved.
  if (last.size === 0 && checkpoint.size > 0) return body.proof.length === 0;
  if (last.size === checkpoint.size) return body.proof.length === 0 && equalBytes(last.root, checkpoint.root);
  return verifyConsistency(last.size, checkpoint.size, body.proof, last.root, checkpoint.root);
}
