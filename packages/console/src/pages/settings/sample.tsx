import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { SampleRemoval } from "@mandate/sdk";
import { client, overview, queries } from "../../api.ts";
import { Sheet } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Button, Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { settings as settingsWords } from "../../text/settings.ts";

/** One action removes the sample; it says what ends, in numbers, before it asks. */
export function SamplePanel() {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [removed, setRemoved] = useState<SampleRemoval | null>(null);
  const total = useQuery(overview).data?.counts.total ?? 0;
  const remove = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setRemoved(await client.sample.remove());
      setOpen(false);
      await queries.invalidateQueries();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title={settingsWords.sample}>
      <div className="panel-body stack">
        <p className="muted small">{settingsWords.sampleText}</p>
        {removed !== null && <Removed removal={removed} />}
        {(removed === null || removed.kept.length > 0) && (
          <Button look="danger-quiet" onPress={() => setOpen(true)}>
            {settingsWords.sampleRemove}
          </Button>
        )}
      </div>
      <Sheet open={open} onClose={() => setOpen(false)} title={settingsWords.sampleQuestion}>
        <div className="stack">
          <p>{settingsWords.sampleEffect(total)}</p>
          {error !== null && <Failed error={error} what={settingsWords.sampleRemove} />}
          <div className="row end">
            <Button onPress={() => setOpen(false)}>{t.action.cancel}</Button>
            <Button look="danger" isDisabled={busy} onPress={() => void remove()}>
              {settingsWords.sampleRemove}
            </Button>
          </div>
        </div>
      </Sheet>
    </Panel>
  );
}

function Removed({ removal }: { removal: SampleRemoval }) {
  return (
    <div role="status" className="stack">
      <p>{settingsWords.sampleRemoved(removal.removed)}</p>
      {removal.kept.length > 0 && (
        <>
          <p>{settingsWords.sampleKept}</p>
          <ul className="small">
            {removal.kept.map((one) => (
              <li key={one.object}>
                <code className="break">{one.object}</code>
                <span className="block muted">
                  {one.users.length > 0 ? settingsWords.sampleKeptBy(one.users.join(", ")) : one.reason}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
