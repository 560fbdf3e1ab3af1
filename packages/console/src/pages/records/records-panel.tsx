import type { UseQueryResult } from "@tanstack/react-query";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Command, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { records as words } from "../../text/records.ts";
import { nameOf } from "./queries.ts";
import type { RecordRow } from "./queries.ts";

/** A table of one kind of record, with its first-use and failed states. */
export function RecordsPanel<Spec>({
  title,
  kind,
  query,
  columns,
  empty,
}: {
  title: string;
  kind: string;
  query: UseQueryResult<readonly RecordRow<Spec>[]>;
  columns: readonly Column<RecordRow<Spec>>[];
  empty: string;
}) {
  return (
    <Loaded query={query} what={title}>
      {(rows) => (
        <Panel title={title} aside={rows.length > 0 ? <span className="bubble">{rows.length}</span> : undefined}>
          {rows.length === 0 ? (
            <Empty title={empty} action={<Command>npx mandate apply -f manifest.yaml</Command>}>
              {words.how}
            </Empty>
          ) : (
            <DataTable label={title} columns={columns} rows={rows} rowKey={(row) => row.name} exportName={kind} />
          )}
        </Panel>
      )}
    </Loaded>
  );
}

export function Systems({ references }: { references: readonly string[] }) {
  if (references.length === 0) return <span className="muted">{t.none}</span>;
  return (
    <span className="row wrap tight">
      {references.map((one) => (
        <SystemLink key={one} name={nameOf(one)} />
      ))}
    </span>
  );
}

/** An end, and whether the clock has passed it: shape and word say so, not color alone. */
export function Until({ at, now }: { at: string | undefined; now: number }) {
  if (at === undefined) return <span className="muted">{t.none}</span>;
  return (
    <span className={Date.parse(at) <= now ? "problem" : ""}>
      <Time at={at} />
    </span>
  );
}
