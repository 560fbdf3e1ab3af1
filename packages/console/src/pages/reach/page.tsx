import { queryOptions, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { client } from "../../api.ts";
import type { ReachNode } from "../../api-types.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Choice, TextInput } from "../../components/dialog.tsx";
import { Empty, FilteredEmpty, Loaded } from "../../components/states.tsx";
import { DataClass, Owner, Status } from "../../components/status.tsx";
import { PageHead, Panel, SystemLink } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { Ref, Refs } from "../objects/parts.tsx";
import { reach as words } from "../../text/reach.ts";
import { CutLink } from "./cut-link.tsx";
import { ReachMap } from "./map.tsx";

interface Reached {
  readonly system: string;
  readonly owner: string | null;
  readonly node: ReachNode;
  readonly through: readonly string[];
  readonly outcome: "allow" | "hold" | "deny";
  readonly terms: string | null;
}

const listed = queryOptions({
  queryKey: ["systems", "reach"],
  queryFn: ({ signal }) => client.request<{ items: readonly Reached[]; total: number }>("GET", "/api/v1/reach", undefined, { signal }),
});

const columns: readonly Column<Reached>[] = [
  { id: "system", title: words.system, value: (row) => row.system, cell: (row) => <SystemLink name={row.system} /> },
  {
    id: "reaches",
    title: words.reaches,
    value: (row) => row.node.id,
    cell: (row) => (
      <>
        <span className="muted small block">{row.node.kind}</span>
        <b>
          <Ref to={row.node.id} bareName />
        </b>
      </>
    ),
  },
  { id: "through", title: words.through, value: (row) => row.through.join(" "), cell: (row) => (row.through.length === 0 ? <span className="muted">{words.itself}</span> : <Refs of={row.through} bareName={false} />) },
  {
    id: "where",
    title: words.where,
    value: (row) => `${row.node.region ?? ""} ${row.node.sensitivity ?? ""}`,
    cell: (row) => (
      <>
        {row.node.region ?? t.cantTell}
        {row.node.sensitivity != null && (
          <span className="block">
            <DataClass value={row.node.sensitivity} />
          </span>
        )}
        {row.node.inside === false && <Status mark="deny">{words.outside}</Status>}
      </>
    ),
  },
  { id: "rule", title: words.rule, value: (row) => row.outcome, cell: (row) => <Status mark={row.outcome} /> },
  { id: "terms", title: words.terms, value: (row) => row.terms ?? "", cell: (row) => <span className="clip">{row.terms ?? ""}</span>, hideNarrow: true },
  { id: "owner", title: words.owner, value: (row) => row.owner ?? "", cell: (row) => <Owner email={row.owner} />, hideNarrow: true },
  { id: "cut", title: words.cut, value: () => "", cell: (row) => (row.through.length === 0 ? <CutLink system={row.system} thing={row.node.id} /> : null) },
];

/** Also the one asked for, which may reach nothing. */
const systemsOf = (rows: readonly Reached[], asked: string): readonly string[] => [...new Set([...rows.map((row) => row.system), ...(asked === "" ? [] : [asked])])].toSorted();

/** Who reaches what, read from either end: a system's name, or that of a thing. */
export function ReachPage() {
  const { q = "", kind = "", from = "" } = useSearch({ from: "/shell/reach" });
  const go = useNavigate({ from: "/reach" });
  const query = useQuery(listed);
  const set = (change: { q?: string; kind?: string; from?: string }): void => void go({ search: (old) => ({ ...old, ...change }), replace: true });
  const wanted = q.trim().toLowerCase();
  return (
    <>
      <PageHead title={words.title} />
      <p className="lead">{words.lead}</p>
      <div className="filters">
        <TextInput label={words.of} value={q} onChange={(value) => set({ q: value })} />
        <Choice label={words.kind} value={kind} options={[["", words.all], ...Object.entries(words.kinds)]} onChange={(value) => set({ kind: value })} />
        <Choice label={words.from} value={from} options={[["", t.none], ...systemsOf(query.data?.items ?? [], from).map((name) => [name, name] as const)]} onChange={(value) => set({ from: value })} />
      </div>
      {from !== "" && <ReachMap key={from} system={from} />}
      <Loaded query={query} what={words.title} rows={8}>
        {({ items, total }) => {
          const rows = items.filter((row) => (kind === "" || row.node.kind === kind) && (wanted === "" || `${row.node.id} ${row.system} ${row.through.join(" ")}`.toLowerCase().includes(wanted)));
          return (
            <Panel title={words.counted(rows.length, new Set(rows.map((row) => row.system)).size)}>
              {items.length === 0 ? (
                <Empty title={words.empty}>{words.emptyMore}</Empty>
              ) : rows.length === 0 ? (
                <FilteredEmpty filters={[q, kind].filter((one) => one !== "")} clear={() => set({ q: "", kind: "" })} />
              ) : (
                <DataTable label={words.title} columns={columns} rows={rows} rowKey={(row) => `${row.system} ${row.node.id}`} exportName="reach" foldAt={50} />
              )}
              {total > items.length && <p className="panel-body muted small">{words.more(items.length, total)}</p>}
            </Panel>
          );
        }}
      </Loaded>
    </>
  );
}
