import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries, session } from "../../api.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Sheet, TextInput } from "../../components/dialog.tsx";
import { Empty, Failed, Loaded } from "../../components/states.tsx";
import { Button, CopyOnce, Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";
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
      title: t.settings.name,
      value: (row) => row.name,
      cell: (row) => <code className="break">{row.name}</code>,
    },
    {
      id: "owner",
      title: t.serviceAccounts.owner,
      value: (row) => row.owner,
      cell: (row) => <span className="break">{row.owner}</span>,
    },
    {
      id: "scopes",
      title: t.serviceAccounts.scopes,
      cell: (row) => row.scopes.map((scope) => t.serviceAccounts.words[scope] ?? scope).join(", "),
    },
    {
      id: "tokens",
      title: t.serviceAccounts.tokens,
      value: (row) => row.tokens.length,
      cell: (row) => row.tokens.length,
    },
    ...(administers
      ? [
          {
            id: "do",
            title: t.people.actions,
            cell: (row: ServiceAccount) => (
              <span className="row wrap">
                <Button
                  look="quiet"
                  aria-label={`${t.serviceAccounts.token}: ${row.name}`}
                  onPress={() => void makeToken(row.name)}
                >
                  {t.serviceAccounts.token}
                </Button>
                <Button
                  look="danger-quiet"
                  aria-label={`${t.serviceAccounts.end} ${row.name}`}
                  onPress={() => setEnding(row.name)}
                >
                  {t.serviceAccounts.end}
                </Button>
              </span>
            ),
          },
        ]
      : []),
  ];
  return (
    <Panel
      title={t.serviceAccounts.title}
      aside={administers ? <Button onPress={() => setMaking(true)}>{t.serviceAccounts.add}</Button> : undefined}
    >
      <p className="panel-body muted small">{t.serviceAccounts.text}</p>
      <Loaded query={list} what={t.serviceAccounts.title}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty title={t.serviceAccounts.none} />
          ) : (
            <DataTable label={t.serviceAccounts.title} columns={columns} rows={data.items} rowKey={(row) => row.name} />
          )
        }
      </Loaded>
      {token !== null && <CopyOnce secret={token.token} notAfter={token.notAfter} onDone={() => setToken(null)} />}
      {error !== null && <Failed error={error} what={t.serviceAccounts.token} />}
      {making && <MakeAccount onClose={() => setMaking(false)} />}
      <ReasonlessDialog
        open={ending !== null}
        onClose={() => setEnding(null)}
        title={t.serviceAccounts.endTitle(ending ?? "")}
        effect={t.serviceAccounts.endEffect}
        verb={t.serviceAccounts.end}
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
    <Sheet open onClose={onClose} title={t.serviceAccounts.add}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void make();
        }}
      >
        <TextInput
          label={t.serviceAccounts.name}
          help={t.serviceAccounts.nameHelp}
          value={name}
          onChange={setName}
          autoFocus
        />
        <TextInput label={t.serviceAccounts.owner} type="email" value={owner} onChange={setOwner} />
        <fieldset className="stack">
          <legend>{t.serviceAccounts.scopes}</legend>
          {Object.entries(t.serviceAccounts.words).map(([scope, word]) => (
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
        {error !== null && <Failed error={error} what={t.serviceAccounts.add} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={!ready}>
            {t.serviceAccounts.create}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
