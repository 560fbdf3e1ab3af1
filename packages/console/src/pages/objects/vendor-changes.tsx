import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Diff } from "../../components/diff.tsx";
import type { DiffMember } from "../../components/diff.tsx";
import { Choice, Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { objects as words } from "../../text/objects.ts";
import { reassessments as caseWords } from "../../text/reassessments.ts";
import { oneCase } from "../reassessments/queries.ts";
import type { CaseDetail } from "../reassessments/queries.ts";
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
            {changesOf(found).map((change) => (
              <div key={change.key}>
                <Diff subject={change.subject} what={change.what} members={change.members} />
                <ul className="plain tight">
                  {change.answers.slice(0, shownSystems).map((one) => (
                    <li key={`${one.system} ${one.answer ?? ""}`}>
                      <SystemLink name={one.system} />{" "}
                      {one.answer !== null && (
                        <>
                          <Status mark={one.contradicts ? "deny" : "unknown"}>{one.contradicts ? caseWords.contradicts : caseWords.touches}</Status> <code>{one.answer}</code>: {one.answered ?? caseWords.nothing}{" "}
                        </>
                      )}
                      <span className="small">{one.outcome === null ? <Status mark="hold">{caseWords.open}</Status> : <Status mark="person">{caseWords.outcomes[one.outcome]}</Status>}</span>
                    </li>
                  ))}
                  {change.answers.length > shownSystems && <li className="muted">{words.andMore(change.answers.length - shownSystems)}</li>}
                </ul>
              </div>
            ))}
          </>
        )}
      </Loaded>
    </div>
  );
}

/** What changed once, and under it each system's answer that it touches: the same change isn't drawn for every system. */
function changesOf(found: CaseDetail) {
  const changes = new Map<string, { key: string; subject: string; what: string; members: DiffMember[]; answers: { system: string; outcome: string | null; answer: string | null; answered: string | null; contradicts: boolean }[] }>();
  for (const { system, outcome, changes: own } of found.systems)
    for (const { subject, what, diff } of own) {
      const key = `${subject} ${what}`;
      const one = changes.get(key) ?? { key, subject, what, members: diff.map((member) => ({ ...member, answer: null })), answers: [] };
      changes.set(key, one);
      one.answers.push(...(diff.length === 0 ? [{ system, outcome, answer: null, answered: null, contradicts: false }] : diff.map(({ answer, answered, contradicts }) => ({ system, outcome, answer, answered, contradicts }))));
    }
  return [...changes.values()];
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
