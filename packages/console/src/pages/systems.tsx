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

const decided = (row: SystemRow): number =>
  row.decisions24h === undefined ? -1 : row.decisions24h.allow + row.decisions24h.hold + row.decisions24h.deny;
const columns: readonly Column<SystemRow>[] = [
  {
    id: "name",
    title: t.systems.name,
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
    title: t.systems.standing,
    value: (row) => row.status,
    cell: (row) => (
      <Status mark={systemMark(row)}>
        {row.status === "operating" ? t.systems.operating : (t.statusCode[row.statusCode ?? ""] ?? t.systems.refused)}
      </Status>
    ),
  },
  {
    id: "lifecycle",
    title: t.systems.stage,
    value: (row) => row.lifecycle,
    cell: (row) => t.lifecycle[row.lifecycle] ?? row.lifecycle,
  },
  { id: "tier", title: t.systems.tier, value: (row) => row.tier, cell: (row) => row.tier },
  {
    id: "owners",
    title: t.systems.owners,
    value: (row) => row.owners?.business ?? "",
    cell: (row) => <Owner email={row.owners?.business} />,
  },
  {
    id: "ends",
    title: t.systems.ends,
    value: (row) => row.authorization?.ends ?? "",
    cell: (row) => <Ends row={row} />,
  },
  {
    id: "decisions",
    title: t.systems.decisions,
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
    return <span className="muted">{t.systems.noEnd}</span>;
  const left = daysUntil(row.authorization.ends);
  return (
    <>
      {date(row.authorization.ends)}
      <span className={`small block ${left <= 0 ? "problem" : "muted"}`}>
        {left <= 0
          ? t.band.ended
          : left === 1
            ? t.overview.left(timeLeft(row.authorization.ends))
            : t.overview.days(left)}
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
      <PageHead title={t.systems.title}>
        <Link to="/import" className="button">
          {t.intake.importTitle}
        </Link>
        <Link to="/register" className="button button-accent">
          {t.overview.register}
        </Link>
      </PageHead>
      <div className="filters">
        <input
          type="search"
          aria-label={t.systems.q}
          placeholder={t.systems.q}
          value={search.q ?? ""}
          onChange={(event) => set({ q: event.target.value })}
        />
        <Choice
          hideLabel
          label={t.systems.lifecycle}
          value={search.lifecycle ?? ""}
          options={[["", t.systems.any], ...Object.entries(t.lifecycle)]}
          onChange={(lifecycle) => set({ lifecycle })}
        />
        <Choice
          hideLabel
          label={t.systems.tier}
          value={search.tier ?? ""}
          options={[["", t.systems.any], ...Object.entries(t.tier)]}
          onChange={(tier) => set({ tier })}
        />
        <Choice
          hideLabel
          label={t.systems.standing}
          value={search.status ?? ""}
          options={[
            ["", t.systems.any],
            ["operating", t.systems.operating],
            ["restricted", t.systems.restricted],
            ["refused", t.systems.refused],
          ]}
          onChange={(status) => set({ status })}
        />
      </div>
      <Loaded query={query} what={t.systems.title} rows={10}>
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
              <Panel title={t.systems.emptyTitle}>
                <Empty
                  title={t.systems.empty}
                  action={
                    <Link to="/register" className="button button-accent">
                      {t.overview.register}
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
                  label={t.systems.title}
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
