import { useState } from "react";
import { Sheet } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Button } from "../../components/ui.tsx";
import { t } from "../../text.ts";

/** Says the effect, then acts: for what concerns the person alone, where no reason is owed to anyone. */
export function ReasonlessDialog({
  open,
  onClose,
  title,
  effect,
  verb,
  act,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  effect: string;
  verb: string;
  act: () => Promise<unknown>;
}) {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await act();
      onClose();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Sheet open={open} onClose={onClose} title={title}>
      <div className="stack">
        <p>{effect}</p>
        {error !== null && <Failed error={error} what={verb} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button look="danger" isDisabled={busy} onPress={() => void run()}>
            {verb}
          </Button>
        </div>
      </div>
    </Sheet>
  );
}
