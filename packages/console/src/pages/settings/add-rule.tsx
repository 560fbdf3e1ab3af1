import { useState } from "react";
import { Choice, Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Button } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { tierRules as words } from "../../text/settings-rules.ts";
import type { OwnRule } from "./tier-rules.tsx";

const options = (...values: readonly string[]): [string, string][] => [
  ["", words.any],
  ...values.map((value): [string, string] => [value, words.values[value] ?? value]),
];
const list = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** The conditions most rules need; the API takes the rest. */
export function AddRule({
  onClose,
  ask,
}: {
  onClose: () => void;
  ask: (rule: OwnRule, reason: string) => Promise<void>;
}) {
  const [form, setForm] = useState({
    id: "",
    title: "",
    tier: "T2",
    audience: "",
    autonomy: "",
    sensitivity: "",
    classes: "",
    effects: "",
    cite: "",
    reason: "",
  });
  const [problem, setProblem] = useState("");
  const [error, setError] = useState<unknown>(null);
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (value: string): void => setForm({ ...form, [name]: value }),
  });
  const ready = [form.id, form.title, form.cite, form.reason].every((text) => text.trim() !== "");
  const send = async (): Promise<void> => {
    const when: OwnRule["when"] = {
      ...(form.audience === "" ? {} : { audience: form.audience }),
      ...(form.autonomy === "" ? {} : { autonomy: form.autonomy }),
      ...(form.sensitivity === "" ? {} : { sensitivity: form.sensitivity }),
      ...(list(form.classes).length === 0 ? {} : { classes: list(form.classes) }),
      ...(form.effects === "" ? {} : { effects: [form.effects] }),
    };
    setProblem(Object.keys(when).length === 0 ? words.conditionMissing : "");
    if (Object.keys(when).length === 0) return;
    setError(null);
    try {
      const { id, title, tier } = form;
      await ask({ id: id.trim(), title: title.trim(), when, tier, cite: list(form.cite) }, form.reason.trim());
      onClose();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet open onClose={onClose} title={words.addTitle} wide>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void send();
        }}
      >
        <TextInput label={words.idLabel} help={words.idHelp} {...field("id")} autoFocus />
        <TextInput label={words.titleLabel} {...field("title")} />
        <fieldset className="ticks stack">
          <legend>{words.when}</legend>
          <Choice label={words.audience} options={options("internal", "partner", "public")} {...field("audience")} />
          <Choice
            label={words.autonomy}
            options={options("suggests", "acts-with-approval", "acts")}
            {...field("autonomy")}
          />
          <Choice
            label={words.sensitivity}
            options={options("internal", "confidential", "restricted")}
            {...field("sensitivity")}
          />
          <TextInput label={words.classes} help={words.classesHelp} {...field("classes")} />
          <Choice
            label={words.effects}
            options={options("reads", "writes", "deletes", "sends", "pays", "executes", "grants")}
            {...field("effects")}
          />
          {problem !== "" && (
            <p className="problem small" role="alert">
              {problem}
            </p>
          )}
        </fieldset>
        <Choice
          label={words.tier}
          options={(["T1", "T2", "T3", "X"] as const).map((tier) => [tier, t.tier[tier]] as const)}
          {...field("tier")}
        />
        <TextInput label={words.cite} help={words.citeHelp} {...field("cite")} />
        <TextInput label={t.action.reason} help={t.action.why} {...field("reason")} />
        {error !== null && <Failed error={error} what={words.ask} />}
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
