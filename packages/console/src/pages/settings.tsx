import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, overview, people, queries, session } from "../api.ts";
import type { PersonRow } from "../api-types.ts";
import { DataTable } from "../components/data-table.tsx";
import type { Column } from "../components/data-table.tsx";
import { Sheet } from "../components/dialog.tsx";
import { Empty, Failed, Loaded } from "../components/states.tsx";
import { Owner, Status } from "../components/status.tsx";
import { Button, Command, Facts, PageHead, Panel, Time } from "../components/ui.tsx";
import { t } from "../text.ts";

const columns: readonly Column<PersonRow>[] = [
  {
    id: "name",
    title: t.settings.name,
    value: (row) => row.name,
    cell: (row) => <Owner email={row.email} name={row.name} />,
  },
  {
    id: "email",
    title: t.settings.email,
    value: (row) => row.email,
    cell: (row) => <span className="break">{row.email}</span>,
  },
  {
    id: "roles",
    title: t.settings.roles,
    value: (row) => row.roles.join(" "),
    cell: (row) =>
      row.roles.length === 0 ? (
        <span className="muted">{t.settings.noRoles}</span>
      ) : (
        row.roles.map((role) => role.replaceAll("-", " ")).join(", ")
      ),
  },
  {
    id: "state",
    title: t.settings.state,
    value: (row) => row.state ?? "",
    cell: (row) =>
      row.state === undefined ? (
        t.cantTell
      ) : (
        <Status mark={row.state === "active" ? "allow" : row.state === "invited" ? "hold" : "deny"}>
          {t.settings.states[row.state] ?? row.state}
        </Status>
      ),
  },
  {
    id: "last",
    title: t.settings.last,
    value: (row) => row.lastSignIn ?? "",
    cell: (row) => (row.lastSignIn === null ? t.never : <Time at={row.lastSignIn} />),
  },
];

export function SettingsPage() {
  const list = useQuery(people());
  const who = useQuery(session);
  return (
    <>
      <PageHead title={t.settings.title} />
      <div className="with-rail">
        <Panel title={t.settings.people}>
          <Loaded query={list} what={t.settings.people}>
            {(data) =>
              data.items.length === 0 ? (
                <Empty title={t.settings.empty} />
              ) : (
                <DataTable
                  label={t.settings.people}
                  columns={columns}
                  rows={data.items}
                  rowKey={(row) => row.email}
                  exportName="people"
                />
              )
            }
          </Loaded>
        </Panel>
        <div className="stack">
          <Panel title={t.settings.you}>
            <div className="panel-body">
              <Loaded query={who} what={t.settings.you}>
                {(data) => (
                  <Facts
                    rows={[
                      [t.settings.name, data.person.name],
                      [
                        t.settings.email,
                        <span key="e" className="break">
                          {data.person.email}
                        </span>,
                      ],
                      [t.settings.roles, data.person.roles.join(", ") || t.settings.noRoles],
                      [t.settings.organization, data.organization],
                      [t.settings.passkey, data.passkeys ? t.settings.passkeyOn : t.settings.passkeyOff],
                    ]}
                  />
                )}
              </Loaded>
            </div>
          </Panel>
          {who.data?.sample === true && <Sample />}
          <Panel title={t.settings.invite}>
            <div className="panel-body stack">
              <p className="muted small">{t.settings.inviteHow}</p>
              <Command>npx mandate person add EMAIL --name "NAME"</Command>
              <Command>npx mandate person sign-in-link EMAIL</Command>
            </div>
          </Panel>
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
  const [removed, setRemoved] = useState<number | null>(null);
  const total = useQuery(overview).data?.counts.total ?? 0;
  const remove = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setRemoved((await client.sample.remove()).removed);
      setOpen(false);
      await queries.invalidateQueries();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title={t.settings.sample}>
      <div className="panel-body stack">
        <p className="muted small">{t.settings.sampleText}</p>
        {removed !== null ? (
          <p role="status">{t.settings.sampleRemoved(removed)}</p>
        ) : (
          <Button look="danger-quiet" onPress={() => setOpen(true)}>
            {t.settings.sampleRemove}
          </Button>
        )}
      </div>
      <Sheet open={open} onClose={() => setOpen(false)} title={t.settings.sampleQuestion}>
        <div className="stack">
          <p>{t.settings.sampleEffect(total)}</p>
          {error !== null && <Failed error={error} what={t.settings.sampleRemove} />}
          <div className="row end">
            <Button onPress={() => setOpen(false)}>{t.action.cancel}</Button>
            <Button look="danger" isDisabled={busy} onPress={() => void remove()}>
              {t.settings.sampleRemove}
            </Button>
          </div>
        </div>
      </Sheet>
    </Panel>
  );
}
