import type { NewCredential } from "@mandate/sdk";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client, decisions, inventory, queries, session, system as systemQuery } from "../api.ts";
import type { SystemView } from "../api-types.ts";
import { Choice, TextInput } from "../components/dialog.tsx";
import { Failed } from "../components/states.tsx";
import { Status } from "../components/status.tsx";
import { Button, CopyButton, CopyOnce, PageHead, Panel } from "../components/ui.tsx";
import { t } from "../text.ts";
import { register as registerWords } from "../text/register.ts";
import { intake as intakeWords } from "../text/intake.ts";
import { credentials as credentialsWords } from "../text/credentials.ts";
import { system as systemWords } from "../text/system.ts";
import { emptyForm, manifestOf, nameOf, problemsOf } from "./register-form.ts";
import type { Form } from "./register-form.ts";
import { similarTo, tierPreview } from "./intake/intake-api.ts";
import { Reasons } from "./intake/reasons.tsx";
import { SimilarSystems } from "./intake/similar.tsx";
import { annex3Areas, prohibitedUses } from "./register-uses.ts";

const steps = 5;
/** An open question first: what is chosen was chosen by someone. */
const choose = (words: Record<string, string>): (readonly [string, string])[] => [
  ["", registerWords.choose],
  ...Object.entries(words),
];
interface Made {
  readonly system: SystemView;
  readonly key: NewCredential | null;
  readonly error: unknown;
}

export function RegisterPage() {
  const [form, setForm] = useState<Form>(emptyForm);
  const [step, setStep] = useState(1);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [made, setMade] = useState<Made | null>(null);
  const alike = useQuery({ ...similarTo(form), enabled: step === 2 }).data ?? [];
  const unjustified = step === 2 && alike.slice(0, 3).some((one) => (form.distinctFrom[one.name] ?? "").trim() === "");
  const problems = tried ? problemsOf(form, step) : {};
  const set = (change: Partial<Form>): void => setForm({ ...form, ...change });
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const name = nameOf(form.title);
      await client.apply(manifestOf(form));
      const system = await client.get<SystemView>("systems", name);
      // The record stands even if the key can't be made: say so rather than register twice.
      const key = await client.credentials
        .create({ system: name, name: `${name}-first`, ttl: "7d" })
        .catch((cause: unknown) => cause);
      setMade({
        system,
        key: key instanceof Error ? null : (key as NewCredential),
        error: key instanceof Error ? key : null,
      });
      await queries.invalidateQueries();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const next = (): void => {
    if (Object.keys(problemsOf(form, step)).length > 0 || unjustified) {
      setTried(true);
      return;
    }
    setTried(false);
    if (step < steps) setStep(step + 1);
    else void submit();
  };
  if (made !== null) return <Done made={made} />;
  return (
    <div className="register">
      <PageHead title={registerWords.title} />
      <p className="lead">{registerWords.lead}</p>
      <Panel
        title={[registerWords.q1, registerWords.q2, registerWords.q3, registerWords.q4, registerWords.q5][step - 1]}
        aside={<span className="muted small">{registerWords.step(step, steps)}</span>}
      >
        <form
          className="panel-body stack"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            next();
          }}
        >
          {step === 1 && (
            <>
              <TextInput
                label={registerWords.systemTitle}
                help={registerWords.systemTitleHelp}
                value={form.title}
                problem={problems["title"]}
                onChange={(title) => set({ title })}
                autoFocus
              />
              <TextInput
                area
                label={registerWords.purpose}
                help={registerWords.purposeHelp}
                value={form.purpose}
                problem={problems["purpose"]}
                onChange={(purpose) => set({ purpose })}
              />
            </>
          )}
          {step === 2 && (
            <>
              <TextInput
                type="email"
                label={registerWords.business}
                help={registerWords.ownersHelp}
                value={form.business}
                problem={problems["business"]}
                onChange={(business) => set({ business })}
                autoFocus
              />
              <TextInput
                type="email"
                label={registerWords.technical}
                value={form.technical}
                problem={problems["technical"]}
                onChange={(technical) => set({ technical })}
              />
            </>
          )}
          {step === 2 && <SimilarSystems form={form} set={set} alike={alike} tried={tried} />}
          {step === 3 && <Touches form={form} set={set} problems={problems} />}
          {step === 4 && (
            <>
              <Choice
                label={registerWords.audience}
                value={form.audience}
                options={choose(registerWords.audiences)}
                problem={problems["audience"]}
                onChange={(audience) => set({ audience })}
              />
              <Choice
                label={registerWords.autonomy}
                value={form.autonomy}
                options={choose(registerWords.autonomies)}
                problem={problems["autonomy"]}
                onChange={(autonomy) => set({ autonomy })}
              />
            </>
          )}
          {step === 5 && <Uses form={form} set={set} problems={problems} />}
          {error !== null && <Failed error={error} what={registerWords.title} />}
          <div className="row end">
            {step > 1 && <Button onPress={() => setStep(step - 1)}>{registerWords.back}</Button>}
            <Button type="submit" look="accent" isDisabled={busy}>
              {step < steps ? registerWords.next : registerWords.submit}
            </Button>
          </div>
        </form>
      </Panel>
    </div>
  );
}

