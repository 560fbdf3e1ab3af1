import { useQuery } from "@tanstack/react-query";
import { Link, useRouterState, useSearch } from "@tanstack/react-router";
import { inventory } from "../api.ts";
import type { InventoryRow } from "../api-types.ts";
import { DataTable } from "../components/data-table.tsx";
import type { Column } from "../components/data-table.tsx";
import { Empty, Loaded } from "../components/states.tsx";
import { DataClass } from "../components/status.tsx";
import { Command, Facts, PageHead, Panel, SystemLink, Time } from "../components/ui.tsx";
import { t } from "../text.ts";
import { inventory as words } from "../text/inventory.ts";
import { inventoryKinds } from "./kinds.ts";
import type { InventoryKind } from "./kinds.ts";

const fields: Record<InventoryKind, readonly string[]> = {
  models: ["vendor", "protocol", "region", "training", "maxSensitivity", "visibility"],
  prompts: ["owner"],
  tools: ["server", "effect", "reversible", "output"],
  agents: ["owner"],
  datasets: ["sensitivity", "classes", "region", "owner"],
  destinations: ["kind", "vendor", "region", "maxSensitivity"],
  vendors: ["contract", "visibility"],
};

function show(value: unknown): string {
  if (value === undefined || value === null) return t.cantTell;
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (Array.isArray(value)) return value.length === 0 ? t.none : value.map(show).join(", ");
  if (typeof value === "object")
    return Object.entries(value)
      .map(([key, part]) => `${key} ${show(part)}`)
      .join(", ");
  return String(value);
}
const cellOf = (field: string, value: unknown) =>
  field.endsWith("ensitivity") && typeof value === "string" ? (
    <DataClass value={value} />
  ) : value === undefined && field === "server" ? (
    t.none
  ) : (
    show(value)
  );

export function InventoryPage() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const kind: InventoryKind = inventoryKinds.find((one) => path.startsWith(`/${one}`)) ?? "models";
  const { name } = useSearch({ strict: false });
  const query = useQuery({ ...inventory(kind), placeholderData: undefined });
  const columns: readonly Column<InventoryRow>[] = [
    {
      id: "name",
      title: words.name,
      value: (row) => row.name,
      cell: (row) => (
        <Link className="row-link strong" to={`/${kind}` as "/models"} search={{ name: row.name }}>
          {row.title ?? row.name}
        </Link>
      ),
    },
    ...fields[kind].map(
      (field): Column<InventoryRow> => ({
        id: field,
        title: words.field[field] ?? field,
        value: (row) => show(row.spec?.[field]),
        cell: (row) => cellOf(field, row.spec?.[field]),
      }),
    ),
    {
      id: "used",
      title: words.usedBy,
      value: (row) => (row.usedBy ?? []).join(" "),
      cell: (row) =>
        row.usedBy === undefined ? (
          <span className="muted">{t.cantTell}</span>
        ) : row.usedBy.length === 0 ? (
          <span className="muted">{words.noUsers}</span>
        ) : (
          <span className="row wrap tight">
            {row.usedBy.map((system) => (
              <SystemLink key={system} name={system} />
            ))}
          </span>
        ),
    },
    {
      id: "changed",
      title: words.changed,
      value: (row) => row.updatedAt ?? "",
      cell: (row) => <Time at={row.updatedAt} />,
    },
  ];
  return (
    <>
      <PageHead title={t.nav[kind]} />
      <p className="lead">{words.lead[kind]}</p>
      <Loaded query={query} what={t.nav[kind]}>
        {(data) => {
          const one = data.items.find((item) => item.name === name);
          if (data.items.length === 0)
            return (
              <Panel title={words.empty(t.nav[kind].toLowerCase())}>
                <Empty
                  title={words.emptyHow}
                  action={<Command>npx mandate apply -f manifest.yaml</Command>}
                  sample
                />
              </Panel>
            );
          return (
            <div className={one === undefined ? "" : "with-rail"}>
              <Panel title={t.table.rows(data.items.length)}>
                <DataTable
                  label={t.nav[kind]}
                  columns={columns}
                  rows={data.items}
                  rowKey={(row) => row.name}
                  selected={(row) => row.name === name}
                  exportName={kind}
                />
              </Panel>
              {one !== undefined && (
                <Panel title={one.title ?? one.name}>
                  <div className="panel-body">
                    <Facts
                      rows={Object.entries(one.spec ?? {}).map(
                        ([field, value]) =>
                          [
                            words.field[field] ?? field,
                            <span key={field} className="break">
                              {cellOf(field, value)}
                            </span>,
                          ] as const,
                      )}
                    />
                    <Command>{`npx mandate describe ${kind}/${one.name}`}</Command>
                  </div>
                </Panel>
              )}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}
