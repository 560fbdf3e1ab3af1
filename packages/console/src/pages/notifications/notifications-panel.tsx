import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Sheet } from "../../components/dialog.tsx";
import { Empty, Failed, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { notifications as words } from "../../text/notifications.ts";
import { ChannelForm } from "./channel-form.tsx";

export interface Channel {
  readonly name: string;
  readonly kind: "email" | "webhook" | "slack" | "teams";
  readonly config: Readonly<Record<string, unknown>>;
  readonly kinds: readonly string[];
  readonly state: "active" | "suspended";
  readonly stateReason: string | null;
}

const channels = queryOptions({
  queryKey: ["setting", "channels"],
  queryFn: async ({ signal }) => (await client.list<Channel>("notification-channels", {}, { signal })).items,
});

type Open =
  | { readonly what: "form"; readonly channel: Channel | null }
  | { readonly what: "remove"; readonly channel: Channel }
  | null;

/** Channels that notices go out on. Administrators alone see it: addresses say who hears what. */
export function NotificationsPanel() {
  const query = useQuery(channels);
  const [open, setOpen] = useState<Open>(null);
  const [note, setNote] = useState("");
  const refresh = (): void => void queries.invalidateQueries({ queryKey: channels.queryKey });
  const test = async (channel: Channel): Promise<void> => {
    setNote("");
    try {
      const { delivered, detail } = await client.request<{ delivered: boolean; detail: string }>(
        "POST",
        `/api/v1/notification-channels/${encodeURIComponent(channel.name)}/test`,
        {},
      );
      setNote(
        delivered ? words.tested(channel.name, detail) : words.notTested(channel.name, detail),
      );
    } catch (cause) {
      setNote(words.notTested(channel.name, cause instanceof Error ? cause.message : ""));
    }
  };
  const columns: readonly Column<Channel>[] = [
    { id: "name", title: words.name, value: (row) => row.name, cell: (row) => <b>{row.name}</b> },
    {
      id: "kind",
      title: words.kind,
      value: (row) => row.kind,
      cell: (row) => words.kinds[row.kind],
    },
    {
      id: "takes",
      title: words.takes,
      value: (row) => row.kinds.join(" "),
      cell: (row) => row.kinds.join(", ") || words.everything,
    },
    {
      id: "state",
      title: words.state,
      value: (row) => row.state,
      cell: (row) => (
        <span>
          <Status mark={row.state === "active" ? "allow" : "deny"}>{words.states[row.state]}</Status>
          {row.stateReason !== null && <span className="block small muted">{row.stateReason}</span>}
        </span>
      ),
    },
    {
      id: "do",
      title: words.actions,
      cell: (row) => (
        <span className="row wrap">
          <Button look="quiet" aria-label={`${words.test} ${row.name}`} onPress={() => void test(row)}>
            {words.test}
          </Button>
          <Button
            look="quiet"
            aria-label={`${words.change} ${row.name}`}
            onPress={() => setOpen({ what: "form", channel: row })}
          >
            {words.change}
          </Button>
          <Button
            look="quiet"
            aria-label={`${words.remove} ${row.name}`}
            onPress={() => setOpen({ what: "remove", channel: row })}
          >
            {words.remove}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <Panel
      title={words.title}
      aside={
        <Button look="quiet" onPress={() => setOpen({ what: "form", channel: null })}>
          {words.add}
        </Button>
      }
    >
      <div className="panel-body">
        <p className="muted small">{words.lead}</p>
        <p role="status" className="small">
          {note}
        </p>
      </div>
      <Loaded query={query} what={words.title} rows={2}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title={words.empty} />
          ) : (
            <DataTable label={words.title} columns={columns} rows={rows} rowKey={(row) => row.name} />
          )
        }
      </Loaded>
      {open?.what === "form" && <ChannelForm channel={open.channel} onClose={() => setOpen(null)} onSaved={refresh} />}
      {open?.what === "remove" && (
        <Remove
          channel={open.channel}
          onClose={() => {
            setOpen(null);
            refresh();
          }}
        />
      )}
    </Panel>
  );
}

function Remove({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const [error, setError] = useState<unknown>(null);
  return (
    <Sheet open onClose={onClose} title={words.removeTitle(channel.name)}>
      <div className="stack">
        <p>{words.removeEffect}</p>
        {error !== null && <Failed error={error} what={words.remove} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button
            look="danger"
            onPress={() => {
              client
                .request("DELETE", `/api/v1/notification-channels/${encodeURIComponent(channel.name)}`)
                .then(onClose)
                .catch(setError);
            }}
          >
            {words.remove}
          </Button>
        </div>
      </div>
    </Sheet>
  );
}
