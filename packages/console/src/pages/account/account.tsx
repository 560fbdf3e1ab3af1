import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries, session } from "../../api.ts";
import { ReasonlessDialog } from "./confirm.tsx";
import { AddPasskey } from "./add-passkey.tsx";
import { OwnIdentities } from "../federation/own-identities.tsx";
import { PasswordPanel } from "./password.tsx";
import { TextInput, Sheet } from "../../components/dialog.tsx";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Empty, Failed, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Facts, PageHead, Panel, Time } from "../../components/ui.tsx";
import { exact } from "../../format.ts";
import { t } from "../../text.ts";
import { account as accountWords } from "../../text/account.ts";
import { settings as settingsWords } from "../../text/settings.ts";
import { people as peopleWords } from "../../text/people.ts";

export interface PasskeyRow {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly coolingUntil: string | null;
  readonly synced: boolean;
  readonly blocked: boolean;
}
interface SessionRow {
  readonly id: string;
  readonly current: boolean;
  readonly openedBy: string;
  readonly minted: boolean;
  readonly browser: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
}
export interface AccountView {
  readonly passkeys: readonly PasskeyRow[];
  readonly sessions: readonly SessionRow[];
  readonly password: { readonly set: boolean; readonly blocked: boolean; readonly coolingUntil: string | null };
}

export const account = queryOptions<AccountView>({
  queryKey: ["account"],
  queryFn: ({ signal }) => client.request("GET", "/api/v1/account", undefined, { signal }),
});

export function AccountPage() {
  const mine = useQuery(account);
  const who = useQuery(session);
  return (
    <>
      <PageHead title={accountWords.title} />
      <div className="with-rail">
        <div className="stack">
          <Panel title={accountWords.passkeys}>
            <div className="panel-body stack">
              <p className="muted small">{accountWords.passkeysText}</p>
              <Loaded query={mine} what={accountWords.passkeys}>
                {(data) => <Passkeys rows={data.passkeys} />}
              </Loaded>
              {who.data !== undefined && <AddPasskey off={who.data.passkeysOff ?? null} />}
            </div>
          </Panel>
          <Panel title={accountWords.sessions}>
            <Loaded query={mine} what={accountWords.sessions}>
              {(data) => <Sessions rows={data.sessions} />}
            </Loaded>
          </Panel>
        </div>
        <div className="stack">
          <Panel title={accountWords.you}>
            <div className="panel-body">
              <Loaded query={who} what={accountWords.you}>
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
                      [
                        settingsWords.roles,
                        data.person.roles.map((role) => peopleWords.names[role] ?? role).join(", ") || settingsWords.noRoles,
                      ],
                      [accountWords.how, accountWords.openedBy[data.proof ?? ""] ?? accountWords.openedBy["link"]],
                    ]}
                  />
                )}
              </Loaded>
            </div>
          </Panel>
          <Panel title={accountWords.password}>
            <div className="panel-body stack">
              <Loaded query={mine} what={accountWords.password}>
                {(data) => <PasswordPanel state={data.password} />}
              </Loaded>
            </div>
          </Panel>
          <OwnIdentities />
        </div>
      </div>
    </>
  );
}

function Passkeys({ rows }: { rows: readonly PasskeyRow[] }) {
  const [removing, setRemoving] = useState<PasskeyRow | null>(null);
  const [renaming, setRenaming] = useState<PasskeyRow | null>(null);
  const columns: readonly Column<PasskeyRow>[] = [
    {
      id: "name",
      title: settingsWords.name,
      value: (row) => row.name,
      cell: (row) => <span className="break">{row.name}</span>,
    },
    {
      id: "state",
      title: settingsWords.state,
      cell: (row) =>
        row.blocked ? (
          <Status mark="deny">{accountWords.blocked}</Status>
        ) : row.coolingUntil !== null ? (
          <Status mark="hold">{accountWords.cooling(exact(row.coolingUntil))}</Status>
        ) : (
          <Status mark="allow">{accountWords.ready}</Status>
        ),
    },
    {
      id: "kind",
      title: accountWords.synced,
      hideNarrow: true,
      cell: (row) => (row.synced ? accountWords.synced : accountWords.oneDevice),
    },
    {
      id: "used",
      title: accountWords.lastUsed,
      value: (row) => row.lastUsedAt ?? "",
      cell: (row) => (row.lastUsedAt === null ? t.never : <Time at={row.lastUsedAt} />),
    },
    {
      id: "do",
      title: peopleWords.actions,
      cell: (row) => (
        <span className="row">
          <Button look="quiet" aria-label={`${accountWords.rename} ${row.name}`} onPress={() => setRenaming(row)}>
            {accountWords.rename}
          </Button>
          <Button look="danger-quiet" aria-label={`${accountWords.remove} ${row.name}`} onPress={() => setRemoving(row)}>
            {accountWords.remove}
          </Button>
        </span>
      ),
    },
  ];
  return rows.length === 0 ? (
    <Empty title={accountWords.none} />
  ) : (
    <>
      <DataTable label={accountWords.passkeys} columns={columns} rows={rows} rowKey={(row) => row.id} />
      {renaming !== null && <Rename passkey={renaming} onClose={() => setRenaming(null)} />}
      <ReasonlessDialog
        open={removing !== null}
        onClose={() => setRemoving(null)}
        title={accountWords.removeQuestion(removing?.name ?? "")}
        effect={`${accountWords.removeEffect}${rows.length === 1 ? ` ${accountWords.removeLast}` : ""}`}
        verb={accountWords.remove}
        act={async () => {
          await client.request("DELETE", `/api/v1/account/passkeys/${removing?.id ?? ""}`);
          await queries.invalidateQueries({ queryKey: ["account"] });
        }}
      />
    </>
  );
}

