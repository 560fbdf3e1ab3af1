import { concatBytes } from "../encoding.ts";

/** A line of a file that comes in parts. */
export interface FileLine {
  /** Without its newline. */
  readonly bytes: Uint8Array;
  /** False for a rest that no newline ends, and for the beginning of a line longer than the bound. */
  readonly isWhole: boolean;
}

/** Lines of at most `maxBytes`; of a longer one only its beginning, so that no line grows in memory. */
export async function* linesOf(parts: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<FileLine> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let isSkipping = false;
  for await (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const newline = part.indexOf(0x0a, at);
      const end = newline < 0 ? part.length : newline;
      const piece = part.subarray(at, end);
      at = end + 1;
      if (!isSkipping && heldBytes + piece.length > maxBytes) {
        yield { bytes: concatBytes(...held, piece).subarray(0, maxBytes), isWhole: false };
        held = [];
        heldBytes = 0;
        isSkipping = true;
      }
      if (newline < 0) {
        if (isSkipping) continue;
        held.push(piece.slice());
        heldBytes += piece.length;
      } else if (isSkipping) isSkipping = false;
      else {
        yield { bytes: held.length === 0 ? piece : concatBytes(...held, piece), isWhole: true };
        held = [];
        heldBytes = 0;
      }
    }
  }
  if (heldBytes > 0) yield { bytes: concatBytes(...held), isWhole: false };
}
