import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { client } from "../api.ts";
import type { DecisionRow } from "../api-types.ts";
import { decided } from "../components/decision-table.tsx";
import { Loaded } from "../components/states.tsx";
import { OutcomeStatus } from "../components/status.tsx";
import { Facts, PageHead, Panel, SystemLink, Time } from "../components/ui.tsx";
import { session as words } from "../text/content.ts";

interface Labels {
  readonly maxSensitivity: string;
  readonly untrusted: boolean;
  readonly classes: readonly string[];
}
interface Timeline {
  readonly id: string;
  readonly systems: readonly string[];
  readonly started: string;
  readonly last: string;
  readonly truncated: boolean;
  readonly steps: readonly {
    readonly decision: DecisionRow;
    readonly approval: { readonly id: string; readonly state: string } | null;
    readonly classes: readonly string[];
    readonly labels: Labels | null;
  }[];
  readonly spans: readonly { readonly span: string; readonly trace: string; readonly operation: string; readonly model: string | null; readonly tool: string | null; readonly address: string | null; readonly decision: string | null; readonly started: string }[];
  readonly spansTruncated: boolean;
}

const timeline = (id: string) =>
  queryOptions({
    queryKey: ["decisions", "session", id],
    queryFn: ({ signal }) => client.request<Timeline>("GET", `/api/v1/sessions/${encodeURIComponent(id)}`, undefined, { signal }),
  });

/** A conversation in the order in which it happened. What was said stays sealed: the entry's own panel opens it. */
export function SessionPage() {
  const { id } = useParams({ from: "/shell/sessions/$id" });
  return (
    <>
      <PageHead title={words.title(id)} />
      <Loaded query={useQuery(timeline(id))} what={words.title(id)} rows={8}>
        {(session) => <Shown session={session} />}
      </Loaded>
    </>
  );
}

function Shown({ session }: { session: Timeline }) {
  return (
    <>
      <Panel title={words.facts}>
        <div className="panel-body">
          <Facts
            rows={[
              [words.systems, session.systems.map((name) => <SystemLink key={name} name={name} />)],
              [words.started, <Time key="s" at={session.started} />],
              [words.last, <Time key="l" at={session.last} />],
            ]}
          />
        </div>
      </Panel>
      <Panel title={words.steps}>
        <div className="panel-body stack">
          {session.truncated && <p className="muted">{words.truncated}</p>}
          <ol className="needs">
            {session.steps.map(({ decision, approval, classes, labels }) => (
              <li key={decision.id}>
                <div className="grow">
                  <span>
                    <OutcomeStatus decision={decision} /> {decision.action}{" "}
                    <Link to="/evidence/$id" params={{ id: decision.id }} search={{}}>
                      <code>{decided(decision)}</code>
                    </Link>
                  </span>
                  {decision.outcome !== "allow" && <span className="small">{decision.reason}</span>}
                  <span className="muted small">
                    <Time at={decision.at} />
                    {[...(labels === null ? [] : [labels.maxSensitivity, labels.untrusted ? words.untrusted : words.trusted]), ...classes].map((one) => `, ${one}`).join("")}
                  </span>
                  {approval !== null && (
                    <span className="small">
                      <Link to="/approve/$id" params={{ id: approval.id }}>
                        {words.approval}: {approval.state}
                      </Link>
                    </span>
                  )}
                </div>
              </li>
            ))}
          </ol>
        </div>
      </Panel>
      {session.spans.length > 0 && (
        <Panel title={words.spans}>
          <div className="panel-body stack">
            <p className="muted">{words.spansNote}</p>
            <ol className="needs">
              {session.spans.map((span) => (
                <li key={`${span.trace}${span.span}`}>
                  <div className="grow">
                    <span>
                      {span.operation} {(span.model ?? span.tool) !== null && <code>{span.model ?? span.tool}</code>} {span.address !== null && words.spanAt(span.address)}
                    </span>
                    <span className="muted small">
                      <Time at={span.started} />
                      {span.decision !== null && (
                        <>
                          {", "}
                          <Link to="/evidence/$id" params={{ id: span.decision }} search={{}}>
                            {words.spanDecision}
                          </Link>
                        </>
                      )}
                    </span>
                  </div>
                </li>
              ))}
            </ol>
            {session.spansTruncated && <p className="muted">{words.spansTruncated}</p>}
          </div>
        </Panel>
      )}
    </>
  );
}