function Rename({ passkey, onClose }: { passkey: PasskeyRow; onClose: () => void }) {
  const [name, setName] = useState(passkey.name);
  const [error, setError] = useState<unknown>(null);
  const save = async (): Promise<void> => {
    try {
      await client.request("PUT", `/api/v1/account/passkeys/${passkey.id}`, { name: name.trim() });
      await queries.invalidateQueries({ queryKey: ["account"] });
      onClose();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet open onClose={onClose} title={accountWords.rename}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") void save();
        }}
      >
        <TextInput label={accountWords.name} help={accountWords.nameHelp} value={name} onChange={setName} autoFocus />
        {error !== null && <Failed error={error} what={accountWords.rename} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={name.trim() === ""}>
            {peopleWords.save}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}

function Sessions({ rows }: { rows: readonly SessionRow[] }) {
  const [error, setError] = useState<unknown>(null);
  const [note, setNote] = useState("");
  const end = async (work: () => Promise<number>): Promise<void> => {
    setError(null);
    try {
      setNote(accountWords.ended(await work()));
      await queries.invalidateQueries({ queryKey: ["account"] });
    } catch (cause) {
      setError(cause);
    }
  };
  const columns: readonly Column<SessionRow>[] = [
    {
      id: "how",
      title: accountWords.how,
      value: (row) => row.openedBy,
      cell: (row) => (
        <span>
          {accountWords.openedBy[row.openedBy] ?? row.openedBy}
          {row.minted && <span className="muted small block">{accountWords.minted}</span>}
        </span>
      ),
    },
    {
      id: "browser",
      title: accountWords.browser,
      hideNarrow: true,
      cell: (row) => <span className="break small">{row.browser === "" ? accountWords.unknownBrowser : row.browser}</span>,
    },
    { id: "seen", title: accountWords.seen, value: (row) => row.lastSeenAt, cell: (row) => <Time at={row.lastSeenAt} /> },
    { id: "ends", title: accountWords.ends, value: (row) => row.expiresAt, cell: (row) => <Time at={row.expiresAt} /> },
    {
      id: "do",
      title: peopleWords.actions,
      cell: (row) =>
        row.current ? (
          <span className="muted">{accountWords.here}</span>
        ) : (
          <Button
            look="danger-quiet"
            onPress={() =>
              void end(async () => (await client.request("DELETE", `/api/v1/account/sessions/${row.id}`), 1))
            }
          >
            {accountWords.end}
          </Button>
        ),
    },
  ];
  return (
    <>
      <p className="muted small panel-body">{accountWords.sessionsText}</p>
      <DataTable label={accountWords.sessions} columns={columns} rows={rows} rowKey={(row) => row.id} />
      <div className="panel-body row wrap">
        <Button
          isDisabled={rows.length < 2}
          onPress={() =>
            void end(
              async () =>
                (await client.request<{ ended: number }>("POST", "/api/v1/account/sessions/end-others", {})).ended,
            )
          }
        >
          {accountWords.endOthers}
        </Button>
        <span role="status" className="muted small">
          {note}
        </span>
        {error !== null && <Failed error={error} what={accountWords.end} />}
      </div>
    </>
  );
}