function Ticks({
  legend,
  options,
  value,
  onChange,
  empty,
}: {
  legend: string;
  options: readonly (readonly [string, string])[];
  value: readonly string[];
  onChange: (value: string[]) => void;
  empty?: string;
}) {
  return (
    <fieldset className="ticks">
      <legend>{legend}</legend>
      {options.length === 0 && <p className="muted small">{empty}</p>}
      {options.map(([id, word]) => (
        <label key={id} className="check">
          <input
            type="checkbox"
            checked={value.includes(id)}
            onChange={(event) => onChange(event.target.checked ? [...value, id] : value.filter((one) => one !== id))}
          />{" "}
          <span>{word}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface Answers {
  readonly form: Form;
  readonly set: (change: Partial<Form>) => void;
  readonly problems: Record<string, string>;
}

function Touches({ form, set, problems }: Answers) {
  const of = {
    models: useQuery(inventory("models")),
    tools: useQuery(inventory("tools")),
    datasets: useQuery(inventory("datasets")),
  };
  return (
    <>
      {(["models", "tools", "datasets"] as const).map((kind) => (
        <Ticks
          key={kind}
          legend={registerWords[kind]}
          empty={registerWords.nothingHere}
          options={(of[kind].data?.items ?? []).map((item) => [item.name, item.title ?? item.name] as const)}
          value={form[kind]}
          onChange={(value) => set({ [kind]: value })}
        />
      ))}
      <Choice
        label={registerWords.sensitivity}
        value={form.sensitivity}
        options={choose(t.sensitivity)}
        problem={problems["sensitivity"]}
        onChange={(sensitivity) => set({ sensitivity })}
      />
      <TextInput
        label={registerWords.region}
        help={registerWords.regionHelp}
        value={form.region}
        problem={problems["region"]}
        onChange={(region) => set({ region })}
      />
    </>
  );
}

function Uses({ form, set, problems }: Answers) {
  const preview = useQuery(tierPreview(form)).data ?? null;
  // The rest only when a rule needs it; what was asked once stays, so that the answer can be taken back.
  const needs = (input: string, answer: string): boolean => answer !== "" || preview?.unanswered.includes(input) === true;
  return (
    <>
      <p>{registerWords.q5Lead}</p>
      <Ticks
        legend={registerWords.prohibited}
        options={prohibitedUses}
        value={form.prohibited}
        onChange={(prohibited) => set({ prohibited, noneOfThese: false })}
      />
      <h3>{registerWords.annex3}</h3>
      {annex3Areas.map(([area, uses]) => (
        <Ticks
          key={area}
          legend={area}
          options={uses}
          value={form.annex3}
          onChange={(annex3) => set({ annex3, noneOfThese: false })}
        />
      ))}
      <label className="check strong">
        <input
          type="checkbox"
          checked={form.noneOfThese}
          onChange={(event) =>
            set(event.target.checked ? { noneOfThese: true, prohibited: [], annex3: [] } : { noneOfThese: false })
          }
        />{" "}
        <span>{registerWords.noneSigned}</span>
      </label>
      {problems["uses"] !== undefined && (
        <p className="problem small" role="alert">
          {problems["uses"]}
        </p>
      )}
      <Ticks
        legend={registerWords.also}
        options={registerWords.alsoUses}
        value={form.also}
        onChange={(also) => set({ also })}
      />
      {needs("decisionEffect", form.decisionEffect) && (
        <Choice
          label={registerWords.decisionEffect}
          value={form.decisionEffect}
          options={choose(registerWords.effects)}
          onChange={(decisionEffect) => set({ decisionEffect })}
        />
      )}
      {needs("reversibility", form.reversibility) && (
        <Choice
          label={registerWords.reversibility}
          value={form.reversibility}
          options={choose(registerWords.undo)}
          onChange={(reversibility) => set({ reversibility })}
        />
      )}
      {form.annex3.length > 0 && (
        <>
          <Choice
            label={intakeWords.derogation}
            value={form.derogation}
            options={Object.entries(intakeWords.derogations)}
            onChange={(derogation) => set({ derogation })}
          />
          {form.derogation !== "" && (
            <TextInput
              label={intakeWords.derogationWhy}
              value={form.derogationWhy}
              problem={problems["derogationWhy"]}
              onChange={(derogationWhy) => set({ derogationWhy })}
            />
          )}
        </>
      )}
      {form.annex3.length + form.prohibited.length > 0 && (
        <Choice
          label={registerWords.euNexus}
          value={form.euNexus}
          options={choose(registerWords.yesNo)}
          onChange={(euNexus) => set({ euNexus })}
        />
      )}
      <div className="notice" aria-live="polite">
        {preview === null || form.noneOfThese === (form.prohibited.length + form.annex3.length > 0) ? (
          <p>{registerWords.must}</p>
        ) : (
          <>
            <p className="strong">
              {intakeWords.live}: {t.tier[preview.is as keyof typeof t.tier]}
            </p>
            <Reasons reasons={preview.reasons} flags={preview.flags} />
          </>
        )}
      </div>
    </>
  );
}

function Done({ made }: { made: Made }) {
  const { system: first, key } = made;
  const current = useQuery({ ...systemQuery(first.name), refetchInterval: 5000 }).data ?? first;
  const calls = useQuery({ ...decisions({ system: first.name, limit: 1 }), refetchInterval: 2000 });
  const arrived = (calls.data?.items.length ?? 0) > 0;
  const gateway = `${useQuery(session).data?.gatewayUrl ?? location.origin}/v1`;
  const snippet = `export OPENAI_BASE_URL=${gateway}\nexport OPENAI_API_KEY=${key?.key ?? "…"}`;
  const open = current.authorization !== null && current.status === "operating";
  return (
    <div className="register">
      <PageHead title={registerWords.done(current.title)}>
        <Link className="button" to="/systems/$name" params={{ name: current.name }}>
          {registerWords.openSystem}
        </Link>
      </PageHead>
      <p className="lead">
        {registerWords.tierIs} <b>{t.tier[current.tier]}</b>
        {(current.tierReasons ?? []).length > 0 &&
          `, ${registerWords.because} ${(current.tierReasons ?? []).map((reason) => reason.text).join("; ")}`}
        .
      </p>
      <div className="stack">
        {!open && (
          <div className="notice notice-hold">
            <p className="strong">{registerWords.proposedText}</p>
            <ul>
              {(current.missing ?? []).map((one) => (
                <li key={one}>
                  <code>{one}</code>
                </li>
              ))}
            </ul>
          </div>
        )}
        {made.error !== null && <Failed error={made.error} what={credentialsWords.create} />}
        {key !== null && (
          <Panel title={t.copyOnce.title}>
            <div className="panel-body stack">
              <CopyOnce secret={key.key} notAfter={key.notAfter} />
              <p>{registerWords.keyNext}</p>
              <pre className="code dark" tabIndex={0}>
                {snippet}
              </pre>
              <CopyButton value={snippet} />
            </div>
          </Panel>
        )}
        <p aria-live="polite">
          {arrived ? (
            <Status mark="allow" chip>
              {registerWords.arrived}
            </Status>
          ) : (
            <Status mark="hold" chip>
              {registerWords.waiting}
            </Status>
          )}{" "}
          {arrived && (
            <Link to="/evidence" search={{ system: current.name }}>
              {systemWords.allDecisions}
            </Link>
          )}
        </p>
      </div>
    </div>
  );
}
