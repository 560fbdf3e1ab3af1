import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { client, session } from "../../api.ts";
import { DataTable, download } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { ReasonDialog, TextInput } from "../../components/dialog.tsx";
import { Empty, Failed, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Command, Facts, PageHead, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { count, date, exact, relative, shortHash } from "../../format.ts";
import { audits as words } from "../../text/audits.ts";
import { MemberPage } from "./member.tsx";
import { Questions } from "./questions.tsx";
import { act, auditReads, auditRoom, stateMarks } from "./room-data.ts";
import type { Member, Room, Sample } from "./room-data.ts";

export function AuditPage() {
  const { id = "" } = useParams({ strict: false });
  const { draw, member }: { draw?: string; member?: string } = useSearch({ strict: false });
  const query = useQuery(auditRoom(id));
  return (
    <Loaded query={query} what={words.title} rows={8}>
      {(room) => (member === undefined ? <Rooms room={room} /> : <MemberPage room={room} draw={Number(draw ?? 1)} position={Number(member)} />)}
    </Loaded>
  );
}

function Rooms({ room }: { room: Room }) {
  const [closing, setClosing] = useState(false);
  const isOpen = room.state === "open";
  return (
    <>
      <PageHead title={room.title}>
        <Status mark={stateMarks[room.state]} chip>
          {isOpen ? words.accessLeft(relative(room.ends)) : words.accessEnded(relative(room.closed?.at ?? room.ends))}
        </Status>
        {isOpen && <Button onPress={() => setClosing(true)}>{words.close}</Button>}
      </PageHead>
      {room.altered.length > 0 && (
        <div className="notice notice-deny" role="alert">
          <b>{words.altered}</b>
          <p>{words.alteredText}</p>
          <ul>
            {room.altered.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </div>
      )}
      <div className="with-rail">
        <div className="stack">
          <Population room={room} isOpen={isOpen} />
          <SamplePanel room={room} isOpen={isOpen} />
          <Questions room={room} isOpen={isOpen} />
          <Reads id={room.id} />
        </div>
        <div className="stack">
          <Panel title={words.scope}>
            <div className="panel-body">
              <Facts
                rows={[
                  [words.systems, room.systems.length === 0 ? words.allSystems : room.systems.map((name) => <span className="block" key={name}><SystemLink name={name} /></span>)],
                  [words.period, words.periodOf(room.since === null ? null : date(room.since), room.until === null ? null : date(room.until))],
                  room.framework === null ? undefined : [words.framework, room.framework],
                  [words.auditors, room.auditors.join(", ")],
                  [words.openedBy, room.openedBy],
                  [words.ends, exact(room.ends)],
                ]}
              />
              {room.altered.length === 0 && (
                <p>
                  <Status mark="allow">{words.unaltered}</Status>
                </p>
              )}
            </div>
          </Panel>
          <PackPanel id={room.id} />
        </div>
      </div>
      {closing && <ReasonDialog open onClose={() => setClosing(false)} title={words.close} effect={words.closeEffect} verb={words.close} danger act={(reason) => act(room.id, "close", { reason })} />}
    </>
  );
}

function Population({ room, isOpen }: { room: Room; isOpen: boolean }) {
  const { population } = room;
  const { busy, error, run } = useAct(() => act(room.id, "population", {}));
  return (
    <Panel title={words.population} aside={population === null ? undefined : <span className="mono">{words.decisions(population.members)}</span>}>
      <div className="panel-body stack">
        {population === null ? (
          <>
            <p className="read">{words.populationOpen}</p>
            {isOpen && (
              <p>
                <Button look="accent" isDisabled={busy} onPress={run}>
                  {busy ? words.fixing : words.fix}
                </Button>
              </p>
            )}
            {error !== null && <Failed error={error} what={words.fix} />}
          </>
        ) : (
          <Facts
            rows={[
              [words.checkpoint, <code key="c" className="wrap">{`${population.checkpoint.origin} ${count(population.checkpoint.size)}, ${shortHash(population.checkpoint.root)}`}</code>],
              [words.digest, <code key="d" className="wrap">{population.digest}</code>],
              [words.logs, population.logs.map((log) => <span className="block small" key={log.origin}><code className="wrap">{log.origin}</code>{`, ${words.decisions(log.members)}`}</span>)],
            ]}
          />
        )}
      </div>
    </Panel>
  );
}

function SamplePanel({ room, isOpen }: { room: Room; isOpen: boolean }) {
  const [value, setValue] = useState("");
  const [size, setSize] = useState("25");
  const { busy, error, run } = useAct(async () => {
    await act(room.id, "samples", { value, size: Number(size) });
    setValue("");
  });
  return (
    <>
      <Panel title={words.sample}>
        <div className="panel-body stack">
          {room.population === null && <p className="muted">{words.sampleWaits}</p>}
          {room.population !== null && !room.auditor && room.samples.length === 0 && <p className="muted">{words.sampleAuditor}</p>}
          {room.population !== null && room.auditor && isOpen && (
            <p className="muted">{words.valueHelp}</p>
          )}
          {room.population !== null && room.auditor && isOpen && (
            <form
              className="row wrap bottom"
              onSubmit={(event) => {
                event.preventDefault();
                run();
              }}
            >
              <div className="grow">
                <TextInput label={words.value} value={value} onChange={setValue} />
              </div>
              <TextInput label={words.size} type="number" value={size} onChange={setSize} />
              <Button type="submit" look="accent" isDisabled={busy || value === "" || !/^[1-9][0-9]{0,3}$/.test(size)}>
                {busy ? words.drawing : words.draw}
              </Button>
            </form>
          )}
          {error !== null && <Failed error={error} what={words.draw} />}
          {room.samples.length > 0 && (
            <>
              <p className="muted small">{words.again}</p>
              <Command>{`npx mandate evidence pack --audit ${room.id} -f audit.zip && npx mandate evidence verify audit.zip`}</Command>
            </>
          )}
        </div>
      </Panel>
      {room.samples.toReversed().map((sample) => (
        <Members key={sample.draw} room={room} sample={sample} />
      ))}
    </>
  );
}

type Numbered = Member & { readonly position: number };

function Members({ room, sample }: { room: Room; sample: Sample }) {
  const columns: readonly Column<Numbered>[] = [
    {
      id: "member",
      title: words.decision,
      value: (row) => row.decision,
      cell: (row) => (
        <Link to="/audits/$id" params={{ id: room.id }} search={{ draw: String(sample.draw), member: String(row.position) }}>
          <span className="mono">{row.position}</span> <code>{row.decision}</code>
        </Link>
      ),
    },
    { id: "place", title: words.place, value: (row) => `${row.log}#${row.index}`, cell: (row) => <code className="wrap">{`${row.log}#${row.index}`}</code> },
  ];
  return (
    <Panel title={words.sampleOf(sample.draw)} aside={<span className="muted small">{words.drawnWith(sample.value, sample.by)}</span>}>
      <DataTable label={words.sampleOf(sample.draw)} columns={columns} rows={sample.members.map((one, at) => ({ ...one, position: at + 1 }))} rowKey={(row) => row.decision} exportName="sample" />
    </Panel>
  );
}

function Reads({ id }: { id: string }) {
  return (
    <Panel title={words.reads}>
      <p className="panel-body muted small">{words.readsText}</p>
      <Loaded query={useQuery(auditReads(id))} what={words.reads} rows={3}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title={words.noReads} />
          ) : (
            <ul className="needs">
              {rows.slice(0, 12).map((row, place) => (
                // Two may be of one moment.
                <li key={`${place} ${row.at}`}>
                  <div className="grow">
                    <span>{row.what}</span>
                    <span className="muted small">
                      {row.by}, <Time at={row.at} />
                    </span>
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}

function PackPanel({ id }: { id: string }) {
  const who = useQuery(session).data;
  const { busy, error, run } = useAct(async () => {
    const stream = await client.evidence.pack({ audit: id });
    download(`audit-${id}.zip`, "application/zip", await new Response(stream).blob());
  });
  if (who === undefined) return null;
  return (
    <Panel title={words.pack}>
      <div className="panel-body stack">
        <p>{words.packText}</p>
        <p>
          <Button isDisabled={busy} onPress={run}>
            {busy ? words.packing : words.makePack}
          </Button>
        </p>
        {error !== null && <Failed error={error} what={words.pack} />}
      </div>
    </Panel>
  );
}

/** One thing at a time, with what went wrong beside it. */
export function useAct(work: () => Promise<unknown>): { readonly busy: boolean; readonly error: unknown; readonly run: () => void } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = (): void => {
    setBusy(true);
    setError(null);
    work().then(
      () => setBusy(false),
      (cause: unknown) => {
        setError(cause);
        setBusy(false);
      },
    );
  };
  return { busy, error, run };
}
