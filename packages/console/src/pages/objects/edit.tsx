import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Choice, Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, SystemLink } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { objects as words } from "../../text/objects.ts";
import { specWith, written } from "./edit-spec.ts";
import type { Values } from "./edit-spec.ts";
import type { ObjectKind } from "./kind.ts";
import { change, plan, refresh } from "./queries.ts";
import type { RegisterObject, ShownChange, Spec } from "./queries.ts";

/** A change of the record: first what it would re-open, then the reason, then it counts. */
export function Edit({ kind, object }: { kind: ObjectKind; object: RegisterObject }) {
  const [open, setOpen] = useState(false);
  if (kind.fields.length === 0) return null;
  return (
    <>
      <Button onPress={() => setOpen(true)}>{words.edit}</Button>
      <Sheet open={open} onClose={() => setOpen(false)} title={words.editTitle(object.name)} wide>
        {open && <Form kind={kind} object={object} onClose={() => setOpen(false)} />}
      </Sheet>
    </>
  );
}

function Form({ kind, object, onClose }: { kind: ObjectKind; object: RegisterObject; onClose: () => void }) {
  const [values, setValues] = useState<Values>(() => Object.fromEntries(kind.fields.map((field) => [field.name, written(object.spec, field)])));
  const [reason, setReason] = useState("");
  const spec = specWith(object.spec, kind.fields, values);
  const key = JSON.stringify(spec);
  const isSame = key === JSON.stringify(specWith(object.spec, [], {}));
  const trial = useMutation({ mutationFn: async (of: { readonly key: string; readonly spec: Spec }) => ({ key: of.key, changes: (await plan(object, of.spec)).changes }) });
  const saving = useMutation({
    mutationFn: async () => {
      await change(object, spec, reason.trim());
      await refresh(kind.plural, "systems");
      onClose();
    },
  });
  const seen = trial.data?.key === key ? trial.data : undefined;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (seen === undefined) trial.mutate({ key, spec });
        else if (reason.trim() !== "") saving.mutate();
      }}
    >
      <p className="muted small">{words.editHelp}</p>
      {kind.fields.map((field) => {
        const set = (value: string): void => setValues({ ...values, [field.name]: value });
        const value = values[field.name] ?? "";
        if (field.type === "choice") return <Choice key={field.name} label={field.label} value={value} options={field.options} onChange={set} />;
        return <TextInput key={field.name} label={field.label} value={value} onChange={set} type={field.type === "date" ? "date" : "text"} area={field.type === "lines" || field.type === "prose"} {...(field.type === "lines" ? { help: words.lines } : field.help === undefined ? {} : { help: field.help })} />;
      })}
      {trial.error !== null && <Failed error={trial.error} what={words.see} />}
      {seen !== undefined && <Effect changes={seen.changes} />}
      {seen !== undefined && <TextInput label={t.action.reason} help={t.action.why} value={reason} onChange={setReason} />}
      {saving.error !== null && <Failed error={saving.error} what={words.save} />}
      {isSame && <p className="muted small">{words.same}</p>}
      <div className="row end wrap">
        <Button onPress={onClose}>{t.action.cancel}</Button>
        {seen === undefined ? (
          <Button type="submit" look="accent" isDisabled={isSame || trial.isPending}>
            {trial.data === undefined ? words.see : words.seeAgain}
          </Button>
        ) : (
          <Button type="submit" look="accent" isDisabled={reason.trim() === "" || saving.isPending}>
            {words.save}
          </Button>
        )}
      </div>
    </form>
  );
}

/** Systems whose authorization it re-opens, with what their next calls get. */
export function Effect({ changes }: { changes: readonly ShownChange[] }) {
  const touched = changes.filter((one) => one.reassessment !== undefined && one.reassessment.class !== "A");
  if (touched.length === 0)
    return (
      <p role="status">
        <Status mark="allow">{words.effectNone}</Status>
      </p>
    );
  return (
    <div role="status">
      <ul className="plain tight">
        {touched.map((one) => (
          <li key={one.name}>
            <Status mark={one.reassessment?.class === "C" ? "deny" : "hold"}>{words.effect(one.name, one.reassessment?.class ?? "B")}</Status>
            <span className="muted small block">
              {words.effectCalls(one.reassessment?.refusedCalls ?? 0)} <SystemLink name={one.name} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
