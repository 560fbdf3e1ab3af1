import { useQuery } from "@tanstack/react-query";
import { client } from "../../api.ts";
import { DataTable, download } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Failed, Loaded } from "../../components/states.tsx";
import { Button, Panel } from "../../components/ui.tsx";
import { frameworks as words } from "../../text/frameworks.ts";
import { useAct } from "../audits/room.tsx";

interface Format {
  readonly name: string;
  readonly title: string;
  readonly holds: string;
  readonly mediaType: string;
  readonly extension: string;
  readonly needsSystem: boolean;
}

/** The record in formats of others, of the system chosen above or of all. */
export function ExportPanel({ system }: { system: string }) {
  const query = useQuery({ queryKey: ["export-formats"], queryFn: ({ signal }) => client.request<{ items: readonly Format[] }>("GET", "/api/v1/exports", undefined, { signal }) });
  const columns: readonly Column<Format>[] = [
    { id: "title", title: words.exportFormat, cell: (row) => row.title, value: (row) => row.title },
    { id: "holds", title: words.exportHolds, cell: (row) => row.holds, value: (row) => row.holds },
    { id: "take", title: "", cell: (row) => <Take format={row} system={system} /> },
  ];
  return (
    <Panel title={words.exports}>
      <Loaded query={query} what={words.exports}>
        {({ items }) => <DataTable label={words.exports} columns={columns} rows={items} rowKey={(row) => row.name} />}
      </Loaded>
    </Panel>
  );
}

function Take({ format, system }: { format: Format; system: string }) {
  const { busy, error, run } = useAct(async () => {
    const stream = await client.evidence.export(format.name, system === "" ? {} : { system });
    download(`${format.name}${system === "" ? "" : `-${system}`}.${format.extension}`, format.mediaType, await new Response(stream).blob());
  });
  if (format.needsSystem && system === "") return <span className="muted small">{words.exportNeedsSystem}</span>;
  return (
    <>
      <Button isDisabled={busy} onPress={run} aria-label={words.exportOne(format.title)}>
        {busy ? words.exporting : words.export}
      </Button>
      {error !== null && <Failed error={error} what={format.title} />}
    </>
  );
}
