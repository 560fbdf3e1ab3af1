import { Fragment } from "react";
import { objects as words } from "../text/objects.ts";

/** Characters that a reader wouldn't see, by their code points (`U+200B`), each in its place. */
export type Unseen = ReadonlyMap<string, string>;

/** Text with what is hidden in it shown as its code point: a person reads what a model reads. */
export function Revealed({ text, unseen }: { text: string; unseen: Unseen }) {
  if (unseen.size === 0) return <>{text}</>;
  return (
    <>
      {pieces(text, unseen).map((piece, at) =>
        piece.code === undefined ? (
          <Fragment key={at}>{piece.text}</Fragment>
        ) : (
          <mark key={at} className="unseen" title={unseen.get(piece.code)}>
            {unseen.get(piece.code) === words.lookalike ? piece.text : ""}
            {piece.code}
          </mark>
        ),
      )}
    </>
  );
}

interface Piece {
  readonly text: string;
  readonly code?: string;
}

/** Runs of plain text, and each hidden character by itself. A letter of another alphabet counts inside a word of two alone. */
export function pieces(text: string, unseen: Unseen): Piece[] {
  const found: Piece[] = [];
  let plain = "";
  for (const [word] of text.matchAll(/[\p{L}\p{M}]+|[^\p{L}\p{M}]+/gu)) {
    const isMixed = /\p{Script=Latin}/u.test(word);
    for (const character of word) {
      const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
      const name = unseen.get(code);
      if (name === undefined || (name === words.lookalike && !isMixed)) plain += character;
      else {
        if (plain !== "") found.push({ text: plain });
        plain = "";
        found.push({ text: character, code });
      }
    }
  }
  return plain === "" ? found : [...found, { text: plain }];
}
