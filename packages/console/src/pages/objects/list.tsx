import { useQuery } from "@tanstack/react-query";
import { Link, useMatch, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { inventory } from "../../api.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Choice } from "../../components/dialog.tsx";
import { Empty, FilteredEmpty, Loaded } from "../../components/states.tsx";
import { Command, LiveDot, PageHead, Panel, Time } from "../../components/ui.tsx";
import { count } from "../../format.ts";
import { t } from "../../text.ts";
import { objects as words } from "../../text/objects.ts";
import { inventoryKinds } from "../kinds.ts";
import type { InventoryKind } from "../kinds.ts";
import { objectKinds } from "./kinds/index.ts";
import type { Row } from "./kind.ts";
import { ObjectLink, Unknown, Users } from "./parts.tsx";
import { useOf } from "./queries.ts";

const foldAt = 20;

/** From the page's own route, never the address: while somebody leaves, the address is already another page's. */
export function useKind(): InventoryKind {
  const route = useMatch({ strict: false, select: (match) => String(match.routeId) });
  return inventoryKinds.find((one) => route.split("/").includes(one)) ?? "models";
}

/** One kind of the register: what each is, who uses it, when it was last seen. */
export function ObjectsPage() {
  const plural = useKind();
  const kind = objectKinds[plural];
  const search: Readonly<Record<string, string | undefined>> = useSearch({ strict: false });
  const navigate = useNavigate();
  const query = useQuery({ ...inventory(plural), placeholderData: undefined });
  const { data: use, error: useError } = useQuery({ ...useOf(plural, kind.reference), placeholderData: undefined });
  const rows = useMemo((): readonly Row[] => {
    const found = new Map(use?.items.map((one) => [one.name, one]));
    const missing = use === undefined && useError === null ? undefined : null;
    return (query.data?.items ?? []).map((row) => ({ ...row, use: found.get(row.name) ?? missing }));
  }, [query.data, use, useError]);
  const columns = useMemo((): readonly Column<Row>[] => columnsOf(plural), [plural]);
  const filters = [...kind.filters, usedFilter];
  const set = (change: Readonly<Record<string, string>>): void =>
    void navigate({ to: `/${plural}` as "/models", search: Object.fromEntries(Object.entries({ ...search, ...change }).filter(([, value]) => value !== "" && value !== undefined)), replace: true });
  const clear = (): void => void navigate({ to: `/${plural}` as "/models", search: {} });
  const wanted = (search["q"] ?? "").toLowerCase();
  const shown = rows.filter(
    (row) =>
      `${row.name} ${row.title ?? ""} ${JSON.stringify(row.spec ?? {})}`.toLowerCase().includes(wanted) &&
      filters.every((filter) => search[filter.id] === undefined || filter.values(row).includes(search[filter.id] ?? "")),
  );
  const named = [search["q"] === undefined ? "" : `“${search["q"]}”`, ...filters.flatMap((filter) => (search[filter.id] === undefined ? [] : [`${filter.title}: ${search[filter.id]}`]))].filter((one) => one !== "");
  return (
    <>
      <PageHead title={words.title[plural] ?? plural} />
      <p className="lead">{words.lead[plural]}</p>
      {(plural === "tools" || plural === "mcp-servers") && <ToolTabs at={plural} />}
      <Loaded query={query} what={words.title[plural] ?? plural} rows={8}>
        {({ items }) =>
          items.length === 0 ? (
            <Panel title={words.emptyTitle[plural] ?? words.none}>
              <Empty title={words.empty[plural] ?? ""} action={<Command>npx mandate apply -f manifest.yaml</Command>} sample={plural !== "mcp-servers"} />
            </Panel>
          ) : (
            <>
              <div className="filters">
                <input type="search" aria-label={words.search} placeholder={words.search} value={search["q"] ?? ""} onChange={(event) => set({ q: event.target.value })} />
                {filters.map((filter) => {
                  const values = [...new Set(rows.flatMap((row) => filter.values(row)))].toSorted();
                  // One value tells nothing apart.
                  if (values.length < 2 && search[filter.id] === undefined) return null;
                  return <Choice key={filter.id} hideLabel label={filter.title} value={search[filter.id] ?? ""} options={[["", words.any], ...values.map((value) => [value, value.replace(/^(?:vendor|mcp-server):/, "")] as const)]} onChange={(value) => set({ [filter.id]: value })} />;
                })}
              </div>
              <Panel title={t.table.rows(shown.length)} aside={<LiveDot />}>
                {shown.length === 0 ? (
                  <FilteredEmpty filters={named} clear={clear} />
                ) : (
                  <DataTable label={words.title[plural] ?? plural} columns={columns} rows={shown} rowKey={(row) => row.name} exportName={plural} foldAt={foldAt} />
                )}
              </Panel>
            </>
          )
        }
      </Loaded>
    </>
  );
}

const usedFilter = { id: "used", title: words.usedBy, values: (row: Row): readonly string[] => (row.use == null ? [] : row.use.users.length === 0 ? [words.noUsers] : row.use.users.map((user) => user.system)) } as const;

function ToolTabs({ at }: { at: InventoryKind }) {
  return (
    <nav className="tabs" aria-label={words.toolTabs}>
      {(["tools", "mcp-servers"] as const).map((one) => (
        <Link key={one} to={`/${one}` as "/models"} search={{}} className={one === at ? "tab active" : "tab"} aria-current={one === at ? "page" : undefined} activeProps={{}}>
          {words.title[one]}
        </Link>
      ))}
    </nav>
  );
}

function columnsOf(plural: InventoryKind): readonly Column<Row>[] {
  const kind = objectKinds[plural];
  return [
    {
      id: "name",
      title: words.name,
      value: (row) => row.name,
      cell: (row) => (
        <>
          <ObjectLink kind={plural} name={row.name} className="row-link strong">
            {row.title ?? row.name}
          </ObjectLink>
          {row.title !== undefined && row.title !== row.name && <code className="muted small block">{row.name}</code>}
        </>
      ),
    },
    ...kind.columns,
    { id: "used", title: words.usedBy, value: (row) => row.use?.users.length ?? -1, cell: (row) => <Users kind={plural} name={row.name} use={row.use} /> },
    {
      id: "calls",
      title: words.calls,
      end: true,
      hideNarrow: true,
      value: (row) => total(row),
      cell: (row) => (row.use == null || row.use.calls24h === null ? <Unknown use={row.use} /> : <span className="mono">{count(total(row))}</span>),
    },
    {
      id: "seen",
      title: words.lastSeen,
      value: (row) => row.use?.lastSeen ?? "",
      cell: (row) => (row.use == null || row.use.calls24h === null ? <Unknown use={row.use} /> : row.use.lastSeen === null ? <span className="muted">{t.never}</span> : <Time at={row.use.lastSeen} />),
    },
  ];
}

function total(row: Row): number {
  const calls = row.use?.calls24h;
  return calls == null ? -1 : calls.allow + calls.hold + calls.deny;
}
