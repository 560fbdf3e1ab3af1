import { Link } from "@tanstack/react-router";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Status } from "../../components/status.tsx";
import { SystemLink, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { policies as words } from "../../text/policies.ts";
import type { Flip } from "./queries.ts";

const columns: readonly Column<Flip>[] = [
  {
    id: "at",
    title: words.when,
    value: (row) => row.at,
    cell: (row) => (
      <Link className="row-link" to="/evidence/$id" params={{ id: row.id }} search={{}}>
        <Time at={row.at} />
      </Link>
    ),
  },
  { id: "system", title: words.system, value: (row) => row.system ?? "", cell: (row) => (row.system === null ? t.none : <SystemLink name={row.system} />) },
  { id: "call", title: words.call, value: (row) => row.tool ?? row.resource, cell: (row) => <code>{row.tool ?? row.resource}</code> },
  { id: "was", title: words.was, value: (row) => row.recorded.outcome, cell: (row) => <Status mark={row.recorded.outcome} /> },
  { id: "would", title: words.would, value: (row) => row.replayed.outcome, cell: (row) => <Status mark={row.replayed.outcome} /> },
  { id: "by", title: words.by, value: (row) => row.replayed.rule ?? "", cell: (row) => <code>{row.replayed.rule ?? t.none}</code>, hideNarrow: true },
];

/** Decisions that would come out otherwise, each a way into its own evidence. */
export function Flips({ label, rows }: { label: string; rows: readonly Flip[] }) {
  return <DataTable label={label} columns={columns} rows={rows} rowKey={(row) => `${row.id} ${row.tool ?? ""}`} exportName="flips" />;
}
