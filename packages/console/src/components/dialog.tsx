import { useState } from "react";
import type { ReactNode } from "react";
import { Dialog, Heading } from "react-aria-components/Dialog";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { t } from "../text.ts";
import { Failed } from "./states.tsx";
import { Button } from "./ui.tsx";

export function Sheet({
  open,
  onClose,
  title,
  children,
  wide = false,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  wide?: boolean;
}) {
  return (
    <ModalOverlay
      className="overlay"
      isOpen={open}
      isDismissable
      onOpenChange={(next) => (next ? undefined : onClose())}
    >
      <Modal className={wide ? "modal modal-wide" : "modal"}>
        <Dialog className="dialog">
          <Heading slot="title" className="dialog-title">
            {title}
          </Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Says the effect first, asks for the reason that stands in the evidence, then acts. */
export function ReasonDialog({
  open,
  onClose,
  title,
  effect,
  verb,
  danger = false,
  fields,
  act,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  effect: string;
  verb: string;
  danger?: boolean;
  /** What is asked beside the reason. */
  fields?: ReactNode;
  act: (reason: string) => Promise<unknown>;
}) {
  const [reason, setReason] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await act(reason.trim());
      setReason("");
      onClose();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Sheet open={open} onClose={onClose} title={title}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim() !== "") void run();
        }}
      >
        <p>{effect}</p>
        {fields}
        <TextInput label={t.action.reason} help={t.action.why} value={reason} onChange={setReason} autoFocus />
        {error !== null && <Failed error={error} what={verb} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look={danger ? "danger" : "accent"} isDisabled={reason.trim() === "" || busy}>
            {verb}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}

export function TextInput({
  label,
  value,
  onChange,
  help,
  problem,
  autoFocus = false,
  type = "text",
  area = false,
  maxLength = 2000,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: string;
  problem?: string | undefined;
  autoFocus?: boolean;
  type?: string;
  area?: boolean;
  maxLength?: number;
}) {
  const id = `in-${label.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;
  const described = [help === undefined ? "" : `${id}-help`, problem === undefined ? "" : `${id}-problem`]
    .filter((part) => part !== "")
    .join(" ");
  const shared = {
    id,
    value,
    maxLength,
    "aria-invalid": problem !== undefined,
    ...(described === "" ? {} : { "aria-describedby": described }),
    autoFocus,
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {area ? (
        <textarea {...shared} rows={3} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input {...shared} type={type} autoComplete="off" onChange={(event) => onChange(event.target.value)} />
      )}
      {help !== undefined && (
        <p id={`${id}-help`} className="muted small">
          {help}
        </p>
      )}
      {problem !== undefined && (
        <p id={`${id}-problem`} className="problem small">
          {problem}
        </p>
      )}
    </div>
  );
}

export function Choice({
  label,
  value,
  options,
  onChange,
  hideLabel = false,
  problem,
}: {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
  hideLabel?: boolean;
  problem?: string | undefined;
}) {
  const id = `ch-${label.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;
  return (
    <div className={hideLabel ? "choice" : "field"}>
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-invalid={problem !== undefined}
        {...(problem === undefined ? {} : { "aria-describedby": `${id}-problem` })}
        onChange={(event) => onChange(event.target.value)}
      >
        {options.map(([key, word]) => (
          <option key={key} value={key}>
            {word}
          </option>
        ))}
      </select>
      {problem !== undefined && (
        <p id={`${id}-problem`} className="problem small">
          {problem}
        </p>
      )}
    </div>
  );
}
