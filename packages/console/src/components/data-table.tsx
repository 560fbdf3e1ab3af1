import { createSortedRowModel, rowSortingFeature, sortFns, tableFeatures, useTable } from "@tanstack/react-table";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import type { ReactNode } from "react";
import { t } from "../text.ts";

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel(), sortFns });

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: T) => ReactNode;
  /** What it sorts and exports by; absent: neither. */
  readonly value?: (row: T) => string | number;
  readonly end?: boolean;
  readonly hideNarrow?: boolean;
}

/** A real table on wide screens, one card a row on narrow ones; explicit roles keep it a table for readers there. */
export function DataTable<T extends object>({
  label,
  columns,
  rows,
  selected,
  exportName,
  rowKey,
  twoLines = false,
  foldAt,
}: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  selected?: ((row: T) => boolean) | undefined;
  exportName?: string;
  rowKey: (row: T) => string;
  /** On a phone a row is two lines without labels instead of a card; `data-col` places its cells. */
  twoLines?: boolean;
  /** Past this many rows the rest is shown on demand; sorting and downloads take all of them. */
  foldAt?: number;
}) {
  const defs = useMemo<ColumnDef<typeof features, T>[]>(
    () =>
      columns.map(({ id, title, value }) => ({
        id,
        header: title,
        enableSorting: value !== undefined,
        accessorFn: value ?? (() => ""),
      })),
    [columns],
  );
  const data = useMemo(() => [...rows], [rows]);
  const table = useTable({ features, columns: defs, data, getRowId: rowKey });
  const byId = new Map(columns.map((column) => [column.id, column]));
  const sorted = table.getRowModel().rows;
  const [unfolded, setUnfolded] = useState(false);
  const isFolded = foldAt !== undefined && !unfolded && sorted.length > foldAt;
  return (
    <>
      <div className="table-scroll">
        <table className={twoLines ? "table two-lines" : "table"} role="table" aria-label={label}>
          <thead role="rowgroup">
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id} role="row">
                {group.headers.map((header) => {
                  const column = byId.get(header.column.id);
                  const order = header.column.getIsSorted();
                  return (
                    <th
                      key={header.id}
                      role="columnheader"
                      scope="col"
                      className={column?.end === true ? "end" : ""}
                      aria-sort={order === "asc" ? "ascending" : order === "desc" ? "descending" : "none"}
                    >
                      {header.column.getCanSort() ? (
                        <button type="button" className="sort" onClick={header.column.getToggleSortingHandler()}>
                          {column?.title}
                          <span aria-hidden="true">{order === "asc" ? " ↑" : order === "desc" ? " ↓" : ""}</span>
                        </button>
                      ) : (
                        column?.title
                      )}
                    </th>
                  );
                })}
              </tr>
            ))}
          </thead>
          <tbody role="rowgroup">
            {(isFolded ? sorted.slice(0, foldAt) : sorted).map((row) => (
              <tr key={row.id} role="row" className={selected?.(row.original) === true ? "selected" : ""} data-row="">
                {columns.map((column) => (
                  <td
                    key={column.id}
                    role="cell"
                    data-label={column.title}
                    data-col={column.id}
                    data-narrow={column.hideNarrow === true ? "hide" : undefined}
                    className={column.end === true ? "end" : ""}
                  >
                    {column.cell(row.original)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {isFolded && (
        <p className="panel-body">
          <button type="button" className="link-button" onClick={() => setUnfolded(true)}>
            {t.table.all(sorted.length)}
          </button>
        </p>
      )}
      {exportName !== undefined && rows.length > 0 && (
        <div className="table-foot">
          <span className="muted">{t.table.rows(rows.length)}</span>
          <span className="row">
            <span className="muted">{t.table.download}</span>
            <button
              type="button"
              className="link-button"
              onClick={() =>
                download(
                  `${exportName}.csv`,
                  "text/csv",
                  csv(
                    columns,
                    sorted.map((row) => row.original),
                  ),
                )
              }
            >
              {t.table.csv}
            </button>
            <button
              type="button"
              className="link-button"
              onClick={() =>
                download(
                  `${exportName}.json`,
                  "application/json",
                  JSON.stringify(
                    sorted.map((row) => row.original),
                    null,
                    2,
                  ),
                )
              }
            >
              {t.table.json}
            </button>
          </span>
        </div>
      )}
    </>
  );
}

/** A leading quote keeps a spreadsheet from running a cell that an agent or vendor named. */
function csv<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const cell = (value: string | number): string => {
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return `"${text.replaceAll('"', '""')}"`;
  };
  const kept = columns.filter((column) => column.value !== undefined);
  return [
    kept.map((column) => cell(column.title)),
    ...rows.map((row) => kept.map((column) => cell(column.value?.(row) ?? ""))),
  ]
    .map((line) => line.join(","))
    .join("\r\n");
}

export function download(name: string, type: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
