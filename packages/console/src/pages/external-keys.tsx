import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client, externalKeys, queries } from "../api.ts";
import type { ExternalKeyRow } from "../api-types.ts";
import { DataTable } from "../components/data-table.tsx";
import type { Column } from "../components/data-table.tsx";
import { ReasonDialog } from "../components/dialog.tsx";
import { Empty, Loaded } from "../components/states.tsx";
import { Owner } from "../components/status.tsx";
import { Button, Panel } from "../components/ui.tsx";
import { date } from "../format.ts";
import { t } from "../text.ts";
import { credentials as words } from "../text/credentials.ts";

/** Keys that live elsewhere: what they are called, where, whose, and how old. Never the keys. */
export function ExternalKeys({ system }: { system?: string | undefined }) {
  const query = useQuery(externalKeys(system === undefined ? {} : { system }));
  const [gone, setGone] = useState<ExternalKeyRow | null>(null);
  const columns: readonly Column<ExternalKeyRow>[] = [
    {
      id: "name",
      title: words.name,
      value: (row) => row.name,
      cell: (row) => (
        <>
          <b className="break">{row.name}</b>
          <span className="small block muted">{words.elsewhereKinds[row.kind] ?? row.kind}</span>
        </>
      ),
    },
    { id: "location", title: words.location, value: (row) => row.location, cell: (row) => <span className="break">{row.location}</span> },
    {
      id: "system",
      title: words.system,
      value: (row) => row.system ?? "",
      cell: (row) =>
        row.system === null ? (
          t.none
        ) : (
          <Link className="row-link" to="/systems/$name" params={{ name: row.system }}>
            {row.system}
          </Link>
        ),
    },
    { id: "owner", title: words.owner, value: (row) => row.owner ?? "", cell: (row) => (row.owner === null ? t.none : <Owner email={row.owner} />) },
    { id: "age", title: words.age, value: (row) => row.ageDays ?? -1, cell: (row) => (row.ageDays === null ? t.cantTell : words.validDays(row.ageDays)) },
    { id: "ends", title: words.ends, value: (row) => row.ends ?? "", cell: (row) => (row.ends === null ? t.none : date(row.ends)) },
    {
      id: "act",
      title: words.actions,
      cell: (row) => (
        <Button aria-label={`${words.gone} ${row.name}`} onPress={() => setGone(row)}>
          {words.gone}
        </Button>
      ),
    },
  ];
  return (
    <Panel title={words.elsewhere}>
      <Loaded query={query} what={words.elsewhere}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty title={words.elsewhereEmptyTitle}>{words.elsewhereEmpty}</Empty>
          ) : (
            <DataTable label={words.elsewhere} columns={columns} rows={data.items} rowKey={(row) => row.id} exportName="keys-elsewhere" />
          )
        }
      </Loaded>
      {gone !== null && (
        <ReasonDialog
          open
          onClose={() => setGone(null)}
          title={words.goneTitle(gone.name)}
          effect={words.goneEffect}
          verb={words.gone}
          act={async (reason) => {
            await client.request("POST", `/api/v1/external-credentials/${encodeURIComponent(gone.id)}/gone`, { reason });
            await queries.invalidateQueries({ queryKey: ["external-credentials"] });
          }}
        />
      )}
    </Panel>
  );
}
