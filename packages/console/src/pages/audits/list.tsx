import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, queries, systems as systemsQuery } from "../../api.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Choice, Sheet, TextInput } from "../../components/dialog.tsx";
import { Empty, Failed, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, PageHead, Panel, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { audits as words } from "../../text/audits.ts";
import { auditList, stateMarks } from "./room-data.ts";
import type { AuditSummary, Room } from "./room-data.ts";

const columns: readonly Column<AuditSummary>[] = [
  {
    id: "title",
    title: words.name,
    value: (row) => row.title,
    cell: (row) => (
      <Link to="/audits/$id" params={{ id: row.id }} search={{}}>
        {row.title}
      </Link>
    ),
  },
  { id: "state", title: words.state, value: (row) => row.state, cell: (row) => <Status mark={stateMarks[row.state]}>{words.states[row.state]}</Status> },
  { id: "systems", title: words.systems, value: (row) => row.systems.join(", "), cell: (row) => (row.systems.length === 0 ? words.allSystems : row.systems.join(", ")) },
  { id: "auditors", title: words.auditors, value: (row) => row.auditors.join(", "), cell: (row) => row.auditors.join(", ") },
  { id: "ends", title: words.ends, value: (row) => row.ends, cell: (row) => <Time at={row.closed?.at ?? row.ends} /> },
];

export function AuditsPage() {
  const [opening, setOpening] = useState(false);
  return (
    <>
      <PageHead title={words.title}>
        <Button look="accent" onPress={() => setOpening(true)}>
          {words.open}
        </Button>
      </PageHead>
      <p className="lead">{words.lead}</p>
      <Panel title={words.title}>
        <Loaded query={useQuery(auditList)} what={words.title} rows={4}>
          {(data) => (data.items.length === 0 ? <Empty title={words.none} /> : <DataTable label={words.title} columns={columns} rows={data.items} rowKey={(row) => row.id} exportName="audits" />)}
        </Loaded>
      </Panel>
      {opening && <Open onClose={() => setOpening(false)} />}
    </>
  );
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

function Open({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const names = useQuery(systemsQuery()).data?.items ?? [];
  const [title, setTitle] = useState("");
  const [auditors, setAuditors] = useState("");
  const [system, setSystem] = useState("");
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const [ends, setEnds] = useState(() => dayOf(Date.now() + 30 * 86_400_000));
  const [inside, setInside] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const day = (text: string): string => new Date(`${text}T00:00:00Z`).toISOString();
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const body = {
        title: title.trim(),
        auditors: auditors.split(/[\s,;]+/).filter((one) => one !== ""),
        systems: system === "" ? [] : [system],
        external: !inside,
        ends: day(ends),
        ...(since === "" ? {} : { since: day(since) }),
        ...(until === "" ? {} : { until: day(until) }),
      };
      const room = await client.request<Room>("POST", "/api/v1/audits", body);
      await queries.invalidateQueries({ queryKey: ["audit"] });
      await navigate({ to: "/audits/$id", params: { id: room.id }, search: {} });
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Sheet open onClose={onClose} title={words.open}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <p>{words.openText}</p>
        <TextInput label={words.name} help={words.nameHelp} value={title} onChange={setTitle} autoFocus />
        <TextInput label={words.auditors} help={words.auditorsHelp} value={auditors} onChange={setAuditors} />
        <Choice label={words.systems} value={system} options={[["", words.allSystems], ...names.map((one) => [one.name, one.title] as const)]} onChange={setSystem} />
        <div className="row wrap">
          <TextInput label={words.since} type="date" value={since} onChange={setSince} />
          <TextInput label={words.until} type="date" value={until} onChange={setUntil} />
          <TextInput label={words.ends} type="date" value={ends} onChange={setEnds} />
        </div>
        <label className="row">
          <input type="checkbox" checked={inside} onChange={(event) => setInside(event.target.checked)} />
          {words.inside}
        </label>
        {error !== null && <Failed error={error} what={words.open} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={busy || title.trim() === "" || auditors.trim() === "" || ends === ""}>
            {words.open}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
