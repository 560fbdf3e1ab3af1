import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries, session } from "../../api.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Sheet, TextInput } from "../../components/dialog.tsx";
import { RowMenu } from "../../components/menu.tsx";
import { Empty, Failed, Loaded } from "../../components/states.tsx";
import { Button, CopyOnce, Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { settings as settingsWords } from "../../text/settings.ts";
import { serviceAccounts as serviceAccountsWords } from "../../text/service-accounts.ts";
import { people as peopleWords } from "../../text/people.ts";
import { ReasonlessDialog } from "../account/confirm.tsx";

interface ServiceAccount {
  readonly name: string;
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly tokens: readonly unknown[];
}

const serviceAccounts = queryOptions<{ readonly items: readonly ServiceAccount[] }>({
  queryKey: ["service-accounts"],
  queryFn: ({ signal }) => client.request("GET", "/api/v1/service-accounts", undefined, { signal }),
});
const refresh = () => queries.invalidateQueries({ queryKey: ["service-accounts"] });
const path = (name: string, rest = "") => `/api/v1/service-accounts/${encodeURIComponent(name)}${rest}`;

export function ServiceAccountsPanel() {
  const list = useQuery(serviceAccounts);
  const administers = useQuery(session).data?.person.roles.includes("administrator") === true;
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<string | null>(null);
  const [token, setToken] = useState<{ token: string; notAfter: string } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const makeToken = async (name: string): Promise<void> => {
    setError(null);
    try {
      setToken(await client.request("POST", path(name, "/tokens"), {}));
      await refresh();
    } catch (cause) {
      setError(cause);
    }
  };
  const columns: readonly Column<ServiceAccount>[] = [
    {
      id: "name",
      title: settingsWords.name,
      value: (row) => row.name,
      cell: (row) => <code className="break">{row.name}</code>,
    },
    {
      id: "owner",
      title: serviceAccountsWords.owner,
      value: (row) => row.owner,
      cell: (row) => <span className="break">{row.owner}</span>,
    },
    {
      id: "scopes",
      title: serviceAccountsWords.scopes,
      cell: (row) => row.scopes.map((scope) => serviceAccountsWords.words[scope] ?? scope).join(", "),
    },
    {
      id: "tokens",
      title: serviceAccountsWords.tokens,
      value: (row) => row.tokens.length,
      cell: (row) => row.tokens.length,
    },
    ...(administers
      ? [
          {
            id: "do",
            title: peopleWords.actions,
            end: true,
            cell: (row: ServiceAccount) => (
              <RowMenu
                of={row.name}
                actions={[
                  { word: serviceAccountsWords.token, act: () => void makeToken(row.name) },
                  { word: serviceAccountsWords.end, danger: true, act: () => setEnding(row.name) },
                ]}
              />
            ),
          },
        ]
      : []),
  ];
  return (
    <Panel
      title={serviceAccountsWords.title}
      aside={administers ? <Button onPress={() => setMaking(true)}>{serviceAccountsWords.add}</Button> : undefined}
    >
      <p className="panel-body muted small">{serviceAccountsWords.text}</p>
      <Loaded query={list} what={serviceAccountsWords.title}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty title={serviceAccountsWords.none} />
          ) : (
            <DataTable label={serviceAccountsWords.title} columns={columns} rows={data.items} rowKey={(row) => row.name} />
          )
        }
      </Loaded>
      {token !== null && <CopyOnce secret={token.token} notAfter={token.notAfter} onDone={() => setToken(null)} />}
      {error !== null && <Failed error={error} what={serviceAccountsWords.token} />}
      {making && <MakeAccount onClose={() => setMaking(false)} />}
      <ReasonlessDialog
        open={ending !== null}
        onClose={() => setEnding(null)}
        title={serviceAccountsWords.endTitle(ending ?? "")}
        effect={serviceAccountsWords.endEffect}
        verb={serviceAccountsWords.end}
        act={async () => {
          await client.request("DELETE", path(ending ?? ""));
          await refresh();
        }}
      />
    </Panel>
  );
}

function MakeAccount({ onClose }: { onClose: () => void }) {
  const who = useQuery(session).data;
  const [name, setName] = useState("");
  const [owner, setOwner] = useState(who?.person.email ?? "");
  const [scopes, setScopes] = useState<readonly string[]>([]);
  const [error, setError] = useState<unknown>(null);
  const ready = name.trim() !== "" && owner.trim() !== "" && scopes.length > 0;
  const make = async (): Promise<void> => {
    setError(null);
    try {
      await client.request("POST", "/api/v1/service-accounts", { name: name.trim(), owner: owner.trim(), scopes });
      await refresh();
      onClose();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet open onClose={onClose} title={serviceAccountsWords.add}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void make();
        }}
      >
        <TextInput
          label={serviceAccountsWords.name}
          help={serviceAccountsWords.nameHelp}
          value={name}
          onChange={setName}
          autoFocus
        />
        <TextInput label={serviceAccountsWords.owner} type="email" value={owner} onChange={setOwner} />
        <fieldset className="stack">
          <legend>{serviceAccountsWords.scopes}</legend>
          {Object.entries(serviceAccountsWords.words).map(([scope, word]) => (
            <label key={scope} className="row">
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                onChange={(event) =>
                  setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope))
                }
              />
              {word}
            </label>
          ))}
        </fieldset>
        {error !== null && <Failed error={error} what={serviceAccountsWords.add} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={!ready}>
            {serviceAccountsWords.create}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
