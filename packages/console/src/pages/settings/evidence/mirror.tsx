import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../../api.ts";
import { ReasonDialog } from "../../../components/dialog.tsx";
import { Empty, Loaded } from "../../../components/states.tsx";
import { Status } from "../../../components/status.tsx";
import { Button, Facts, Panel } from "../../../components/ui.tsx";
import { exact } from "../../../format.ts";
import { mirror as words } from "../../../text/settings-evidence.ts";
import { Ask } from "./ask.tsx";

interface Settings {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly prefix: string;
  readonly secret: string;
  readonly retainDays: number;
  readonly lock: string;
}
interface Mirror {
  readonly settings: Settings | null;
  readonly failing: string | null;
  readonly logs: readonly { readonly origin: string; readonly size: number; readonly at: string }[];
}
const path = "/api/v1/evidence/mirror";
const mirror = queryOptions<Mirror>({ queryKey: ["setting", "mirror"], queryFn: ({ signal }) => client.request("GET", path, undefined, { signal }), refetchInterval: 30_000 });

export function MirrorPanel({ administers }: { administers: boolean }) {
  const query = useQuery(mirror);
  const [open, setOpen] = useState<"form" | "remove" | null>(null);
  const settings = query.data?.settings ?? null;
  const close = (): void => {
    setOpen(null);
    void queries.invalidateQueries({ queryKey: mirror.queryKey });
  };
  return (
    <Panel
      title={words.title}
      aside={
        administers && (
          <span className="row">
            <Button look="quiet" onPress={() => setOpen("form")}>
              {settings === null ? words.set : words.change}
            </Button>
            {settings !== null && (
              <Button look="quiet" onPress={() => setOpen("remove")}>
                {words.remove}
              </Button>
            )}
          </span>
        )
      }
    >
      <div className="panel-body">
        <p className="muted small">{words.lead}</p>
        {!administers && <p className="muted small">{words.only}</p>}
      </div>
      <Loaded query={query} what={words.title} rows={2}>
        {({ settings: set, failing, logs }) =>
          set === null ? (
            <Empty title={words.empty} />
          ) : (
            <div className="panel-body">
              <Facts
                rows={[
                  [words.state, <Status key="s" mark={failing === null ? "allow" : "deny"}>{failing ?? words.works}</Status>],
                  [words.endpoint, <code key="e">{set.endpoint}</code>],
                  [words.bucket, <code key="b">{`${set.bucket}/${set.prefix}`}</code>],
                  [words.lock, `${set.lock}, ${words.retain.toLowerCase()}: ${set.retainDays}`],
                  ...logs.map((log): [string, string] => [log.origin, `${words.entry(log.size)}, ${exact(log.at)}`]),
                ]}
              />
            </div>
          )
        }
      </Loaded>
      {open === "form" && (
        <Ask
          title={words.setTitle}
          effect={words.setEffect}
          verb={settings === null ? words.set : words.change}
          onClose={close}
          initial={{ endpoint: settings?.endpoint ?? "", bucket: settings?.bucket ?? "", region: settings?.region ?? "us-east-1", prefix: settings?.prefix ?? "", secret: settings?.secret ?? "", retainDays: String(settings?.retainDays ?? 365), lock: settings?.lock ?? "COMPLIANCE" }}
          fields={[
            { name: "endpoint", label: words.endpoint },
            { name: "bucket", label: words.bucket, help: words.bucketHelp },
            { name: "region", label: words.region },
            { name: "prefix", label: words.prefix, help: words.prefixHelp },
            { name: "secret", label: words.secret, help: words.secretHelp },
            { name: "retainDays", label: words.retain },
            { name: "lock", label: words.lock, options: [["COMPLIANCE", "COMPLIANCE"], ["GOVERNANCE", "GOVERNANCE"]] },
          ]}
          send={(values, reason) => client.request("PUT", path, { ...values, retainDays: Number(values["retainDays"]), reason })}
        />
      )}
      {open === "remove" && <ReasonDialog open danger onClose={close} title={words.removeTitle} effect={words.removeEffect} verb={words.remove} act={(reason) => client.request("DELETE", path, { reason })} />}
    </Panel>
  );
}
