import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../../api.ts";
import { DataTable } from "../../../components/data-table.tsx";
import type { Column } from "../../../components/data-table.tsx";
import { ReasonDialog } from "../../../components/dialog.tsx";
import { Empty, Loaded } from "../../../components/states.tsx";
import { Status } from "../../../components/status.tsx";
import { Command } from "../../../components/ui.tsx";
import { witnesses as words } from "../../../text/settings-evidence.ts";
import { Ask } from "./ask.tsx";
import { actionColumn, Frame } from "./frame.tsx";

interface Witness {
  readonly name: string;
  readonly vkey: string;
  readonly url: string;
  readonly outside: boolean;
  readonly size: number;
  readonly failing: string | null;
}
interface Witnesses {
  readonly trust: string;
  readonly unanchored: number;
  readonly items: readonly Witness[];
}
const witnesses = queryOptions<Witnesses>({ queryKey: ["setting", "witnesses"], queryFn: ({ signal }) => client.request("GET", "/api/v1/evidence/witnesses", undefined, { signal }), refetchInterval: 30_000 });
type Open = { readonly what: "form" | "remove"; readonly witness: Witness | null } | null;

export function WitnessesPanel({ administers }: { administers: boolean }) {
  const query = useQuery(witnesses);
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => {
    setOpen(null);
    void queries.invalidateQueries({ queryKey: witnesses.queryKey });
  };
  const pathOf = (name: string) => `/api/v1/evidence/witnesses/${encodeURIComponent(name)}`;
  const columns: readonly Column<Witness>[] = [
    { id: "name", title: words.name, value: (row) => row.name, cell: (row) => <b>{row.name}</b> },
    { id: "url", title: words.url, value: (row) => row.url, cell: (row) => <code>{row.url}</code> },
    { id: "outside", title: words.outside, value: (row) => String(row.outside), cell: (row) => (row.outside ? words.outsideYes : words.outsideNo) },
    { id: "signed", title: words.signed, value: (row) => row.size, cell: (row) => (row.size === 0 ? words.nothing : words.signedEntries(row.size)) },
    { id: "asks", title: words.asks, cell: (row) => <Status mark={row.failing === null ? (row.size === 0 ? "unknown" : "allow") : "deny"}>{row.failing ?? (row.size === 0 ? words.nothing : words.answers)}</Status> },
    ...actionColumn<Witness>(words, administers, (what, witness) => setOpen({ what, witness })),
  ];
  const witness = open?.witness ?? null;
  return (
    <Frame words={words} administers={administers} onAdd={() => setOpen({ what: "form", witness: null })}>
      <Loaded query={query} what={words.title} rows={2}>
        {({ trust, unanchored, items }) => (
          <>
            <div className="panel-body">
              <Status mark={trust === "self-attested" ? "hold" : "allow"}>{words.trust[trust] ?? trust}</Status>
              <p className="muted small">{words.unanchored(unanchored)}</p>
            </div>
            {items.length === 0 ? (
              <Empty title={words.empty}>
                {words.run} <Command>npx mandate witness --help</Command>
              </Empty>
            ) : (
              <DataTable label={words.title} columns={columns} rows={items} rowKey={(row) => row.name} />
            )}
          </>
        )}
      </Loaded>
      {open?.what === "form" && (
        <Ask
          title={witness === null ? words.addTitle : words.changeTitle(witness.name)}
          effect={words.addEffect}
          verb={witness === null ? words.add : words.change}
          onClose={close}
          initial={{ name: witness?.name ?? "", url: witness?.url ?? "", vkey: witness?.vkey ?? "", outside: String(witness?.outside ?? true) }}
          fields={[
            { name: "name", label: words.name, help: words.nameHelp, when: () => witness === null },
            { name: "url", label: words.url },
            { name: "vkey", label: words.vkey, help: words.vkeyHelp },
            { name: "outside", label: words.outside, options: [["true", words.outsideYes], ["false", words.outsideNo]] },
          ]}
          send={({ name, url, vkey, outside }, reason) => client.request("PUT", pathOf(name!.trim()), { url: url!.trim(), vkey: vkey!.trim(), outside: outside === "true", reason })}
        />
      )}
      {open?.what === "remove" && witness !== null && (
        <ReasonDialog open danger onClose={close} title={words.removeTitle(witness.name)} effect={words.removeEffect} verb={words.remove} act={(reason) => client.request("DELETE", pathOf(witness.name), { reason })} />
      )}
    </Frame>
  );
}
