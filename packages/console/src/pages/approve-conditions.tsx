import { useState } from "react";
import { Choice, TextInput } from "../components/dialog.tsx";
import { Button } from "../components/ui.tsx";
import * as words from "../text/approvals.ts";

export type Condition = Readonly<Record<"metric" | "due" | "consequence", string>> &
  Readonly<{ threshold?: number; subject?: string }>;

const named: ReadonlySet<string> = new Set(["evaluation", "document"]);
const metrics = Object.entries(words.conditions.metrics);
const consequences = Object.entries(words.conditions.consequences);
const empty = { metric: "findings_open", measure: "0", due: "", consequence: "suspend" };

/** What a machine checks from a day on, asked for with a yes. The signature covers these lines too. */
export function Conditions({
  value,
  onChange,
}: {
  value: readonly Condition[];
  onChange: (conditions: readonly Condition[]) => void;
}) {
  const [form, setForm] = useState(empty);
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (text: string): void => setForm({ ...form, [name]: text }),
  });
  const byName = named.has(form.metric);
  const measure = form.measure.trim();
  const ready = /^\d{4}-\d\d-\d\d$/.test(form.due) && measure !== "" && (byName || Number(measure) >= 0);
  const add = (): void => {
    const { metric, due, consequence } = form;
    onChange([
      ...value,
      {
        metric,
        ...(byName ? { subject: measure } : { threshold: Number(measure) }),
        due: `${due}T00:00:00Z`,
        consequence,
      },
    ]);
    setForm(empty);
  };
  return (
    <details>
      <summary>{words.conditions.title(value.length)}</summary>
      <div className="stack">
        <p className="muted small">{words.conditions.note}</p>
        {value.map((one) => (
          <p key={JSON.stringify(one)}>
            {words.conditions.line(
              words.conditions.metrics[one.metric] ?? one.metric,
              one.subject ?? `${one.threshold}`,
              one.due.slice(0, 10),
              words.conditions.consequences[one.consequence] ?? one.consequence,
            )}{" "}
            <Button onPress={() => onChange(value.filter((other) => other !== one))}>{words.conditions.remove}</Button>
          </p>
        ))}
        <Choice label={words.conditions.metric} options={metrics} {...field("metric")} />
        <TextInput label={byName ? words.conditions.subject : words.conditions.threshold} {...field("measure")} />
        <TextInput label={words.conditions.due} help={words.conditions.dueHelp} {...field("due")} />
        <Choice label={words.conditions.consequence} options={consequences} {...field("consequence")} />
        <Button isDisabled={!ready} onPress={add}>
          {words.conditions.add}
        </Button>
      </div>
    </details>
  );
}
