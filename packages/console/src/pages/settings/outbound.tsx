import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import { TextInput } from "../../components/dialog.tsx";
import { Failed, Loaded } from "../../components/states.tsx";
import { Button, Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { outbound as words } from "../../text/settings-rules.ts";

interface Outbound {
  readonly allow: readonly string[];
  readonly default: boolean;
}
const outbound = queryOptions<Outbound>({
  queryKey: ["setting", "outbound"],
  queryFn: ({ signal }) => client.request("GET", "/api/v1/settings/outbound", undefined, { signal }),
});

/** Private and loopback addresses that the server may call for anyone. */
export function OutboundPanel({ administers }: { administers: boolean }) {
  const query = useQuery(outbound);
  const [draft, setDraft] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const [error, setError] = useState<unknown>(null);
  const save = async (text: string): Promise<void> => {
    setError(null);
    try {
      const allow = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
      await client.request("PUT", "/api/v1/settings/outbound", { allow });
      setDraft(null);
      setNote(words.saved);
      await queries.invalidateQueries({ queryKey: ["setting", "outbound"] });
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Panel title={words.title}>
      <Loaded query={query} what={words.title} rows={2}>
        {(data) => (
          <div className="panel-body stack">
            <p className="muted small">{words.text}</p>
            {draft === null ? (
              <>
                {data.allow.length === 0 ? (
                  <p>{words.empty}</p>
                ) : (
                  <ul className="lines">
                    {data.allow.map((one) => (
                      <li key={one}>
                        <code>{one}</code>
                      </li>
                    ))}
                  </ul>
                )}
                {data.default && <p className="muted small">{words.isDefault}</p>}
                {administers ? (
                  <div className="row">
                    <Button onPress={() => setDraft(data.allow.join("\n"))}>{words.change}</Button>
                  </div>
                ) : (
                  <p className="muted small">{words.only}</p>
                )}
              </>
            ) : (
              <>
                <TextInput label={words.label} value={draft} onChange={setDraft} area autoFocus />
                {error !== null && <Failed error={error} what={words.save} />}
                <div className="row">
                  <Button look="accent" onPress={() => void save(draft)}>
                    {words.save}
                  </Button>
                  <Button onPress={() => setDraft(null)}>{t.action.cancel}</Button>
                </div>
              </>
            )}
            <p role="status">{note}</p>
          </div>
        )}
      </Loaded>
    </Panel>
  );
}
