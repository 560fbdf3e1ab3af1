import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../../api.ts";
import { download } from "../../components/data-table.tsx";
import { Choice, Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed, Loading } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Command, Facts } from "../../components/ui.tsx";
import { count } from "../../format.ts";
import { t } from "../../text.ts";
import { audits as auditWords, wizard as words } from "../../text/audits.ts";

interface Preview {
  readonly decisions: number;
  readonly entries: number;
  readonly approvals: number;
  readonly opens: number;
  readonly erased: number;
  readonly erasures: number;
  readonly holds: number;
}
interface Building {
  readonly entries: number;
  readonly payloads: number;
  readonly bytes: number;
}
interface Scope {
  readonly systems: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly framework?: string;
}

const frameworks = queryOptions({
  queryKey: ["frameworks", "list"],
  queryFn: async ({ signal }) => (await client.request<{ items: readonly { key: string; name: string }[] }>("GET", "/api/v1/frameworks", undefined, { signal })).items,
});

/** Systems, period, framework; what it will hold and what stays sealed; then the pack, with how far it is. */
export function PackWizard({ onClose, system, names }: { onClose: () => void; system: string; names: readonly (readonly [string, string])[] }) {
  const [step, setStep] = useState(0);
  const [chosen, setChosen] = useState<readonly string[]>(system === "" ? [] : [system]);
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const [framework, setFramework] = useState("");
  const [disclosing, setDisclosing] = useState(false);
  const [reason, setReason] = useState("");
  const day = (text: string): string => new Date(`${text}T00:00:00Z`).toISOString();
  const scope: Scope = { systems: chosen, ...(since === "" ? {} : { since: day(since) }), ...(until === "" ? {} : { until: day(until) }), ...(framework === "" ? {} : { framework }) };
  return (
    <Sheet open onClose={onClose} title={words.title}>
      <div className="stack">
        <ol className="wizard-steps" aria-label={words.step(step + 1)}>
          {words.steps.map((name, at) => (
            <li key={name} aria-current={at === step ? "step" : undefined}>
              {name}
            </li>
          ))}
        </ol>
        {step === 0 && <Choose {...{ names, chosen, setChosen, since, setSince, until, setUntil, framework, setFramework }} />}
        {step === 1 && <Look {...{ scope, disclosing, setDisclosing, reason, setReason }} />}
        {step === 2 && <Make scope={scope} disclose={disclosing ? reason.trim() : undefined} onClose={onClose} />}
        {step < 2 && (
          <div className="row end">
            <Button onPress={step === 0 ? onClose : () => setStep(0)}>{step === 0 ? t.action.cancel : words.back}</Button>
            <Button look="accent" isDisabled={step === 1 && disclosing && reason.trim() === ""} onPress={() => setStep(step + 1)}>
              {step === 0 ? words.next : words.make}
            </Button>
          </div>
        )}
      </div>
    </Sheet>
  );
}

function Choose(props: {
  names: readonly (readonly [string, string])[];
  chosen: readonly string[];
  setChosen: (names: readonly string[]) => void;
  since: string;
  setSince: (day: string) => void;
  until: string;
  setUntil: (day: string) => void;
  framework: string;
  setFramework: (key: string) => void;
}) {
  const { names, chosen, setChosen } = props;
  const known = useQuery(frameworks).data ?? [];
  return (
    <>
      <fieldset className="pick">
        <legend>{words.systems}</legend>
        <label className="row">
          <input type="checkbox" checked={chosen.length === 0} onChange={() => setChosen([])} />
          {words.systemsAll}
        </label>
        <div className="pick-list" role="group" tabIndex={0} aria-label={words.systems}>
          {names.map(([name, title]) => (
            <label className="row" key={name}>
              <input type="checkbox" checked={chosen.includes(name)} onChange={(event) => setChosen(event.target.checked ? [...chosen, name] : chosen.filter((one) => one !== name))} />
              {title}
            </label>
          ))}
        </div>
      </fieldset>
      <div className="row wrap">
        <TextInput label={auditWords.since} type="date" value={props.since} onChange={props.setSince} />
        <TextInput label={auditWords.until} type="date" value={props.until} onChange={props.setUntil} />
      </div>
      <Choice label={words.framework} value={props.framework} options={[["", words.frameworkAll], ...known.map((one) => [one.key, one.name] as const)]} onChange={props.setFramework} />
    </>
  );
}

