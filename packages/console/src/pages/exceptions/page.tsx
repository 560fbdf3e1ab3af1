import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import type { Mark } from "../../api-types.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { ReasonDialog } from "../../components/dialog.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, PageHead, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { exceptions as words } from "../../text/exceptions.ts";
import { exceptions, kinds } from "./queries.ts";
import type { ExceptionRow } from "./queries.ts";
import { AskForException } from "./request.tsx";

const marks: Readonly<Record<ExceptionRow["state"], Mark>> = { asked: "hold", in_force: "person", refused: "deny", ended: "unknown" };

export function ExceptionsPage() {
  const search = useSearch({ from: "/shell/exceptions" });
  const kind = kinds.find((one) => one === search.kind);
  const query = useQuery(exceptions());
  const [asking, setAsking] = useState(kind !== undefined);
  const [ending, setEnding] = useState<ExceptionRow | null>(null);
  const columns: readonly Column<ExceptionRow>[] = [
    { id: "what", title: words.what, value: (row) => `${row.scope.kind} ${row.scope.id}`, cell: (row) => <span>{words.kinds[row.scope.kind]} <code>{row.scope.id}</code></span> },
    { id: "system", title: words.system, value: (row) => row.system, cell: (row) => <SystemLink name={row.system} /> },
    { id: "state", title: words.state, value: (row) => row.state, cell: (row) => <Status mark={marks[row.state]}>{words.states[row.state]}</Status> },
    { id: "ends", title: words.ends, value: (row) => row.ends, cell: (row) => <Time at={row.ends} /> },
    { id: "why", title: words.why, value: (row) => row.reason, cell: (row) => <span>{row.reason}<span className="block muted small">{row.compensating}</span></span> },
    { id: "by", title: words.by, value: (row) => row.grantedBy.join(" "), cell: (row) => <span>{row.grantedBy.join(", ")}<span className="block muted small">{words.askedBy(row.requester)}</span></span> },
    {
      id: "act",
      title: "",
      cell: (row) =>
        row.state === "asked" ? (
          <Link className="button" to="/approve/$id" params={{ id: row.approval }}>
            {words.decide}
          </Link>
        ) : row.state === "in_force" ? (
          <Button onPress={() => setEnding(row)}>{words.end}</Button>
        ) : null,
    },
  ];
  return (
    <>
      <PageHead title={words.title}>
        <Button look="accent" onPress={() => setAsking(true)}>
          {words.ask}
        </Button>
      </PageHead>
      <p className="lead">{words.lead}</p>
      <Loaded query={query} what={words.title}>
        {(rows) => (
          <Panel title={words.title} aside={rows.length > 0 ? <span className="bubble">{rows.length}</span> : undefined}>
            {rows.length === 0 ? <Empty title={words.empty}>{words.emptyHow}</Empty> : <DataTable label={words.title} columns={columns} rows={rows} rowKey={(row) => row.id} exportName="exceptions" />}
          </Panel>
        )}
      </Loaded>
      {asking && <AskForException wanted={{ system: search.system, kind, id: search.id }} onClose={() => setAsking(false)} />}
      {ending !== null && (
        <ReasonDialog
          open
          onClose={() => setEnding(null)}
          title={words.endTitle(ending.scope.id)}
          effect={words.endEffect}
          verb={words.end}
          act={async (reason) => {
            await client.request("POST", `/api/v1/exceptions/${encodeURIComponent(ending.id)}/end`, { reason });
            await queries.invalidateQueries();
          }}
        />
      )}
    </>
  );
}
