import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client, queries } from "../api.ts";
import { DataTable } from "../components/data-table.tsx";
import type { Column } from "../components/data-table.tsx";
import { Choice, ReasonDialog, TextInput } from "../components/dialog.tsx";
import { Empty, Failed, Loaded } from "../components/states.tsx";
import { Status } from "../components/status.tsx";
import { Button, PageHead, Panel, Time } from "../components/ui.tsx";
import { count } from "../format.ts";
import { content as words } from "../text/content.ts";

interface Erasure {
  readonly id: string;
  readonly what: string;
  readonly basis: string;
  readonly erasedAt: string;
  readonly irrecoverableBy: string;
  readonly entries: number;
}
interface Hold {
  readonly id: string;
  readonly scope: { readonly kind: string; readonly system?: string; readonly session?: string };
  readonly basis: string;
  readonly placedBy: string;
  readonly placedAt: string;
  readonly releasedAt: string | null;
}
interface Sample {
  readonly at: string;
  readonly replayed: number;
  readonly same: number;
  readonly unreplayable: number;
}

const listed = <T,>(name: string) =>
  queryOptions({
    queryKey: ["evidence.erasure", name],
    queryFn: async ({ signal }) => (await client.request<{ items: readonly T[] }>("GET", `/api/v1/evidence/${name}`, undefined, { signal })).items,
  });
const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: ["evidence.erasure"] });

const erasedColumns: readonly Column<Erasure>[] = [
  { id: "when", title: words.when, value: (row) => row.erasedAt, cell: (row) => <Time at={row.erasedAt} /> },
  { id: "what", title: words.what, value: (row) => row.what, cell: (row) => row.what },
  { id: "entries", title: words.entries, value: (row) => row.entries, cell: (row) => count(row.entries) },
  { id: "basis", title: words.basis, value: (row) => row.basis, cell: (row) => row.basis },
  { id: "until", title: words.irrecoverable, value: (row) => row.irrecoverableBy, cell: (row) => <Time at={row.irrecoverableBy} /> },
];

const sampleColumns: readonly Column<Sample>[] = [
  { id: "when", title: words.when, value: (row) => row.at, cell: (row) => <Time at={row.at} /> },
  { id: "replayed", title: words.replayed, value: (row) => row.replayed, cell: (row) => count(row.replayed) },
  { id: "same", title: words.same, value: (row) => row.same, cell: (row) => <Status mark={row.same === row.replayed ? "allow" : "deny"}>{count(row.same)}</Status> },
  { id: "not", title: words.unreplayable, value: (row) => row.unreplayable, cell: (row) => count(row.unreplayable) },
];

/** What was forgotten, what may not be, and whether decisions still come out as they were recorded. */
export function ContentPage() {
  const [asking, setAsking] = useState<"erase" | "hold" | null>(null);
  const [asked, setAsked] = useState<{ approval: string; entries: number } | null>(null);
  return (
    <>
      <PageHead title={words.title}>
        <Button onPress={() => setAsking("hold")}>{words.hold}</Button>
        <Button look="danger" onPress={() => setAsking("erase")}>
          {words.erase}
        </Button>
      </PageHead>
      {asked !== null && (
        <p role="status">
          {words.asked(asked.entries)}{" "}
          <Link to="/approve/$id" params={{ id: asked.approval }}>
            {words.openQuestion}
          </Link>
        </p>
      )}
      <Panel title={words.erased}>
        <Loaded query={useQuery(listed<Erasure>("erasures"))} what={words.erased} rows={3}>
          {(rows) => (rows.length === 0 ? <Empty title={words.erasedEmpty} /> : <DataTable label={words.erased} columns={erasedColumns} rows={rows} rowKey={(row) => row.id} exportName="erasures" />)}
        </Loaded>
      </Panel>
      <Holds />
      <Replays />
      {asking !== null && <Ask verb={asking} onClose={() => setAsking(null)} onAsked={setAsked} />}
    </>
  );
}