function Look({ scope, disclosing, setDisclosing, reason, setReason }: { scope: Scope; disclosing: boolean; setDisclosing: (on: boolean) => void; reason: string; setReason: (text: string) => void }) {
  const query = useQuery({ queryKey: ["pack-preview", scope], placeholderData: undefined, queryFn: ({ signal }) => client.request<Preview>("POST", "/api/v1/evidence/packs/preview", scope, { signal }) });
  if (query.error !== null) return <Failed error={query.error} what={words.preview} retry={() => void query.refetch()} />;
  if (query.data === undefined) return <Loading rows={5} />;
  const { data } = query;
  const figure = (value: number) => <span className="mono">{count(value)}</span>;
  return (
    <>
      <Facts
        className="facts-wide"
        rows={[
          [words.decisions, figure(data.decisions)],
          [words.approvals, figure(data.approvals)],
          [words.entries, figure(data.entries)],
          [words.opens, figure(data.opens)],
          [words.erased, figure(data.erased)],
          [words.erasures, figure(data.erasures)],
          [words.holds, figure(data.holds)],
        ]}
      />
      {!disclosing && <p className="muted">{words.sealed}</p>}
      <label className="row">
        <input type="checkbox" checked={disclosing} onChange={(event) => setDisclosing(event.target.checked)} />
        {words.disclose}
      </label>
      {disclosing && <TextInput label={words.reason} help={words.discloseHelp(data.opens)} value={reason} onChange={setReason} autoFocus />}
    </>
  );
}

const sizeOf = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function Make({ scope, disclose, onClose }: { scope: Scope; disclose: string | undefined; onClose: () => void }) {
  // Made once, however often this is drawn: a query keeps the one promise.
  const [name] = useState(() => `evidence-${new Date().toISOString().slice(0, 10)}.zip`);
  const [key] = useState(() => crypto.randomUUID());
  const made = useQuery({
    queryKey: ["pack-made", key],
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    placeholderData: undefined,
    queryFn: async ({ signal }) => {
      const stream = await client.evidence.pack({ ...scope, ...(disclose === undefined ? {} : { disclose }) }, { signal });
      const blob = await new Response(stream).blob();
      download(name, "application/zip", blob);
      return { bytes: blob.size };
    },
  });
  const progress = useQuery({
    queryKey: ["pack-progress", key],
    enabled: made.isPending,
    refetchInterval: 500,
    placeholderData: undefined,
    queryFn: async ({ signal }) => (await client.request<{ items: readonly Building[] }>("GET", "/api/v1/evidence/packs", undefined, { signal })).items.at(-1) ?? null,
  });
  if (made.error !== null) return <Failed error={made.error} what={words.title} retry={() => void made.refetch()} />;
  if (made.data === undefined) {
    const now = progress.data ?? null;
    return (
      <div role="status" className="stack">
        <p>
          <b>{words.making}</b>
        </p>
        <div className="bar-running" aria-hidden="true" />
        <p className="muted">{now === null || now.entries === 0 ? words.checking : words.progress(now.entries, now.payloads, sizeOf(now.bytes))}</p>
      </div>
    );
  }
  return (
    <div className="stack">
      <p role="status">
        <Status mark="allow">{`${words.done}, ${sizeOf(made.data.bytes)}`}</Status>
      </p>
      <p>{words.doneText}</p>
      <Command>{`npx mandate evidence verify ${name}`}</Command>
      <div className="row end">
        <Button look="accent" onPress={onClose}>
          {words.finish}
        </Button>
      </div>
    </div>
  );
}
