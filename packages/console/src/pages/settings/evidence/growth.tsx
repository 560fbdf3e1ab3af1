import { queryOptions, useQuery } from "@tanstack/react-query";
import { client } from "../../../api.ts";
import { DataTable } from "../../../components/data-table.tsx";
import type { Column } from "../../../components/data-table.tsx";
import { Loaded } from "../../../components/states.tsx";
import { Status } from "../../../components/status.tsx";
import { Facts, Panel } from "../../../components/ui.tsx";
import { bytes, count } from "../../../format.ts";
import { growth as words } from "../../../text/settings-evidence.ts";

interface Kind {
  readonly kind: string;
  readonly bytes: number;
  readonly bytesPerDay: number;
}
interface Upkeep {
  readonly database: { readonly bytes: number };
  readonly partitions: readonly { readonly table: string; readonly monthsAhead: number; readonly strays: number }[];
  readonly evidence: {
    readonly entries: number;
    readonly kinds: readonly Kind[];
    readonly entriesPerDay: number;
    readonly bytesPerDay: number;
    readonly roomBytes: number | null;
    readonly daysLeft: number | null;
  };
}
const upkeep = queryOptions<Upkeep>({ queryKey: ["upkeep"], queryFn: ({ signal }) => client.request("GET", "/api/v1/upkeep", undefined, { signal }), refetchInterval: 60_000 });

/** Below this many days somebody has to act: a disk isn't bought in an afternoon. */
const fewDays = 30;

export function GrowthPanel() {
  const query = useQuery(upkeep);
  const columns: readonly Column<Kind>[] = [
    { id: "kind", title: words.what, value: (row) => row.kind, cell: (row) => words.kinds[row.kind] ?? row.kind },
    { id: "bytes", title: words.now, end: true, value: (row) => row.bytes, cell: (row) => bytes(row.bytes) },
    { id: "day", title: words.aDay, end: true, value: (row) => row.bytesPerDay, cell: (row) => (row.kind === "register" ? "" : bytes(row.bytesPerDay)) },
  ];
  return (
    <Panel title={words.title}>
      <div className="panel-body">
        <p className="muted small">{words.lead}</p>
      </div>
      <Loaded query={query} what={words.title} rows={4}>
        {({ database, partitions, evidence }) => {
          const late = partitions.some((one) => one.monthsAhead < 1 || one.strays > 0);
          return (
            <>
              <div className="panel-body">
                <Facts
                  rows={[
                    [words.together, bytes(database.bytes)],
                    [words.pace, words.paceOf(count(evidence.entriesPerDay), bytes(evidence.bytesPerDay))],
                    [words.room, <Status key="r" mark={evidence.daysLeft !== null && evidence.daysLeft < fewDays ? "deny" : evidence.roomBytes === null ? "unknown" : "allow"}>{words.roomOf(evidence.roomBytes === null ? null : bytes(evidence.roomBytes), evidence.daysLeft)}</Status>],
                    [words.months, <Status key="m" mark={late ? "hold" : "allow"}>{late ? words.monthsLate : words.monthsAhead(Math.min(...partitions.map((one) => one.monthsAhead)))}</Status>],
                  ]}
                />
              </div>
              <DataTable label={words.title} rows={evidence.kinds} columns={columns} rowKey={(row) => row.kind} />
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}
