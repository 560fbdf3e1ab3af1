import { useState } from "react";
import { client, queries } from "../../api.ts";
import { Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Button } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { breakGlass as words } from "../../text/settings-rules.ts";

const list = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

export function AgreePlan({ onClose }: { onClose: () => void }) {
  const [form, setForm] = useState({
    name: "",
    systems: "",
    rules: "",
    people: "",
    minutes: "60",
    compensating: "",
    ends: "",
    reason: "",
  });
  const [error, setError] = useState<unknown>(null);
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (value: string): void => setForm({ ...form, [name]: value }),
  });
  const ready = Object.values(form).every((text) => text.trim() !== "");
  const send = async (): Promise<void> => {
    setError(null);
    try {
      await client.request("POST", "/api/v1/break-glass", {
        name: form.name.trim(),
        systems: list(form.systems),
        rules: list(form.rules),
        people: list(form.people),
        minutes: Number(form.minutes),
        compensating: form.compensating.trim(),
        reason: form.reason.trim(),
        ends: `${form.ends}T23:59:59Z`,
      });
      await queries.invalidateQueries();
      onClose();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet open onClose={onClose} title={words.add} wide>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void send();
        }}
      >
        <p className="muted small">{words.addText}</p>
        <TextInput label={words.name} help={words.nameHelp} {...field("name")} autoFocus />
        <TextInput label={words.systems} help={words.systemsHelp} {...field("systems")} />
        <TextInput label={words.rules} help={words.rulesHelp} {...field("rules")} />
        <TextInput label={words.people} help={words.peopleHelp} {...field("people")} />
        <TextInput label={words.minutesLabel} type="number" {...field("minutes")} />
        <TextInput label={words.compensating} {...field("compensating")} />
        <TextInput label={words.endsLabel} type="date" {...field("ends")} />
        <TextInput label={words.reason} {...field("reason")} />
        {error !== null && <Failed error={error} what={words.add} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={!ready}>
            {words.ask}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
