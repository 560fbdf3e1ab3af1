import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import { ReasonDialog, Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Facts, PageHead, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { incidents as words } from "../../text/incidents.ts";
import { Clocks } from "./clocks.tsx";
import { KillDialog } from "./kill-dialog.tsx";
import { change, incident } from "./queries.ts";
import type { IncidentView, StopRow } from "./queries.ts";

export function Incident({ id }: { id: string }) {
  const query = useQuery({ ...incident(id), placeholderData: undefined });
  return (
    <Loaded query={query} what={words.title}>
      {(data) => <Shown incident={data} />}
    </Loaded>
  );
}

function Shown({ incident: one }: { incident: IncidentView }) {
  const [doing, setDoing] = useState<"note" | "close" | "kill" | null>(null);
  const [resuming, setResuming] = useState<StopRow | null>(null);
  const open = one.state === "open";
  return (
    <>
      <PageHead
        title={one.title}
        crumbs={
          <nav className="crumbs" aria-label={words.title}>
            <Link to="/incidents" search={{}}>
              {words.title}
            </Link>{" "}
            / <code>{one.id}</code>
          </nav>
        }
      >
        {open && (
          <>
            <Button look="danger-quiet" onPress={() => setDoing("kill")}>
              {words.kill}
            </Button>
            <Button onPress={() => setDoing("note")}>{words.note}</Button>
            <Button look="accent" onPress={() => setDoing("close")}>
              {words.close}
            </Button>
          </>
        )}
      </PageHead>
      <div className="with-rail">
        <div className="stack">
          <Clocks incident={one} />
          <Panel title={words.timeline}>
            <ol className="needs">
              {one.timeline.map((event) => (
                <li key={event.seq}>
                  <div className="grow">
                    <span>{event.text}</span>
                    <span className="muted small">
                      <Time at={event.at} /> {words.by} {event.by} <code>{event.kind}</code>
                    </span>
                  </div>
                </li>
              ))}
            </ol>
          </Panel>
        </div>
        <div className="stack">
          <Panel title={words.state}>
            <div className="panel-body">
              <Facts
                rows={[
                  [words.state, <Status key="s" mark={!open ? "allow" : one.overdue ? "deny" : "hold"}>{words.states[one.state]}</Status>],
                  [words.severity, words.severities[one.severity]],
                  [words.aware, <Time key="a" at={one.aware} />],
                  [words.opened, <span key="o"><Time at={one.openedAt} /> {words.by} {one.openedBy}</span>],
                  [words.systems, one.systems.length === 0 ? t.none : <span key="y" className="row wrap tight">{one.systems.map((name) => <SystemLink key={name} name={name} />)}</span>],
                  one.closed === null ? undefined : [words.how, one.closed.how],
                ]}
              />
            </div>
          </Panel>
          {one.stops.length > 0 && (
            <Panel title={words.stopped}>
              <ul className="needs">
                {one.stops.map((stop) => (
                  <li key={stop.id}>
                    <div className="grow">
                      <b>
                        {stop.scope} <code>{stop.name}</code>
                      </b>
                      <Status mark={stop.state === "ended" ? "allow" : "deny"}>{words.stops[stop.state]}</Status>
                      {stop.state === "in-force" && (
                        <Button aria-label={`${words.resume} ${stop.scope} ${stop.name}`} onPress={() => setResuming(stop)}>
                          {words.resume}
                        </Button>
                      )}
                    </div>
                  </li>
                ))}
              </ul>
            </Panel>
          )}
        </div>
      </div>
      {doing === "kill" && (
        <KillDialog
          incident={one.id}
          first={{ kind: "system", name: one.systems[0] ?? "" }}
          onClose={() => setDoing(null)}
        />
      )}
      {(doing === "note" || doing === "close") && <Write incident={one} what={doing} onClose={() => setDoing(null)} />}
      {resuming !== null && (
        <ReasonDialog
          open
          onClose={() => setResuming(null)}
          title={words.resumeTitle(`${resuming.scope} ${resuming.name}`)}
          effect={words.resumeEffect}
          verb={words.resume}
          act={async (reason) => {
            await client.request("POST", `/api/v1/kill/${encodeURIComponent(resuming.id)}/resume`, { reason });
            await queries.invalidateQueries();
          }}
        />
      )}
    </>
  );
}

function Write({ incident: one, what, onClose }: { incident: IncidentView; what: "note" | "close"; onClose: () => void }) {
  const [text, setText] = useState("");
  const [error, setError] = useState<unknown>(null);
  const save = async (): Promise<void> => {
    try {
      await (what === "note" ? change(one.id, "notes", { text: text.trim() }) : change(one.id, "close", { how: text.trim() }));
      onClose();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet open onClose={onClose} title={what === "note" ? words.note : words.close}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") void save();
        }}
      >
        {what === "close" && <p>{words.closeEffect}</p>}
        <TextInput label={what === "note" ? words.noteText : words.how} value={text} onChange={setText} area autoFocus />
        {error !== null && <Failed error={error} what={what === "note" ? words.note : words.close} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={text.trim() === ""}>
            {words.save}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
