import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client } from "../../api.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Failed } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { promotion as words } from "../../text/promotion.ts";

interface Flip {
  readonly id: string;
  readonly at: string;
  readonly resource: string;
  readonly tool: string | null;
  readonly recorded: { readonly outcome: "allow" | "hold" | "deny" };
  readonly replayed: { readonly outcome: "allow" | "hold" | "deny"; readonly reason: string | null };
}
interface Replayed {
  readonly total: number;
  readonly replayable: number;
  readonly differences: number;
  readonly shown: readonly Flip[];
}

const weekMs = 7 * 86_400_000;
const outcome = (value: "allow" | "hold" | "deny") => <Status mark={value}>{t.mark[value]}</Status>;
const columns: readonly Column<Flip>[] = [
  {
    id: "call",
    title: words.call,
    value: (row) => row.resource,
    cell: (row) => (
      <Link to="/evidence/$id" params={{ id: row.id }}>
        <code className="break">{row.tool ?? row.resource}</code>
      </Link>
    ),
  },
  { id: "at-the-time", title: words.atTheTime, value: (row) => row.recorded.outcome, cell: (row) => outcome(row.recorded.outcome) },
  {
    id: "in-production",
    title: words.inProduction,
    value: (row) => row.replayed.outcome,
    cell: (row) => (
      <>
        {outcome(row.replayed.outcome)}
        <span className="block muted small">{row.replayed.reason}</span>
      </>
    ),
  },
  { id: "when", title: words.when, value: (row) => row.at, cell: (row) => <Time at={row.at} /> },
];

/** What production would have changed, before anybody signs for it. */
export function LastWeek({ system }: { system: string }) {
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<Replayed | null>(null);
  const [error, setError] = useState<unknown>(null);
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const since = new Date(Date.now() - weekMs).toISOString();
      setFound(
        await client.request<Replayed>(
          "POST",
          "/api/v1/evidence/replay",
          { system, since, under: "production" },
          { timeoutMs: 0 },
        ),
      );
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel
      title={words.replay}
      aside={
        <Button isDisabled={busy} onPress={() => void run()}>
          {words.replayNow}
        </Button>
      }
    >
      <p className="panel-body" role="status">
        {found === null ? (
          <span className="muted small">{words.replayWhy}</span>
        ) : (
          words.replayed(found.replayable, found.total, found.differences)
        )}
      </p>
      {error !== null && <Failed error={error} what={words.replay} />}
      {found !== null && found.shown.length > 0 && (
        <DataTable
          label={words.replay}
          columns={columns}
          rows={found.shown}
          rowKey={(row) => `${row.id} ${row.tool ?? ""}`}
          exportName={`${system}-last-week`}
        />
      )}
    </Panel>
  );
}
