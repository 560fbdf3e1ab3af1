import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../../api.ts";
import { DataTable } from "../../../components/data-table.tsx";
import type { Column } from "../../../components/data-table.tsx";
import { ReasonDialog } from "../../../components/dialog.tsx";
import { Empty, Loaded } from "../../../components/states.tsx";
import { Status } from "../../../components/status.tsx";
import { exact } from "../../../format.ts";
import { streams as words } from "../../../text/settings-evidence.ts";
import { Ask } from "./ask.tsx";
import { actionColumn, Frame } from "./frame.tsx";

interface TlsParts {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}
type To =
  | ({ readonly kind: "http"; readonly url: string; readonly secret?: string; readonly scheme: string } & TlsParts)
  | ({ readonly kind: "syslog"; readonly host: string; readonly port: number; readonly tls: boolean } & TlsParts);
interface Stream {
  readonly name: string;
  readonly settings: To;
  readonly failing: string | null;
  readonly failures: number;
  readonly deliveredAt: string | null;
  readonly waiting: number;
}
const streams = queryOptions<readonly Stream[]>({ queryKey: ["setting", "streams"], queryFn: async ({ signal }) => (await client.request<{ items: readonly Stream[] }>("GET", "/api/v1/event-streams", undefined, { signal })).items, refetchInterval: 30_000 });
type Open = { readonly what: "form" | "remove"; readonly stream: Stream | null } | null;

const toText = (to: To): string => (to.kind === "http" ? to.url : `${to.host}:${to.port}`);
type Values = Readonly<Record<string, string>>;
const isHttp = ({ kind }: Values): boolean => kind === "http";
const isTls = (values: Values): boolean => (isHttp(values) ? /^\s*https:/i.test(values["url"]!) : values["tls"] === "true");
/** How a receiver and we know each other, in words. */
const known = (to: To): string => (to.certificate !== undefined ? words.mutual : to.ca !== undefined ? words.ownAuthority : "");

export function StreamsPanel({ administers }: { administers: boolean }) {
  const query = useQuery(streams);
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => {
    setOpen(null);
    void queries.invalidateQueries({ queryKey: streams.queryKey });
  };
  const pathOf = (name: string) => `/api/v1/event-streams/${encodeURIComponent(name)}`;
  const columns: readonly Column<Stream>[] = [
    { id: "name", title: words.name, value: (row) => row.name, cell: (row) => <b>{row.name}</b> },
    { id: "to", title: words.to, value: (row) => toText(row.settings), cell: (row) => <><code>{`${words.kinds[row.settings.kind]} ${toText(row.settings)}`}</code>{known(row.settings) !== "" && <div className="muted small">{known(row.settings)}</div>}</> },
    { id: "waiting", title: words.waiting, value: (row) => row.waiting, cell: (row) => words.waitingEntries(row.waiting) },
    { id: "delivered", title: words.delivered, value: (row) => row.deliveredAt ?? "", cell: (row) => (row.deliveredAt === null ? words.never : exact(row.deliveredAt)) },
    { id: "state", title: words.state, cell: (row) => <Status mark={row.failing === null ? "allow" : "deny"}>{row.failing === null ? words.works : words.failing(row.failures, row.failing)}</Status> },
    ...actionColumn<Stream>(words, administers, (what, stream) => setOpen({ what, stream })),
  ];
  const stream = open?.stream ?? null;
  return (
    <Frame words={words} administers={administers} onAdd={() => setOpen({ what: "form", stream: null })}>
      <Loaded query={query} what={words.title} rows={2}>
        {(rows) => (rows.length === 0 ? <Empty title={words.empty} /> : <DataTable label={words.title} columns={columns} rows={rows} rowKey={(row) => row.name} />)}
      </Loaded>
      {open?.what === "form" && <StreamForm stream={stream} onClose={close} pathOf={pathOf} />}
      {open?.what === "remove" && stream !== null && (
        <ReasonDialog open danger onClose={close} title={words.removeTitle(stream.name)} effect={words.removeEffect} verb={words.remove} act={(reason) => client.request("DELETE", pathOf(stream.name), { reason })} />
      )}
    </Frame>
  );
}

function StreamForm({ stream, onClose, pathOf }: { stream: Stream | null; onClose: () => void; pathOf: (name: string) => string }) {
  const to = stream?.settings;
  const http = to?.kind === "http" ? to : undefined;
  const syslog = to?.kind === "syslog" ? to : undefined;
  const tlsOf = (values: Values): TlsParts => (isTls(values) ? Object.fromEntries((["ca", "certificate", "key"] as const).map((name) => [name, values[name]!.trim()] as const).filter(([, value]) => value !== "")) : {});
  const settingsOf = (values: Values): To =>
    isHttp(values)
      ? { kind: "http", url: values["url"]!.trim(), scheme: values["scheme"]!.trim(), ...(values["secret"] === "" ? {} : { secret: values["secret"]!.trim() }), ...tlsOf(values) }
      : { kind: "syslog", host: values["host"]!.trim(), port: Number(values["port"]), tls: values["tls"] === "true", ...tlsOf(values) };
  return (
    <Ask
      title={stream === null ? words.addTitle : words.changeTitle(stream.name)}
      effect={words.addEffect}
      verb={stream === null ? words.add : words.change}
      onClose={onClose}
      initial={{ name: stream?.name ?? "", kind: to?.kind ?? "http", url: http?.url ?? "", secret: http?.secret ?? "", scheme: http?.scheme ?? "Bearer", host: syslog?.host ?? "", port: String(syslog?.port ?? 6514), tls: String(syslog?.tls ?? true), ca: to?.ca ?? "", certificate: to?.certificate ?? "", key: to?.key ?? "", from: "now" }}
      fields={[
        { name: "name", label: words.name, help: words.nameHelp, when: () => stream === null },
        { name: "kind", label: words.kind, options: [["http", words.kinds.http], ["syslog", words.kinds.syslog]] },
        { name: "url", label: words.url, when: isHttp },
        { name: "secret", label: words.secret, help: words.secretHelp, when: isHttp },
        { name: "scheme", label: words.scheme, help: words.schemeHelp, when: isHttp },
        { name: "host", label: words.host, when: (values) => !isHttp(values) },
        { name: "port", label: words.port, when: (values) => !isHttp(values) },
        { name: "tls", label: words.tls, options: [["true", words.tlsYes], ["false", words.tlsNo]], when: (values) => !isHttp(values) },
        { name: "ca", label: words.ca, help: words.caHelp, area: true, when: isTls },
        { name: "certificate", label: words.certificate, help: words.certificateHelp, area: true, when: isTls },
        { name: "key", label: words.key, help: words.keyHelp, when: isTls },
        { name: "from", label: words.from, options: [["now", words.fromNow], ["start", words.fromStart]], when: () => stream === null },
      ]}
      send={(values, reason) => client.request("PUT", pathOf(stream?.name ?? values["name"]!.trim()), { to: settingsOf(values), ...(stream === null ? { from: values["from"] } : {}), reason })}
    />
  );
}
