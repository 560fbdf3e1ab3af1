import { useState } from "react";
import { client } from "../api.ts";
import { content as words } from "../text/content.ts";
import { ReasonDialog } from "./dialog.tsx";
import { Button } from "./ui.tsx";

interface Opened {
  readonly payload: unknown;
  readonly messages: readonly (string | null)[];
}

/** Bodies open only with a reason, and only in memory: leaving the entry closes them. */
export function OpenedEntry({ log, index }: { log: string; index: number }) {
  const [asking, setAsking] = useState(false);
  const [opened, setOpened] = useState<Opened | null>(null);
  return (
    <>
      <h3>{words.opened}</h3>
      {opened === null ? (
        <p>
          <Button onPress={() => setAsking(true)}>{words.open}</Button>
        </p>
      ) : (
        <div className="stack">
          {opened.payload === null && <p className="muted">{words.gone}</p>}
          {opened.messages.map((message, at) => (
            <pre key={`${at}`} className="wrap">
              {message ?? words.gone}
            </pre>
          ))}
          {opened.payload !== null && <pre className="wrap">{JSON.stringify(opened.payload, null, 2)}</pre>}
        </div>
      )}
      {asking && (
        <ReasonDialog
          open
          onClose={() => setAsking(false)}
          title={words.open}
          effect={words.openEffect}
          verb={words.open}
          act={async (reason) => setOpened(await client.request<Opened>("POST", `/api/v1/evidence/entries/${encodeURIComponent(log)}/${index}/open`, { reason }))}
        />
      )}
    </>
  );
}
