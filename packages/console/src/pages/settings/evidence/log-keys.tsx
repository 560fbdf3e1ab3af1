import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../../api.ts";
import { DataTable } from "../../../components/data-table.tsx";
import type { Column } from "../../../components/data-table.tsx";
import { ReasonDialog } from "../../../components/dialog.tsx";
import { Loaded } from "../../../components/states.tsx";
import { Button, Panel } from "../../../components/ui.tsx";
import { count } from "../../../format.ts";
import { logKeys as words } from "../../../text/settings-evidence.ts";

interface Log {
  readonly origin: string;
  readonly vkey: string;
  readonly size: number;
}
const logs = queryOptions<readonly Log[]>({ queryKey: ["setting", "logs"], queryFn: ({ signal }) => client.request("GET", "/api/v1/evidence/logs", undefined, { signal }), refetchInterval: 30_000 });

/** The keys that sign the logs; an administrator replaces that of this server's gateway or of its control log. */
export function LogKeysPanel({ administers }: { administers: boolean }) {
  const query = useQuery(logs);
  const [asked, setAsked] = useState<Log | "gateway" | null>(null);
  const close = (): void => {
    setAsked(null);
    void queries.invalidateQueries({ queryKey: logs.queryKey });
  };
  const newest = (all: readonly Log[], log: Log): boolean => {
    const [writer, epoch] = partsOf(log);
    return all.every((other) => partsOf(other)[0] !== writer || partsOf(other)[1] <= epoch);
  };
  const columns = (all: readonly Log[]): readonly Column<Log>[] => [
    { id: "origin", title: words.log, value: (row) => row.origin, cell: (row) => <code>{row.origin}</code> },
    { id: "size", title: words.entries, end: true, value: (row) => row.size, cell: (row) => count(row.size) },
    { id: "key", title: words.key, cell: (row) => <code>{row.vkey.split("+")[1] ?? ""}</code> },
    { id: "state", title: words.state, cell: (row) => (newest(all, row) ? words.signs : words.replaced) },
    ...(administers
      ? [{ id: "do", title: words.actions, cell: (row: Log) => (isControl(row) && newest(all, row) ? <Button look="quiet" aria-label={`${words.replace} ${row.origin}`} onPress={() => setAsked(row)}>{words.replace}</Button> : null) }]
      : []),
  ];
  return (
    <Panel title={words.title} aside={administers && <Button look="quiet" onPress={() => setAsked("gateway")}>{words.replaceGateway}</Button>}>
      <div className="panel-body">
        <p className="muted small">{words.lead}</p>
        {!administers && <p className="muted small">{words.only}</p>}
      </div>
      <Loaded query={query} what={words.title} rows={3}>
        {(all) => <DataTable label={words.title} rows={all} columns={columns(all)} rowKey={(row) => row.origin} />}
      </Loaded>
      {asked !== null && (
        <ReasonDialog
          open
          onClose={close}
          title={asked === "gateway" ? words.askGateway : words.ask(asked.origin)}
          effect={words.effect}
          verb={words.replace}
          act={(reason) => client.request("POST", "/api/v1/evidence/logs/rotate", { ...(asked === "gateway" ? {} : { log: asked.origin }), reason })}
        />
      )}
    </Panel>
  );
}

/** `<host>/<organization>/<writer>/<epoch>`. */
function partsOf({ origin }: Log): readonly [string, number] {
  const at = origin.lastIndexOf("/");
  return [origin.slice(0, at), Number(origin.slice(at + 1))];
}

function isControl(log: Log): boolean {
  return partsOf(log)[0].endsWith("/control");
}
