import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { PageHead, Panel, Time } from "../../components/ui.tsx";
import { frameworks as words } from "../../text/frameworks.ts";
import { OneControl } from "./control.tsx";
import { ExportPanel } from "./export-panel.tsx";
import { OneFramework } from "./framework.tsx";
import { Filters, GapOwner, MeasureNow, Measured } from "./parts.tsx";
import { arranged, controls, frameworks } from "./queries.ts";
import type { Control, Outcome, Summary } from "./queries.ts";

/** Are controls met, by what measurement? Requirement, control, measurement, evidence, who closes the gap. */
export function FrameworksPage() {
  const search = useSearch({ from: "/shell/frameworks" });
  if (search.control !== undefined) return <OneControl id={search.control} />;
  return search.key === undefined ? <All /> : <OneFramework name={search.key} />;
}

function All() {
  const search = useSearch({ from: "/shell/frameworks" });
  const navigate = useNavigate();
  const system = search.system ?? "";
  const show = search.show ?? "gaps";
  const list = useQuery(frameworks);
  const ours = useQuery(controls(system));
  return (
    <>
      <PageHead title={words.title}>
        <Link className="button" to="/reports" search={{ kind: "governance" }}>
          {words.monthly}
        </Link>
        <Link className="button" to="/reports" search={{ kind: "board" }}>
          {words.board}
        </Link>
        <MeasureNow controls={[]} label={words.measure} />
      </PageHead>
      <Loaded query={ours} what={words.controls}>
        {(rows) => <Answer rows={rows} />}
      </Loaded>
      <p className="muted small bottom">{words.mapping}</p>
      <Filters
        system={system}
        show={show}
        onChange={(next) =>
          void navigate({
            to: "/frameworks",
            search: Object.fromEntries(Object.entries({ ...search, ...next }).filter(([, value]) => value !== "")),
          })
        }
      />
      <div className="stack">
        <Loaded query={ours} what={words.controls}>
          {(rows) => {
            const shown = arranged(rows, show);
            return (
              <Panel title={words.controls} aside={<span className="bubble">{shown.length}</span>}>
                {shown.length === 0 ? (
                  <Empty title={words.noGaps} />
                ) : (
                  <DataTable
                    label={words.controls}
                    columns={columns}
                    rows={shown}
                    rowKey={(row) => row.id}
                    exportName="controls"
                  />
                )}
              </Panel>
            );
          }}
        </Loaded>
        <Loaded query={list} what={words.title}>
          {(rows) => (
            <Panel title={words.title}>
              <DataTable
                label={words.title}
                columns={frameworkColumns(system, ours.data ?? [])}
                rows={rows}
                rowKey={(row) => row.key}
                exportName="frameworks"
              />
            </Panel>
          )}
        </Loaded>
        <ExportPanel system={system} />
      </div>
    </>
  );
}

function Answer({ rows }: { rows: readonly Control[] }) {
  const newest = rows.flatMap((row) => row.result?.at ?? []).toSorted().at(-1);
  if (newest === undefined) return <p className="lead">{words.never}</p>;
  const count = (outcome: Outcome): number => rows.filter((row) => row.outcome === outcome).length;
  return (
    <p className="lead">
      {words.sentence(count("pass"), count("fail"), count("stale"), count("unproven"))}{" "}
      <span className="muted small">
        {words.measuredAt} <Time at={newest} />
      </span>
    </p>
  );
}

const columns: readonly Column<Control>[] = [
  {
    id: "requirement",
    title: words.requirement,
    value: (row) => row.statement,
    cell: (row) => (
      <span>
        <Link className="row-link strong" to="/frameworks" search={{ control: row.id }}>
          {row.id}
        </Link>
        <span className="block small">{row.statement}</span>
      </span>
    ),
  },
  {
    id: "measurement",
    title: words.measurement,
    value: (row) => row.outcome,
    cell: (row) => <Measured outcome={row.outcome} grade={row.grade} />,
  },
  {
    id: "evidence",
    title: words.evidence,
    value: (row) => row.result?.population ?? 0,
    cell: (row) => <span className="small">{row.result?.reason ?? words.never}</span>,
  },
  {
    id: "owner",
    title: words.owner,
    value: (row) => row.gapOwner?.email ?? row.gapOwner?.role ?? "",
    cell: (row) => <GapOwner of={row.gapOwner} />,
  },
];

const frameworkColumns = (system: string, ours: readonly Control[]): readonly Column<Summary>[] => {
  const supporting = (key: string): ReadonlySet<string> => new Set(ours.flatMap((one) => one.supports[key] ?? []));
  return [
    {
      id: "name",
      title: words.framework,
      value: (row) => row.short,
      cell: (row) => (
        <span>
          <Link className="row-link strong" to="/frameworks" search={{ key: row.key, ...(system === "" ? {} : { system }) }}>
            {row.short}
          </Link>
          <span className="block small muted">{row.name}</span>
        </span>
      ),
    },
    { id: "version", title: words.version, value: (row) => row.version, cell: (row) => <span className="small">{row.version}</span> },
    {
      id: "supported",
      title: words.supported,
      end: true,
      value: (row) => supporting(row.key).size,
      cell: (row) => supporting(row.key).size,
    },
    { id: "items", title: words.items, end: true, value: (row) => row.items, cell: (row) => row.items },
  ];
};
