import { fromBase64, fromUtf8, parseDecimal, toBase64 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { hashSize } from "../merkle/hash.ts";
import type { NoteSigner, NoteVerifier, ParsedNote } from "./note.ts";
import { openNote, parseNote, signNote } from "./note.ts";

const firstLine = "mandate.receipt/1";
/** A note of one signature, in base64. */
const maxReceiptChars = 8 * 1024;

/**
 * What a writer promises a caller: the entry of this decision stands at this place of this log. Whoever keeps it can hold
 * the log to it later, which is the only way an entry dropped before it was published can show.
 */
export interface Receipt {
  readonly origin: string;
  readonly index: number;
  readonly decision: string;
  /** 32 bytes: `leafHash` of the entry. */
  readonly leaf: Uint8Array;
}

/** A signed note in base64url, for one line of an HTTP header. */
export function signReceipt({ origin, index, decision, leaf }: Receipt, signer: NoteSigner): string {
  const text = `${firstLine}\n${origin}\n${index}\n${decision}\n${toBase64(leaf)}\n`;
  return toBase64(new TextEncoder().encode(signNote(text, [signer])))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

export interface OpenedReceipt extends Receipt {
  readonly note: ParsedNote;
}

/** Reads a receipt without trusting it. @throws LedgerError `receipt.malformed` */
export function parseReceipt(header: string): OpenedReceipt {
  const bad = (): LedgerError => new LedgerError("receipt.malformed", "not a receipt");
  if (header.length > maxReceiptChars || !/^[A-Za-z0-9_-]+$/.test(header)) throw bad();
  let note: ParsedNote;
  let leaf: Uint8Array;
  try {
    const digits = header.replaceAll("-", "+").replaceAll("_", "/");
    note = parseNote(fromUtf8(fromBase64(digits + "=".repeat((4 - (digits.length % 4)) % 4))));
    leaf = fromBase64(note.text.split("\n")[4] ?? "");
  } catch {
    throw bad();
  }
  const [schema, origin, place, decision, , end, ...more] = note.text.split("\n");
  const index = parseDecimal(place ?? "");
  if (schema !== firstLine || !origin || !decision || index === undefined || leaf.length !== hashSize || end !== "" || more.length > 0)
    throw bad();
  return { origin, index, decision, leaf, note };
}

/** True when one of these keys, under the log's own name, signed it. */
export function isReceiptSigned(receipt: OpenedReceipt, verifiers: readonly NoteVerifier[]): boolean {
  try {
    openNote(receipt.note, verifiers.filter(({ key }) => key.name === receipt.origin));
    return true;
  } catch {
    return false;
  }
}
