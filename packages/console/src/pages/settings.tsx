import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { SampleRemoval } from "@mandate/sdk";
import { client, overview, queries, session } from "../api.ts";
import { Sheet } from "../components/dialog.tsx";
import { Failed, Loaded } from "../components/states.tsx";
import { Button, Facts, PageHead, Panel } from "../components/ui.tsx";
import { ProvidersPanel } from "./federation/providers-panel.tsx";
import { NotificationsPanel } from "./notifications/notifications-panel.tsx";
import { PeoplePanel } from "./people/people-panel.tsx";
import { ServiceAccountsPanel } from "./people/service-accounts-panel.tsx";
import { t } from "../text.ts";
import { settings as settingsWords } from "../text/settings.ts";
import { account as accountWords } from "../text/account.ts";

export function SettingsPage() {
  const who = useQuery(session);
  return (
    <>
      <PageHead title={settingsWords.title} />
      <div className="with-rail">
        <div className="stack">
          <div className="stack">
          <PeoplePanel />
          <ServiceAccountsPanel />
        </div>
          {who.data?.person.roles.includes("administrator") === true && (
            <>
              <ProvidersPanel />
              <NotificationsPanel />
            </>
          )}
        </div>
        <div className="stack">
          <Panel title={settingsWords.you}>
            <div className="panel-body">
              <Loaded query={who} what={settingsWords.you}>
                {(data) => (
                  <Facts
                    rows={[
                      [settingsWords.name, data.person.name],
                      [
                        settingsWords.email,
                        <span key="e" className="break">
                          {data.person.email}
                        </span>,
                      ],
                      [settingsWords.roles, data.person.roles.join(", ") || settingsWords.noRoles],
                      [settingsWords.organization, data.organization],
                      [
                        settingsWords.passkey,
                        data.passkeysOff ?? (
                          <Link key="p" to="/account">
                            {accountWords.passkeys}
                          </Link>
                        ),
                      ],
                    ]}
                  />
                )}
              </Loaded>
            </div>
          </Panel>
          {who.data?.sample === true && <Sample />}
        </div>
      </div>
    </>
  );
}

/** One action removes the sample; it says what ends, in numbers, before it asks. */
function Sample() {
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
