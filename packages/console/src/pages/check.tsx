import type { LogHead } from "@mandate/sdk";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { entry, logs } from "../api.ts";
import { Choice } from "../components/dialog.tsx";
import { ProofTree } from "../components/proof-tree.tsx";
import { Empty, Failed, Loaded, Loading } from "../components/states.tsx";
import { Status } from "../components/status.tsx";
import { verifyEntry } from "../components/verify-entry.ts";
import { Button, Command, Facts, PageHead, Panel } from "../components/ui.tsx";
import { count, shortHash } from "../format.ts";
import { t } from "../text.ts";
import { check as checkWords, proof as proofWords } from "../text/evidence.ts";

export function CheckPage() {
  const query = useQuery(logs);
  return (
    <>
      <PageHead title={checkWords.title} />
      <p className="lead">{checkWords.lead}</p>
      <Loaded query={query} what={checkWords.logs}>
        {(data) =>
          data.length === 0 ? (
            <Panel title={checkWords.logs}>
              <Empty title={checkWords.empty} />
            </Panel>
          ) : (
            <Check heads={data} />
          )
        }
      </Loaded>
    </>
  );
}

function Check({ heads }: { heads: readonly LogHead[] }) {
  const [origin, setOrigin] = useState(heads.toSorted((a, b) => b.size - a.size)[0]?.origin ?? "");
  const head = heads.find((one) => one.origin === origin);
  const last = Math.max(0, (head?.size ?? 1) - 1);
  const [typed, setTyped] = useState(String(last));
  const [asked, setAsked] = useState<number>(last);
  const query = useQuery({ ...entry(origin, asked), enabled: head !== undefined && head.size > 0 });
  const broken = useQuery({
    queryKey: ["proof", "tampered", query.data?.leaf],
    enabled: query.data !== undefined,
    placeholderData: undefined,
    queryFn: async () =>
      query.data === undefined
        ? null
        : await verifyEntry(query.data, (leaf) => {
            leaf[Math.min(20, leaf.length - 1)]! ^= 1;
          }),
  });
  return (
    <div className="with-rail">
      <div className="stack">
        <Panel title={checkWords.run}>
          <form
            className="panel-body row wrap bottom"
            onSubmit={(event) => {
              event.preventDefault();
              const index = Number(typed);
              if (Number.isSafeInteger(index) && index >= 0) setAsked(index);
            }}
          >
            <Choice
              label={checkWords.origin}
              value={origin}
              options={heads.map((one) => [one.origin, one.origin] as const)}
              onChange={(value) => {
                setOrigin(value);
                const size = heads.find((one) => one.origin === value)?.size ?? 1;
                setTyped(String(Math.max(0, size - 1)));
                setAsked(Math.max(0, size - 1));
              }}
            />
            <div className="field">
              <label htmlFor="entry-number">{checkWords.entryNumber}</label>
              <input
                id="entry-number"
                inputMode="numeric"
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
              />
            </div>
            <Button type="submit" look="accent">
              {checkWords.run}
            </Button>
          </form>
          <div className="panel-body section sunken">
            {query.error !== null ? (
              <>
                <Status mark="unknown">{proofWords.cantTell}</Status>
                <Failed error={query.error} what={proofWords.entry} />
              </>
            ) : query.data === undefined ? (
              <Loading rows={4} />
            ) : (
              <ProofTree entry={query.data} />
            )}
          </div>
        </Panel>
        {query.data !== undefined && (
          <Panel title={checkWords.bytes}>
            <pre className="panel-body code" tabIndex={0} aria-label={checkWords.bytes}>
              {atob(query.data.leaf)}
            </pre>
          </Panel>
        )}
        <Panel title={checkWords.tamper}>
          <p className="panel-body">
            {broken.data === undefined || broken.data === null ? (
              <Status mark="unknown">{t.cantTell}</Status>
            ) : broken.data.included ? (
              <Status mark="deny">{checkWords.tamperedPasses}</Status>
            ) : (
              <Status mark="allow">{checkWords.tampered}</Status>
            )}
          </p>
        </Panel>
      </div>
      <div className="stack">
        {heads.map((one) => (
          <Panel key={one.origin} title={checkWords.origin}>
            <div className="panel-body">
              <p>
                <code className="break">{one.origin}</code>
              </p>
              <Facts
                rows={[
                  [
                    checkWords.size,
                    <span key="s" className="mono">
                      {count(one.size)}
                    </span>,
                  ],
                  [checkWords.root, <code key="r">{shortHash(one.root)}</code>],
                  [
                    checkWords.key,
                    <code key="k" className="break small">
                      {one.vkey}
                    </code>,
                  ],
                ]}
              />
            </div>
          </Panel>
        ))}
        <Panel title={checkWords.offlineTitle}>
          <div className="panel-body stack">
            <p>{checkWords.offlineText}</p>
            <Command>npx mandate evidence pack -f pack.zip</Command>
            <Command>npx mandate evidence verify pack.zip</Command>
            <p className="muted small">{checkWords.keep}</p>
            <Command>npx mandate evidence head -f head.txt</Command>
          </div>
        </Panel>
      </div>
    </div>
  );
}
