import { reassessments as words } from "../text/reassessments.ts";
import { LineDiff } from "./line-diff.tsx";
import { Status } from "./status.tsx";

export interface DiffMember {
  readonly member: string;
  readonly old: string | null;
  readonly new: string | null;
  readonly answer: string | null;
  readonly answered: string | null;
  readonly contradicts: boolean;
}

/** Old left, new right, the answer it touches beside it. What is the same is left out; the summary opens and closes it. */
export function Diff({ subject, what, members }: { subject: string; what: string; members: readonly DiffMember[] }) {
  return (
    <details className="diff" open>
      <summary>
        <b>{what}</b> <span className="muted small">{words.diff(subject, members.length)}</span>
      </summary>
      {members.length === 0 ? (
        <p className="muted small">{words.same}</p>
      ) : (
        members.map((one) => (
          <div className="diff-row" key={one.member}>
            <p className="diff-member">
              <code>{one.member === "" ? words.whole : one.member}</code>
            </p>
            {one.old?.includes("\n") === true || one.new?.includes("\n") === true ? (
              <LineDiff before={one.old} after={one.new} />
            ) : (
              <div className="diff-sides">
                <div>
                  <span className="muted small block">{words.old}</span>
                  <del>{one.old ?? words.nothing}</del>
                </div>
                <div>
                  <span className="muted small block">{words.new}</span>
                  <ins>{one.new ?? words.nothing}</ins>
                </div>
              </div>
            )}
            {one.answer !== null && (
              <p className="small">
                <Status mark={one.contradicts ? "deny" : "unknown"}>
                  {one.contradicts ? words.contradicts : words.touches}
                </Status>{" "}
                <code>{one.answer}</code>: {one.answered ?? words.nothing}
              </p>
            )}
          </div>
        ))
      )}
    </details>
  );
}
