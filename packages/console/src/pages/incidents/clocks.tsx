import { useState } from "react";
import type { Mark } from "../../api-types.ts";
import { ReasonDialog, Sheet, TextInput } from "../../components/dialog.tsx";
import { Empty, Failed } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { incidents as words } from "../../text/incidents.ts";
import { change } from "./queries.ts";
import type { Clock, IncidentView } from "./queries.ts";

const marks: Readonly<Record<string, Mark>> = { unconfirmed: "unknown", running: "hold", overdue: "deny", submitted: "allow", late: "deny", declined: "person" };

/** Each duty to notify: why it may apply, until when, the text, and the proof that it was done. */
export function Clocks({ incident }: { incident: IncidentView }) {
  const [asked, setAsked] = useState<{ clock: Clock; verb: "confirm" | "decline" | "submit" | "draft" } | null>(null);
  const close = (): void => setAsked(null);
  return (
    <Panel title={words.clocks}>
      {incident.clocks.length === 0 ? (
        <Empty title={words.clocksNone} />
      ) : (
        <>
          <p className="panel-body muted small">{words.clocksHelp}</p>
          <ul className="needs">
            {incident.clocks.map((clock) => (
              <li key={clock.id}>
                <div className="grow">
                  <b>{clock.title}</b>
                  <span className="row wrap small">
                    <Status mark={marks[clock.state] ?? "unknown"}>{words.clockStates[clock.state]}</Status>
                    <span className={clock.state === "overdue" ? "problem" : "muted"}>
                      {words.due} <Time at={clock.due} />
                    </span>
                    <span className="muted">{clock.citation}</span>
                  </span>
                  <span className="muted small">
                    {words.to}: {clock.to}. {words.derived[clock.derived]}
                  </span>
                  {clock.confirmed !== null && clock.submitted === null && (
                    <span className="small">
                      {clock.confirmed.by}: {clock.confirmed.reason}
                    </span>
                  )}
                  {clock.submitted !== null && (
                    <span className="small">
                      {clock.submitted.reference}, <Time at={clock.submitted.at} /> {words.by} {clock.submitted.by}
                    </span>
                  )}
                  {incident.state === "open" && clock.submitted === null && (
                    <span className="row wrap tight">
                      <Button aria-label={`${words.confirm}: ${clock.title}`} onPress={() => setAsked({ clock, verb: "confirm" })}>
                        {words.confirm}
                      </Button>
                      <Button aria-label={`${words.decline}: ${clock.title}`} onPress={() => setAsked({ clock, verb: "decline" })}>
                        {words.decline}
                      </Button>
                      <Button aria-label={`${words.draft}: ${clock.title}`} onPress={() => setAsked({ clock, verb: "draft" })}>
                        {words.draft}
                      </Button>
                      <Button aria-label={`${words.submit}: ${clock.title}`} onPress={() => setAsked({ clock, verb: "submit" })}>
                        {words.submit}
                      </Button>
                    </span>
                  )}
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
      {asked !== null && (asked.verb === "confirm" || asked.verb === "decline") && (
        <ReasonDialog
          open
          onClose={close}
          title={words.confirmTitle(asked.clock.title)}
          effect={asked.verb === "confirm" ? words.confirmEffect : words.declineEffect}
          verb={words[asked.verb]}
          danger={asked.verb === "decline"}
          act={(reason) => change(incident.id, `clocks/${asked.clock.id}`, { applies: asked.verb === "confirm", reason })}
        />
      )}
      {asked !== null && (asked.verb === "submit" || asked.verb === "draft") && (
        <Written incident={incident.id} clock={asked.clock} what={asked.verb} onClose={close} />
      )}
    </Panel>
  );
}

function Written({ incident, clock, what, onClose }: { incident: string; clock: Clock; what: "submit" | "draft"; onClose: () => void }) {
  const [text, setText] = useState(what === "draft" ? clock.draft : "");
  const [error, setError] = useState<unknown>(null);
  const save = async (): Promise<void> => {
    try {
      await (what === "draft"
        ? change(incident, `clocks/${clock.id}/draft`, { text }, "PUT")
        : change(incident, "submit", { clock: clock.id, reference: text.trim() }));
      onClose();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet open onClose={onClose} title={what === "draft" ? words.draft : words.submitTitle(clock.title)} wide={what === "draft"}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") void save();
        }}
      >
        <TextInput label={what === "draft" ? words.draft : words.reference} value={text} onChange={setText} area={what === "draft"} autoFocus />
        {error !== null && <Failed error={error} what={words.submit} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={text.trim() === ""}>
            {what === "draft" ? words.saveDraft : words.submit}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
