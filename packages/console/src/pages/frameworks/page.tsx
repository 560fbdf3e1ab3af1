import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { client } from "../../api.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { PageHead, Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { text } from "./text.ts";

interface Summary {
  readonly key: string;
  readonly name: string;
  readonly short: string;
  readonly version: string;
  readonly items: number;
}
interface Item {
  readonly id: string;
  readonly title: string;
  readonly summary: string | null;
  readonly heading: boolean;
  readonly appliesFrom: string | null;
  readonly controls: readonly string[];
}
interface One extends Omit<Summary, "items"> {
  readonly publisher: string;
  readonly titleStatus: string;
  readonly items: readonly Item[];
}
interface Control {
  readonly id: string;
  readonly statement: string;
  readonly kind: string;
  readonly measure: string;
  readonly evidence: string;
}

const frameworks = queryOptions({
  queryKey: ["frameworks", "list"],
  staleTime: 3_600_000,
  queryFn: async ({ signal }) => (await client.list<Summary>("frameworks", {}, { signal })).items,
});
const controls = queryOptions({
  queryKey: ["controls", "list"],
  staleTime: 60_000,
  queryFn: async ({ signal }) => (await client.list<Control>("controls", {}, { signal })).items,
});
const framework = (key: string) =>
  queryOptions({
    queryKey: ["frameworks", "one", key],
    staleTime: 3_600_000,
    queryFn: ({ signal }) => client.get<One>("frameworks", key, {}, { signal }),
  });

export function FrameworksPage() {
  const { key } = useSearch({ strict: false });
  return key === undefined ? <All /> : <Framework name={String(key)} />;
}

function All() {
  const list = useQuery(frameworks);
  const ours = useQuery(controls);
  const columns: readonly Column<Summary>[] = [
    {
      id: "name",
      title: text.framework,
      value: (row) => row.short,
      cell: (row) => (
        <span>
          <Link className="row-link strong" to="/frameworks" search={{ key: row.key }}>
            {row.short}
          </Link>
          <span className="block small muted">{row.name}</span>
        </span>
      ),
    },
    { id: "version", title: text.version, value: (row) => row.version, cell: (row) => row.version },
    { id: "items", title: text.items, end: true, value: (row) => row.items, cell: (row) => row.items },
  ];
  const controlColumns: readonly Column<Control>[] = [
    { id: "id", title: text.control, value: (row) => row.id, cell: (row) => <code>{row.id}</code> },
    {
      id: "statement",
      title: text.requirement,
      value: (row) => row.statement,
      cell: (row) => (
        <span>
          {row.statement}
          <span className="block small muted">{row.evidence}</span>
        </span>
      ),
    },
    {
      id: "measure",
      title: text.measurement,
      cell: () => <Status mark="unknown">{t.cantTell}</Status>,
    },
    {
      id: "kind",
      title: text.evidence,
      value: (row) => row.kind,
      cell: (row) => text.kinds[row.kind] ?? row.kind,
      hideNarrow: true,
    },
  ];
  return (
    <>
      <PageHead title={t.nav.frameworks} />
      <p className="lead">{text.lead}</p>
      <div className="stack">
        <Loaded query={list} what={t.nav.frameworks}>
          {(rows) => (
            <Panel title={t.nav.frameworks}>
              <DataTable
                label={t.nav.frameworks}
                columns={columns}
                rows={rows}
                rowKey={(row) => row.key}
                exportName="frameworks"
              />
            </Panel>
          )}
        </Loaded>
        <Loaded query={ours} what={text.ours}>
          {(rows) => (
            <Panel title={text.ours} aside={<span className="bubble">{rows.length}</span>}>
              <p className="panel-body muted small">{text.none}</p>
              <DataTable
                label={text.ours}
                columns={controlColumns}
                rows={rows}
                rowKey={(row) => row.id}
                exportName="controls"
              />
            </Panel>
          )}
        </Loaded>
      </div>
    </>
  );
}

function Framework({ name }: { name: string }) {
  const query = useQuery(framework(name));
  const columns: readonly Column<Item>[] = [
    { id: "id", title: text.items, value: (row) => row.id, cell: (row) => <code>{row.id}</code> },
    {
      id: "title",
      title: text.requirement,
      value: (row) => row.title,
      cell: (row) => (
        <span className={row.heading ? "strong" : ""}>
          {row.title}
          {row.summary !== null && <span className="block small muted">{row.summary}</span>}
          {row.appliesFrom !== null && (
            <span className="block small muted">
              {text.applies} {row.appliesFrom}
            </span>
          )}
        </span>
      ),
    },
    {
      id: "controls",
      title: text.controls,
      value: (row) => row.controls.length,
      cell: (row) =>
        row.heading ? null : row.controls.length === 0 ? (
          <span className="muted">{text.outside}</span>
        ) : (
          <code>{row.controls.join(", ")}</code>
        ),
    },
    {
      id: "measure",
      title: text.measurement,
      cell: (row) => (row.heading || row.controls.length === 0 ? null : <Status mark="unknown">{t.cantTell}</Status>),
    },
  ];
  return (
    <Loaded query={query} what={t.nav.frameworks}>
      {(one) => {
        const items = one.items.filter((item) => !item.heading);
        return (
          <>
            <PageHead
              title={one.short}
              crumbs={
                <p className="crumbs">
                  <Link to="/frameworks">{text.all}</Link>
                </p>
              }
            />
            <p className="lead">{one.name}</p>
            <p className="muted small">{text.source(one.publisher, one.titleStatus)}</p>
            <Panel
              title={text.supported}
              aside={
                <span className="muted">
                  {text.supportedOf(items.filter((item) => item.controls.length > 0).length, items.length)}
                </span>
              }
            >
              <DataTable
                label={one.short}
                columns={columns}
                rows={one.items}
                rowKey={(row) => row.id}
                exportName={one.key}
              />
            </Panel>
          </>
        );
      }}
    </Loaded>
  );
}
