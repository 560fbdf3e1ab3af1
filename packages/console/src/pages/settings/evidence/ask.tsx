import { useState } from "react";
import { Choice, ReasonDialog, TextInput } from "../../../components/dialog.tsx";

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly help?: string;
  /** Several lines, as a certificate has. */
  readonly area?: boolean;
  readonly options?: readonly (readonly [string, string])[];
  /** Asked only where this holds of the other answers. */
  readonly when?: (values: Readonly<Record<string, string>>) => boolean;
}

/** Asks for these fields and a reason. What is wrong with them is the server's to say: its words are shown. */
export function Ask({
  title,
  effect,
  verb,
  fields,
  initial,
  onClose,
  send,
}: {
  title: string;
  effect: string;
  verb: string;
  fields: readonly Field[];
  initial: Readonly<Record<string, string>>;
  onClose: () => void;
  send: (values: Readonly<Record<string, string>>, reason: string) => Promise<unknown>;
}) {
  const [values, setValues] = useState(initial);
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={title}
      effect={effect}
      verb={verb}
      act={(reason) => send(values, reason)}
      fields={fields
        .filter(({ when }) => when?.(values) ?? true)
        .map(({ name, label, help, area, options }) => {
          const shared = { label, value: values[name] ?? "", onChange: (value: string) => setValues({ ...values, [name]: value }) };
          return options === undefined ? <TextInput key={name} {...shared} {...(help === undefined ? {} : { help })} {...(area === true ? { area, maxLength: 20_000 } : {})} /> : <Choice key={name} {...shared} options={options} />;
        })}
    />
  );
}
