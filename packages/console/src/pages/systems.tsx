import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { systems } from "../api.ts";
import type { SystemRow } from "../api-types.ts";
import { DataTable } from "../components/data-table.tsx";
import type { Column } from "../components/data-table.tsx";
import { Choice } from "../components/dialog.tsx";
import { Empty, FilteredEmpty, Loaded } from "../components/states.tsx";
import { Owner, Status, systemMark } from "../components/status.tsx";
import { LiveDot, PageHead, Panel } from "../components/ui.tsx";
import { count, date, daysUntil, timeLeft } from "../format.ts";
import { t } from "../text.ts";
import { systems as systemsWords } from "../text/systems.ts";
import { band as bandWords } from "../text/system.ts";
import { overview as overviewWords } from "../text/overview.ts";
import { intake as intakeWords } from "../text/intake.ts";

const decided = (row: SystemRow): number =>
  row.decisions24h === undefined ? -1 : row.decisions24h.allow + row.decisions24h.hold + row.decisions24h.deny;
const columns: readonly Column<SystemRow>[] = [
  {
    id: "name",
    title: systemsWords.name,
    value: (row) => row.title,
    cell: (row) => (
      <>
        <Link className="row-link strong" to="/systems/$name" params={{ name: row.name }}>
          {row.title}
        </Link>
        <span className="muted small block">{row.unit ?? row.name}</span>
      </>
    ),
  },
  {
    id: "standing",
    title: systemsWords.standing,
    value: (row) => row.status,
    cell: (row) => (
      <Status mark={systemMark(row)}>
        {row.status === "operating" ? systemsWords.operating : (t.statusCode[row.statusCode ?? ""] ?? systemsWords.refused)}
      </Status>
    ),
  },
  {
    id: "lifecycle",
    title: systemsWords.stage,
    value: (row) => row.lifecycle,
    cell: (row) => t.lifecycle[row.lifecycle] ?? row.lifecycle,
  },
  { id: "tier", title: systemsWords.tier, value: (row) => row.tier, cell: (row) => row.tier },
  {
    id: "owners",
    title: systemsWords.owners,
    value: (row) => row.owners?.business ?? "",
    cell: (row) => <Owner email={row.owners?.business} />,
  },
  {
    id: "ends",
    title: systemsWords.ends,
    value: (row) => row.authorization?.ends ?? "",
    cell: (row) => <Ends row={row} />,
  },
  {
    id: "decisions",
    title: systemsWords.decisions,
    end: true,
    value: decided,
    cell: (row) =>
      row.decisions24h === undefined ? (
        <span className="muted">{t.cantTell}</span>
      ) : (
        <Link className="mono" to="/evidence" search={{ system: row.name }}>
          {count(decided(row))}
        </Link>
      ),
  },
];

function Ends({ row }: { row: SystemRow }) {
  if (row.authorization === null || row.authorization.ends === null)
    return <span className="muted">{systemsWords.noEnd}</span>;
  const left = daysUntil(row.authorization.ends);
  return (
    <>
      {date(row.authorization.ends)}
      <span className={`small block ${left <= 0 ? "problem" : "muted"}`}>
        {left <= 0
          ? bandWords.ended
          : left === 1
            ? overviewWords.left(timeLeft(row.authorization.ends))
            : overviewWords.days(left)}
      </span>
    </>
  );
}

export function SystemsPage() {
  const search = useSearch({ from: "/shell/systems" });
  const navigate = useNavigate();
  const query = useQuery(systems());
  const set = (change: Partial<typeof search>): void =>
    void navigate({
      to: "/systems",
      search: Object.fromEntries(
        Object.entries({ ...search, ...change }).filter(([, value]) => value !== "" && value !== undefined),
      ),
      replace: true,
    });
  const words = (search.q ?? "").toLowerCase();
  const named = [
    search.q === undefined ? "" : `“${search.q}”`,
    search.lifecycle === undefined ? "" : (t.lifecycle[search.lifecycle] ?? search.lifecycle),
    search.tier ?? "",
    search.status ?? "",
  ].filter((name) => name !== "");
  return (
    <>
      <PageHead title={systemsWords.title}>
        <Link to="/import" className="button">
          {intakeWords.importTitle}
        </Link>
        <Link to="/register" className="button button-accent">
          {overviewWords.register}
        </Link>
      </PageHead>
      <div className="filters">
        <input
          type="search"
          aria-label={systemsWords.q}
          placeholder={systemsWords.q}
          value={search.q ?? ""}
          onChange={(event) => set({ q: event.target.value })}
        />
        <Choice
          hideLabel
          label={systemsWords.lifecycle}
          value={search.lifecycle ?? ""}
          options={[["", systemsWords.any], ...Object.entries(t.lifecycle)]}
          onChange={(lifecycle) => set({ lifecycle })}
        />
        <Choice
          hideLabel
          label={systemsWords.tier}
          value={search.tier ?? ""}
          options={[["", systemsWords.any], ...Object.entries(t.tier)]}
          onChange={(tier) => set({ tier })}
        />
        <Choice
          hideLabel
          label={systemsWords.standing}
          value={search.status ?? ""}
          options={[
            ["", systemsWords.any],
            ["operating", systemsWords.operating],
            ["restricted", systemsWords.restricted],
            ["refused", systemsWords.refused],
          ]}
          onChange={(status) => set({ status })}
        />
      </div>
      <Loaded query={query} what={systemsWords.title} rows={10}>
        {(data) => {
          const rows = data.items.filter(
            (row) =>
              (search.lifecycle === undefined || row.lifecycle === search.lifecycle) &&
              (search.tier === undefined || row.tier === search.tier) &&
              (search.status === undefined || row.status === search.status) &&
              `${row.name} ${row.title} ${row.unit ?? ""} ${row.owners?.business ?? ""} ${row.owners?.technical ?? ""}`
                .toLowerCase()
                .includes(words),
          );
          if (data.items.length === 0)
            return (
              <Panel title={systemsWords.emptyTitle}>
                <Empty
                  title={systemsWords.empty}
                  action={
                    <Link to="/register" className="button button-accent">
                      {overviewWords.register}
                    </Link>
                  }
                  sample
                />
              </Panel>
            );
          return (
            <Panel title={t.table.rows(rows.length)} aside={<LiveDot />}>
              {rows.length === 0 ? (
                <FilteredEmpty filters={named} clear={() => void navigate({ to: "/systems", search: {} })} />
              ) : (
                <DataTable
                  label={systemsWords.title}
                  columns={columns}
                  rows={rows}
                  rowKey={(row) => row.name}
                  exportName="systems"
                />
              )}
            </Panel>
          );
        }}
      </Loaded>
    </>
  );
}
