import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Diff } from "../../components/diff.tsx";
import { Choice, Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { objects as words } from "../../text/objects.ts";
import { reassessments as caseWords } from "../../text/reassessments.ts";
import { oneCase } from "../reassessments/queries.ts";
import { refresh, reportVendor } from "./queries.ts";
import type { UseDetail } from "./queries.ts";

const shownCases = 3;
const shownSystems = 5;

/** Each change of a vendor that waits for an answer, against the signed answers it contradicts. */
export function VendorChanges({ name, use }: { name: string; use: UseDetail | undefined }) {
  const open = (use?.cases ?? []).filter((one) => one.state === "open").slice(0, shownCases);
  if (use === undefined) return null;
  return (
    <Panel title={words.vendorChanges}>
      {open.length === 0 ? <p className="panel-body muted">{words.noVendorChange}</p> : open.map((one) => <OneCase key={`${name} ${one.id}`} id={one.id} title={one.title} openedAt={one.openedAt} />)}
    </Panel>
  );
}

function OneCase({ id, title, openedAt }: { id: string; title: string; openedAt: string }) {
  return (
    <div className="definition">
      <div className="row wrap">
        <span>
          <b>{title}</b>{" "}
          <span className="muted small">
            <Time at={openedAt} />
          </span>
        </span>
        <Link className="button" to="/reassessments/$id" params={{ id }}>
          {words.openCase}
        </Link>
      </div>
      <Loaded query={useQuery(oneCase(id))} what={title} rows={2}>
        {(found) => (
          <>
            {found.systems.slice(0, shownSystems).map((one) => (
              <div key={one.system}>
                <p>
                  <SystemLink name={one.system} /> {one.outcome === null ? <Status mark={one.class === "C" ? "deny" : "hold"}>{caseWords.open}</Status> : <Status mark="person">{caseWords.outcomes[one.outcome]}</Status>}
                </p>
                {one.changes.map((change) => (
                  <Diff key={`${change.subject} ${change.what}`} subject={change.subject} what={change.what} members={change.diff} />
                ))}
              </div>
            ))}
            {found.systems.length > shownSystems && <p className="muted">{words.andMore(found.systems.length - shownSystems)}</p>}
          </>
        )}
      </Loaded>
    </div>
  );
}

/** What a vendor announces isn't in any manifest: reported once, it reaches every system that depends on it. */
export function ReportChange({ name }: { name: string }) {
  const [open, setOpen] = useState(false);
  const [kind, setKind] = useState("terms");
  const [summary, setSummary] = useState("");
  const [value, setValue] = useState("");
  const [url, setUrl] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const send = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const { reassessment } = await reportVendor(name, { kind, summary: summary.trim(), ...(value.trim() === "" ? {} : { value: value.trim() }), ...(url.trim() === "" ? {} : { url: url.trim() }) });
      await refresh("vendors", "systems");
      setOpen(false);
      if (reassessment !== null) void navigate({ to: "/reassessments/$id", params: { id: reassessment } });
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button onPress={() => setOpen(true)}>{words.report}</Button>
      <Sheet open={open} onClose={() => setOpen(false)} title={words.reportTitle(name)}>
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (summary.trim() !== "") void send();
          }}
        >
          <p>{words.reportEffect}</p>
          <Choice label={words.reportKind} value={kind} options={Object.entries(words.reportKinds)} onChange={setKind} />
          <TextInput label={words.reportSummary} value={summary} onChange={setSummary} />
          <TextInput label={words.reportValue} help={words.reportValueHelp} value={value} onChange={setValue} />
          <TextInput label={words.reportUrl} value={url} onChange={setUrl} type="url" />
          {error !== null && <Failed error={error} what={words.report} />}
          <div className="row end">
            <Button onPress={() => setOpen(false)}>{t.action.cancel}</Button>
            <Button type="submit" look="accent" isDisabled={summary.trim() === "" || busy}>
              {words.report}
            </Button>
          </div>
        </form>
      </Sheet>
    </>
  );
}
