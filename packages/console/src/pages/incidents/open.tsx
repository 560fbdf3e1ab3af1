import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import { Choice, Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Button } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { incidents as words } from "../../text/incidents.ts";
import { questions } from "./queries.ts";

/** Says what happened, answers what is known, and stops with it what has to stop. */
export function OpenIncident({ system, onClose }: { system?: string | undefined; onClose: () => void }) {
  const asked = useQuery(questions).data ?? [];
  const navigate = useNavigate();
  const [form, setForm] = useState({ title: "", severity: "high", systems: system ?? "", aware: "", suspend: false });
  const [answers, setAnswers] = useState<Readonly<Record<string, string>>>({});
  const [error, setError] = useState<unknown>(null);
  const names = form.systems
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const open = async (): Promise<void> => {
    try {
      const made = await client.request<{ id: string }>("POST", "/api/v1/incidents", {
        title: form.title.trim(),
        severity: form.severity,
        systems: names,
        answers: Object.fromEntries(
          Object.entries(answers).flatMap(([id, said]) => (said === "open" ? [] : [[id, said === "yes"]])),
        ),
        kill: form.suspend ? names.map((name) => ({ system: name })) : [],
        ...(form.aware === "" ? {} : { aware: new Date(form.aware).toISOString() }),
      });
      await queries.invalidateQueries();
      onClose();
      await navigate({ to: "/incidents", search: { id: made.id } });
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet open onClose={onClose} title={words.open} wide>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (form.title.trim() !== "") void open();
        }}
      >
        <TextInput label={words.what} value={form.title} onChange={(title) => setForm({ ...form, title })} autoFocus />
        <Choice
          label={words.severity}
          value={form.severity}
          options={Object.entries(words.severities)}
          onChange={(severity) => setForm({ ...form, severity })}
        />
        <TextInput
          label={words.systems}
          help={words.systemsHelp}
          value={form.systems}
          onChange={(systems) => setForm({ ...form, systems })}
        />
        <TextInput
          label={words.aware}
          help={words.awareHelp}
          type="datetime-local"
          value={form.aware}
          onChange={(aware) => setForm({ ...form, aware })}
        />
        <fieldset className="stack">
          <legend className="strong">{words.questions}</legend>
          <p className="muted small">{words.questionsHelp}</p>
          {asked.map(({ id, question }) => (
            <Choice
              key={id}
              label={question}
              value={answers[id] ?? "open"}
              options={Object.entries(words.answers)}
              onChange={(said) => setAnswers({ ...answers, [id]: said })}
            />
          ))}
        </fieldset>
        <label className="check">
          <input
            type="checkbox"
            checked={form.suspend}
            disabled={names.length === 0}
            onChange={(event) => setForm({ ...form, suspend: event.target.checked })}
          />{" "}
          {words.suspend}
        </label>
        {error !== null && <Failed error={error} what={words.open} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={form.title.trim() === ""}>
            {words.open}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
