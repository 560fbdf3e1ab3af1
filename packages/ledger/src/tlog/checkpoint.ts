import { fromBase64, fromUtf8, parseDecimal, toBase64 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { hashSize } from "../merkle/hash.ts";
import type { NoteSigner, NoteVerifier, OpenedNote } from "./note.ts";
import { openNote, parseNote, signNote } from "./note.ts";

// C2SP tlog-checkpoint.

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** The note text of a checkpoint. We write no extension lines: nobody could audit them. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  if (checkpoint.origin.length === 0 || /[\u0000-\u001f]/.test(checkpoint.origin)) {
    throw new LedgerError("checkpoint.origin", "not an origin");
  }
  return `${checkpoint.origin}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`;
}

/**
 * Reads a note text as a checkpoint; extension lines are accepted and ignored.
 * @throws LedgerError `checkpoint.malformed`
 */
export function parseCheckpoint(text: string): Checkpoint {
  const bad = () => new LedgerError("checkpoint.malformed", "not a checkpoint: expected origin, size, root");
  const lines = text.split("\n");
  if (lines.length < 4 || lines.pop() !== "" || lines.some((line) => line.length === 0)) throw bad();
  const size = parseDecimal(lines[1]!);
  let root: Uint8Array;
  try {
    root = fromBase64(lines[2]!);
  } catch {
    throw bad();
  }
  if (size === undefined || root.length !== hashSize) throw bad();
  return { origin: lines[0]!, size, root };
}

export interface OpenedCheckpoint extends Checkpoint {
  readonly note: OpenedNote;
}

/** `openNote` and `parseCheckpoint` in one. The caller compares the origin with the one it expects. */
export function openCheckpoint(note: Uint8Array | string, verifiers: readonly NoteVerifier[]): OpenedCheckpoint {
  const opened = openNote(note, verifiers);
  return { ...parseCheckpoint(opened.text), note: opened };
}

/** A signed checkpoint, ready to publish. */
export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): string {
  return signNote(formatCheckpoint(checkpoint), signers);
}

/** A kept set of checkpoints (what `mandate evidence head` writes): signed notes one after the other. */
export function joinCheckpoints(notes: readonly string[]): string {
  return notes.join("\n");
}

/**
 * Splits what `joinCheckpoints` wrote. A new note begins at the first line that follows a signature line and isn't one;
 * blank lines between notes don't count.
 * @throws LedgerError `note.malformed`, `checkpoint.malformed` when any of them is not a checkpoint
 */
export function splitCheckpoints(file: Uint8Array | string): string[] {
  const text = typeof file === "string" ? file : fromUtf8(file);
  const notes: string[] = [];
  let current = "";
  let signed = false;
  for (const line of text.split(/(?<=\n)/)) {
    const isSignature = line.startsWith("\u2014 ");
    if (signed && !isSignature) {
      notes.push(current);
      current = "";
      signed = false;
    }
    if (current === "" && line === "\n") continue;
    current += line;
    signed = isSignature;
  }
  if (current !== "") notes.push(current);
  for (const note of notes) parseCheckpoint(parseNote(note).text);
  return notes;
}
