import { Status } from "../../components/status.tsx";
import { reports as words } from "../../text/reports.ts";

export interface Figure {
  readonly id: string;
  readonly section: string;
  readonly label: string;
  readonly unit: string;
  readonly value: number | null;
  readonly before: number | null;
  readonly better: "more" | "less" | null;
  readonly asks: string;
  readonly query: string | null;
  readonly href: string | null;
  readonly why: string | null;
}

/** A figure that isn't measured stands among the others and says why: a page without it would look better than we are. */
export function FigureList({ figures, explained }: { figures: readonly Figure[]; explained: boolean }) {
  return (
    <dl className="figures">
      {figures.map((one) => (
        <div key={one.id}>
          <dt>
            {one.label}
            {one.why !== null && <span className="block small muted">{one.why}</span>}
            {explained && one.query !== null && (
              <details className="small">
                <summary>{words.asked}</summary>
                <p className="muted">{one.asks}.</p>
                <code>{one.query}</code>
              </details>
            )}
          </dt>
          <dd>
            {one.why !== null ? (
              <Status mark="unknown">{words.notMeasured}</Status>
            ) : one.value === null ? (
              <span className="muted">{words.none}</span>
            ) : (
              <a href={one.href ?? "#"} aria-label={`${one.label}: ${words.value(one.value, one.unit)}. ${words.rows}`}>
                <b>{words.value(one.value, one.unit)}</b>
              </a>
            )}
            {one.before !== null && <span className="block small muted">{words.before(one.before)}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
