import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { PageHead, Panel } from "../../components/ui.tsx";
import { frameworks as words } from "../../text/frameworks.ts";
import { ControlLink, Filters, GapOwner, Measured } from "./parts.tsx";
import { arranged, controls, framework } from "./queries.ts";
import type { Control, Framework, Item } from "./queries.ts";

export function OneFramework({ name }: { name: string }) {
  const search = useSearch({ from: "/shell/frameworks" });
  const navigate = useNavigate();
  const system = search.system ?? "";
  const show = search.show ?? "gaps";
  const query = useQuery(framework(name, system));
  const ours = useQuery(controls(system));
  return (
    <Loaded query={query} what={words.title}>
      {(one) => {
        const items = one.items.filter((item) => !item.heading);
        const shown = show === "all" ? one.items : arranged(items, show);
        return (
          <>
            <PageHead
              title={one.short}
              crumbs={
                <p className="crumbs">
                  <Link to="/frameworks">{words.all}</Link>
                </p>
              }
            />
            <p className="lead">{one.name}</p>
            <p className="muted small bottom">
              {words.source(one.publisher, one.titleStatus)} {words.mapping}
            </p>
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
              <Panel
                title={words.requirement}
                aside={
                  <span className="muted">
                    {words.supportedOf(items.filter((item) => item.controls.length > 0).length, items.length)}
                  </span>
                }
              >
                {shown.length === 0 ? (
                  <Empty title={words.noGaps} />
                ) : (
                  <DataTable
                    label={one.short}
                    columns={columns(ours.data ?? [])}
                    rows={shown}
                    rowKey={(row) => row.id}
                    exportName={one.key}
                  />
                )}
              </Panel>
              {one.dates.length > 0 && <Dates of={one} />}
            </div>
          </>
        );
      }}
    </Loaded>
  );
}

const columns = (ours: readonly Control[]): readonly Column<Item>[] => [
  {
    id: "requirement",
    title: words.requirement,
    value: (row) => row.id,
    cell: (row) => (
      <span>
        <code>{row.id}</code> <span className={row.heading ? "strong" : ""}>{row.title}</span>
        {row.summary !== null && <span className="block small muted">{row.summary}</span>}
        {row.appliesFrom !== null && (
          <span className="block small muted">{words.applies(row.appliesFrom, row.inForce === true)}</span>
        )}
      </span>
    ),
  },
  {
    id: "controls",
    title: words.control,
    value: (row) => row.controls.length,
    cell: (row) =>
      row.heading ? null : row.controls.length === 0 ? (
        <span className="muted">{words.outside}</span>
      ) : (
        <span className="row wrap tight">
          {row.controls.map((id) => (
            <ControlLink key={id} id={id} />
          ))}
        </span>
      ),
  },
  {
    id: "measurement",
    title: words.measurement,
    value: (row) => row.outcome ?? "",
    cell: (row) => (row.outcome === null ? null : <Measured outcome={row.outcome} />),
  },
  {
    id: "evidence",
    title: words.evidence,
    cell: (row) => <span className="small clip">{worst(row, ours)?.result?.reason}</span>,
  },
  { id: "owner", title: words.owner, cell: (row) => <GapOwner of={worst(row, ours)?.gapOwner ?? null} /> },
];

/** The control whose outcome is the item's. */
const worst = (row: Item, ours: readonly Control[]): Control | undefined =>
  ours.find((one) => row.controls.includes(one.id) && one.outcome === row.outcome);

function Dates({ of }: { of: Framework }) {
  return (
    <Panel title={words.dates}>
      <ul className="needs plain" aria-label={words.dates}>
        {of.dates.map((one) => (
          <li key={`${one.date}${one.what}`} className="gate">
            <span className="mono small">{one.date}</span>
            <div className="grow">
              <p>{one.what}</p>
              <p className="small muted">{one.basis}</p>
            </div>
            <Status mark={one.inForce ? "allow" : "unknown"}>{one.inForce ? words.inForce : words.toCome}</Status>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
