import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { PageHead, Panel, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { reassessments as words } from "../../text/reassessments.ts";
import { cases } from "./queries.ts";
import type { CaseRow } from "./queries.ts";

const columns: readonly Column<CaseRow>[] = [
  {
    id: "title",
    title: words.change,
    value: (row) => row.title,
    cell: (row) => (
      <Link to="/reassessments/$id" params={{ id: row.id }}>
        {row.title}
      </Link>
    ),
  },
  {
    id: "class",
    title: words.class,
    value: (row) => row.class,
    cell: (row) => (
      <Status mark={row.state === "decided" ? "person" : row.class === "C" || row.overdue ? "deny" : row.class === "B" ? "hold" : "unknown"}>
        {row.class}
      </Status>
    ),
  },
  {
    id: "systems",
    title: words.systems,
    value: (row) => row.systems.length,
    cell: (row) => words.count(row.systems.filter((one) => one.outcome === null).length, row.systems.length),
  },
  {
    id: "due",
    title: words.due,
    value: (row) => row.due ?? "",
    cell: (row) => (row.due === null ? t.none : <Time at={row.due} />),
  },
  { id: "by", title: words.observed, value: (row) => row.observedBy, cell: (row) => row.observedBy },
  { id: "since", title: words.since, value: (row) => row.openedAt, cell: (row) => <Time at={row.openedAt} /> },
];

export function ReassessmentsPage() {
  const query = useQuery(cases());
  return (
    <>
      <PageHead title={words.title} />
      <p className="lead">{words.lead}</p>
      <Loaded query={query} what={words.title}>
        {({ items }) => {
          const [open, decided] = [items.filter((one) => one.state === "open"), items.filter((one) => one.state !== "open")];
          return (
            <div className="stack">
              <Panel title={words.open} aside={open.length > 0 ? <span className="bubble">{open.length}</span> : undefined}>
                {open.length === 0 ? (
                  <Empty title={words.empty}>{words.emptyHelp}</Empty>
                ) : (
                  <DataTable label={words.open} columns={columns} rows={open} rowKey={(row) => row.id} exportName="reassessments" />
                )}
              </Panel>
              {decided.length > 0 && (
                <Panel title={words.decided}>
                  <DataTable label={words.decided} columns={columns} rows={decided} rowKey={(row) => row.id} exportName="reassessments-decided" />
                </Panel>
              )}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}
