import { Link } from "@tanstack/react-router";
import type { DecisionRow } from "../api-types.ts";
import { clock, count, exact } from "../format.ts";
import { t } from "../text.ts";
import { system as words } from "../text/system.ts";
import { DataTable } from "./data-table.tsx";
import type { Column } from "./data-table.tsx";
import { OutcomeStatus } from "./status.tsx";

/** A model's answer that was stopped for a tool call is shown under that tool. */
export function decided(row: DecisionRow): string {
  return row.tools?.find((one) => row.outcome !== "allow" && one.outcome === row.outcome)?.tool ?? row.resource.id;
}

const time: Column<DecisionRow> = {
  id: "at",
  title: t.decisions.time,
  value: (row) => row.at,
  cell: (row) => (
    <Link className="mono row-link time-link" to="/evidence/$id" params={{ id: row.id }} search={(old) => old}>
      <time dateTime={row.at} title={exact(row.at)}>
        {clock(row.at)}
      </time>
    </Link>
  ),
};
const system: Column<DecisionRow> = {
  id: "system",
  title: t.decisions.system,
  value: (row) => row.system ?? "",
  cell: (row) => row.system ?? t.cantTell,
};
const outcome: Column<DecisionRow> = {
  id: "outcome",
  title: t.decisions.decision,
  value: (row) => row.outcome,
  cell: (row) => <OutcomeStatus decision={row} />,
};
const call: Column<DecisionRow> = {
  id: "call",
  title: t.decisions.call,
  value: (row) => decided(row),
  cell: (row) => (
    <>
      <code>{decided(row)}</code>
      {decided(row) !== row.resource.id && (
        <span className="muted small block">{t.decisions.within(row.resource.id)}</span>
      )}
    </>
  ),
};
const reason: Column<DecisionRow> = {
  id: "reason",
  title: t.decisions.reason,
  value: (row) => row.reason,
  cell: (row) => <span className="clip">{row.reason}</span>,
};
const entry: Column<DecisionRow> = {
  id: "entry",
  title: t.decisions.entry,
  end: true,
  value: (row) => row.intent?.index ?? -1,
  cell: (row) => (
    <Link
      className="mono"
      to="/evidence/$id"
      params={{ id: row.id }}
      search={(old) => old}
      aria-label={`${t.decisions.entry} ${row.intent === null ? t.decisions.pending : row.intent.index}`}
    >
      {row.intent === null ? t.decisions.pending : count(row.intent.index)}
    </Link>
  ),
};
const compact = [time, call, outcome, reason, entry];
const wide = [time, system, outcome, call, reason, entry];

export function DecisionTable({
  rows,
  withSystem = false,
  selected,
  exportName,
}: {
  rows: readonly DecisionRow[];
  withSystem?: boolean;
  selected?: string | undefined;
  exportName?: string;
}) {
  return (
    <DataTable
      label={words.latest}
      columns={withSystem ? wide : compact}
      rows={rows}
      rowKey={(row) => row.id}
      twoLines
      selected={(row) => row.id === selected}
      {...(exportName === undefined ? {} : { exportName })}
    />
  );
}
