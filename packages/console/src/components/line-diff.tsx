import { linePairs } from "./line-pairs.ts";
import { Revealed } from "./revealed.tsx";
import type { Unseen } from "./revealed.tsx";
import { reassessments as words } from "../text/reassessments.ts";

const nothingUnseen: Unseen = new Map();

/** Old left, new right, line beside line; on a phone one above the other. What is far from a change is left out. */
export function LineDiff({ before, after, unseen = nothingUnseen }: { before: string | null; after: string | null; unseen?: Unseen }) {
  const pairs = before === null || after === null ? linesOf(before, after) : linePairs(before, after);
  return (
    <div className="line-diff">
      <div className="line-head muted small" aria-hidden="true">
        <span>{words.old}</span>
        <span>{words.new}</span>
      </div>
      {pairs.map((pair, at) => (
        <div className={pair.same ? "line-pair same" : "line-pair"} key={at}>
          <Side text={pair.old} other={pair.new} same={pair.same} tag="del" unseen={unseen} />
          <Side text={pair.new} other={pair.old} same={pair.same} tag="ins" unseen={unseen} />
        </div>
      ))}
    </div>
  );
}

function Side({ text, other, same, tag: Tag, unseen }: { text: string | null; other: string | null; same: boolean; tag: "del" | "ins"; unseen: Unseen }) {
  if (text === null) return <span className="line none" aria-hidden="true" />;
  if (same) return <span className={`line ${Tag}-side`}><Revealed text={text} unseen={unseen} /></span>;
  const [start, middle, end] = other === null ? ["", text, ""] : differing(text, other);
  return (
    <Tag className="line">
      <Revealed text={start} unseen={unseen} />
      {other === null ? <Revealed text={middle} unseen={unseen} /> : middle !== "" && <b className="changed"><Revealed text={middle} unseen={unseen} /></b>}
      <Revealed text={end} unseen={unseen} />
    </Tag>
  );
}

/** The part of a line between what both share at the start and at the end, by whole words. */
export function differing(text: string, other: string): readonly [start: string, middle: string, end: string] {
  const [words, others] = [text.split(/(?<=\s)/), other.split(/(?<=\s)/)];
  let from = 0;
  while (from < words.length && from < others.length && words[from] === others[from]) from += 1;
  let to = 0;
  while (to < words.length - from && to < others.length - from && words.at(-1 - to) === others.at(-1 - to)) to += 1;
  return [words.slice(0, from).join(""), words.slice(from, words.length - to).join(""), words.slice(words.length - to).join("")];
}

function linesOf(before: string | null, after: string | null) {
  const lines = (text: string | null): readonly string[] => (text === null ? [] : text.trimEnd().split("\n"));
  return [...lines(before).map((old) => ({ old, new: null, same: false })), ...lines(after).map((now) => ({ old: null, new: now, same: false }))];
}