function Holds() {
  const [releasing, setReleasing] = useState<string | null>(null);
  const columns: readonly Column<Hold>[] = [
    { id: "when", title: words.when, value: (row) => row.placedAt, cell: (row) => <Time at={row.placedAt} /> },
    { id: "what", title: words.what, value: (row) => row.scope.kind, cell: (row) => row.scope.system ?? row.scope.session ?? words.person },
    { id: "basis", title: words.basis, value: (row) => row.basis, cell: (row) => row.basis },
    { id: "by", title: words.placedBy, value: (row) => row.placedBy, cell: (row) => row.placedBy },
    {
      id: "state",
      title: words.inForce,
      cell: (row) => (row.releasedAt === null ? <Button onPress={() => setReleasing(row.id)}>{words.release}</Button> : <Time at={row.releasedAt} />),
    },
  ];
  return (
    <Panel title={words.held}>
      <Loaded query={useQuery(listed<Hold>("holds"))} what={words.held} rows={2}>
        {(rows) => (rows.length === 0 ? <Empty title={words.heldEmpty} /> : <DataTable label={words.held} columns={columns} rows={rows} rowKey={(row) => row.id} />)}
      </Loaded>
      {releasing !== null && (
        <ReasonDialog
          open
          onClose={() => setReleasing(null)}
          title={words.releaseTitle}
          effect={words.releaseEffect}
          verb={words.release}
          danger
          act={async (reason) => {
            await client.request("POST", `/api/v1/evidence/holds/${encodeURIComponent(releasing)}/release`, { reason });
            await refresh();
          }}
        />
      )}
    </Panel>
  );
}

function Replays() {
  const [result, setResult] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const found = await client.request<{ replayable: number; total: number; differences: number }>("POST", "/api/v1/evidence/replay", { since: new Date(Date.now() - 86_400_000).toISOString() }, { timeoutMs: 0 });
      setResult(words.replayResult(found.replayable, found.total, found.differences));
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title={words.replay}>
      <div className="panel-body row">
        <Button isDisabled={busy} onPress={() => void run()}>
          {words.replayNow}
        </Button>
        <span role="status">{result}</span>
      </div>
      {error !== null && <Failed error={error} what={words.replay} />}
      <Loaded query={useQuery(listed<Sample>("replays"))} what={words.replay} rows={2}>
        {(rows) => (rows.length === 0 ? <Empty title={words.replayEmpty} /> : <DataTable label={words.replay} columns={sampleColumns} rows={rows} rowKey={(row) => row.at} />)}
      </Loaded>
    </Panel>
  );
}

function Ask({ verb, onClose, onAsked }: { verb: "erase" | "hold"; onClose: () => void; onAsked: (asked: { approval: string; entries: number } | null) => void }) {
  const [kind, setKind] = useState<keyof typeof words.kinds>("subject");
  const [value, setValue] = useState("");
  const [basis, setBasis] = useState("");
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={verb === "erase" ? words.erase : words.hold}
      effect={verb === "erase" ? words.eraseEffect : words.holdEffect}
      verb={verb === "erase" ? words.erase : words.hold}
      danger={verb === "erase"}
      fields={
        <>
          <Choice label={words.kind} value={kind} options={Object.entries(words.kinds)} onChange={(next) => setKind(next as keyof typeof words.kinds)} />
          <TextInput label={words.value} value={value} onChange={setValue} />
          {kind === "subject" && <p className="hint muted">{words.valueHint}</p>}
          <TextInput label={words.basis} value={basis} onChange={setBasis} />
        </>
      }
      act={async (reason) => {
        const body = { [kind]: value.trim(), basis: basis.trim() };
        if (verb === "erase") onAsked(await client.request("POST", "/api/v1/evidence/erasures", { ...body, reason }));
        else await client.request("POST", "/api/v1/evidence/holds", { ...body, basis: `${basis.trim()}: ${reason}` });
        await refresh();
      }}
    />
  );
}
