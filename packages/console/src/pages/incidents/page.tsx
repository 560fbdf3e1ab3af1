import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, PageHead, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { incidents as words } from "../../text/incidents.ts";
import { Incident } from "./incident.tsx";
import { KillDialog } from "./kill-dialog.tsx";
import { OpenIncident } from "./open.tsx";
import { incidents } from "./queries.ts";
import type { IncidentRow } from "./queries.ts";

export function IncidentsPage() {
  const { id, system } = useSearch({ from: "/shell/incidents" });
  return id === undefined ? <List system={system} /> : <Incident id={id} />;
}

function List({ system }: { system?: string | undefined }) {
  const query = useQuery(incidents);
  const [opening, setOpening] = useState(system !== undefined);
  const [killing, setKilling] = useState(false);
  const columns: readonly Column<IncidentRow>[] = [
    {
      id: "title",
      title: words.what,
      value: (row) => row.title,
      cell: (row) => (
        <Link className="row-link strong" to="/incidents" search={{ id: row.id }}>
          {row.title}
        </Link>
      ),
    },
    {
      id: "state",
      title: words.state,
      value: (row) => row.state,
      cell: (row) => (
        <Status mark={row.state === "closed" ? "allow" : row.overdue ? "deny" : "hold"}>{words.states[row.state]}</Status>
      ),
    },
    { id: "severity", title: words.severity, value: (row) => row.severity, cell: (row) => words.severities[row.severity] },
    {
      id: "systems",
      title: words.systems,
      value: (row) => row.systems.join(" "),
      cell: (row) => (
        <span className="row wrap tight">
          {row.systems.length === 0 ? t.none : row.systems.map((name) => <SystemLink key={name} name={name} />)}
        </span>
      ),
    },
    {
      id: "next",
      title: words.next,
      value: (row) => row.nextDue ?? "",
      cell: (row) =>
        row.nextDue === null ? (
          <span className="muted">{t.none}</span>
        ) : (
          <span className={row.overdue ? "problem" : ""}>
            <Time at={row.nextDue} />
          </span>
        ),
    },
    { id: "opened", title: words.opened, value: (row) => row.openedAt, cell: (row) => <Time at={row.openedAt} /> },
  ];
  return (
    <>
      <PageHead title={words.title}>
        <Button look="danger-quiet" onPress={() => setKilling(true)}>
          {words.kill}
        </Button>
        <Button look="accent" onPress={() => setOpening(true)}>
          {words.open}
        </Button>
      </PageHead>
      <p className="lead">{words.lead}</p>
      <Loaded query={query} what={words.title}>
        {(data) => (
          <Panel title={words.title}>
            {data.items.length === 0 ? (
              <Empty title={words.none}>{words.noneMore}</Empty>
            ) : (
              <DataTable
                label={words.title}
                columns={columns}
                rows={data.items}
                rowKey={(row) => row.id}
                exportName="incidents"
              />
            )}
          </Panel>
        )}
      </Loaded>
      {opening && <OpenIncident system={system} onClose={() => setOpening(false)} />}
      {killing && <KillDialog onClose={() => setKilling(false)} />}
    </>
  );
}
