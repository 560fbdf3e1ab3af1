import { queryOptions, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { client } from "../../api.ts";
import { DataTable } from "../../components/data-table.tsx";
import { Choice } from "../../components/dialog.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Button, PageHead, Panel } from "../../components/ui.tsx";
import { count, date, exact } from "../../format.ts";
import { reports as words } from "../../text/reports.ts";
import { ControlLink, Measured } from "../frameworks/parts.tsx";
import type { Outcome } from "../frameworks/queries.ts";
import { FigureList } from "./figures.tsx";
import type { Figure } from "./figures.tsx";

interface Report {
  readonly kind: string;
  readonly organization: string;
  readonly month: string;
  readonly until: string;
  readonly complete: boolean;
  readonly made: string;
  readonly position: readonly { readonly origin: string; readonly size: number; readonly root: string }[];
  readonly figures: readonly Figure[];
  readonly gaps: readonly { readonly control: string; readonly statement: string; readonly outcome: Outcome; readonly grade: string; readonly reason: string }[];
  readonly denials: readonly { readonly code: string; readonly calls: number }[];
}

const report = (kind: string, month: string) =>
  queryOptions({
    queryKey: ["control", "report", kind, month],
    queryFn: ({ signal }) =>
      client.request<Report>("GET", `/api/v1/reports/${kind}${month === "" ? "" : `?month=${month}`}`, undefined, { signal }),
  });

const monthNames = new Intl.DateTimeFormat("en-US", { month: "long", year: "numeric", timeZone: "UTC" });
const named = (month: string): string => monthNames.format(new Date(`${month}-01T00:00:00Z`));

/** This month and the twelve before. */
function months(now = new Date()): readonly string[] {
  return Array.from({ length: 13 }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  );
}

/** A page that is printed and passed on: every figure links to its rows and says how it was counted. */
export function ReportsPage() {
  const search = useSearch({ from: "/shell/reports" });
  const navigate = useNavigate();
  const kind = search.kind === "board" ? "board" : "governance";
  const month = search.month ?? "";
  const query = useQuery(report(kind, month));
  return (
    <>
      <div className="filters bottom">
        <Choice
          label={words.kind}
          value={kind}
          options={Object.entries(words.kinds)}
          onChange={(next) => void navigate({ to: "/reports", search: { ...search, kind: next } })}
        />
        <Choice
          label={words.month}
          value={month === "" ? months()[0]! : month}
          options={months().map((one) => [one, named(one)] as const)}
          onChange={(next) => void navigate({ to: "/reports", search: { ...search, month: next } })}
        />
      </div>
      <article className="report">
        <PageHead title={`${words.kinds[kind]}, ${named(month === "" ? months()[0]! : month)}`}>
          {query.isSuccess && <Button onPress={() => window.print()}>{words.print}</Button>}
        </PageHead>
        <Loaded query={query} what={words.kinds[kind]!}>
          {(one) => <Sheet one={one} />}
        </Loaded>
      </article>
    </>
  );
}

function Sheet({ one }: { one: Report }) {
  const sections = [...Map.groupBy(one.figures, (figure) => figure.section)];
  return (
    <>
      <p className="lead">
        {one.organization}. {one.complete ? words.whole : words.soFar(date(one.until))}.
      </p>
      <div className="stack">
        <div className="report-sections">
          {sections.map(([section, figures]) => (
            <Panel key={section} title={words.sections[section] ?? section}>
              <FigureList figures={figures} explained={one.kind === "governance"} />
            </Panel>
          ))}
        </div>
        <Panel title={words.gaps} aside={<span className="bubble">{one.gaps.length}</span>}>
          {one.gaps.length === 0 ? (
            <Empty title={words.noGaps} />
          ) : (
            <DataTable
              label={words.gaps}
              rows={one.gaps}
              rowKey={(row) => row.control}
              columns={[
                {
                  id: "control",
                  title: words.control,
                  value: (row) => row.control,
                  cell: (row) => (
                    <span>
                      <ControlLink id={row.control} /> <span className="block small">{row.statement}</span>
                    </span>
                  ),
                },
                {
                  id: "found",
                  title: words.found,
                  value: (row) => row.outcome,
                  cell: (row) => (
                    <span>
                      <Measured outcome={row.outcome} />
                      <span className="block small">{row.reason}</span>
                    </span>
                  ),
                },
              ]}
            />
          )}
        </Panel>
        {one.kind === "governance" && one.denials.length > 0 && (
          <Panel title={words.denials}>
            <DataTable
              label={words.denials}
              rows={one.denials}
              rowKey={(row) => row.code}
              columns={[
                { id: "code", title: words.code, value: (row) => row.code, cell: (row) => <code>{row.code}</code> },
                { id: "calls", title: words.calls, end: true, value: (row) => row.calls, cell: (row) => count(row.calls) },
              ]}
            />
          </Panel>
        )}
        <Panel title={words.place}>
          <ul className="plain panel-body small">
            {one.position.map((log) => (
              <li key={log.origin}>
                <code>
                  {log.origin} {log.size} {log.root}
                </code>
              </li>
            ))}
          </ul>
          <p className="panel-body muted small">{words.made(exact(one.made))}</p>
        </Panel>
      </div>
    </>
  );
}
