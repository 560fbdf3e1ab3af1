import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Sheet, TextInput } from "../../components/dialog.tsx";
import { Empty, Failed, Loaded } from "../../components/states.tsx";
import { Button, Command, Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { federation as words } from "../../text/federation.ts";
import { providers } from "./queries.ts";
import type { Provider } from "./queries.ts";

type Open =
  | { readonly what: "form"; readonly provider: Provider | null }
  | { readonly what: "remove"; readonly provider: Provider }
  | null;

/** Where people may sign in besides here, for administrators. */
export function ProvidersPanel() {
  const query = useQuery(providers);
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => {
    setOpen(null);
    void queries.invalidateQueries({ queryKey: providers.queryKey });
  };
  const columns: readonly Column<Provider>[] = [
    { id: "title", title: words.title, value: (row) => row.title, cell: (row) => <b>{row.title}</b> },
    {
      id: "issuer",
      title: words.issuer,
      value: (row) => row.issuer,
      cell: (row) => <code className="break">{row.issuer}</code>,
    },
    { id: "trusts", title: words.trusts, cell: (row) => (row.trustEmail ? words.yes : words.no) },
    {
      id: "do",
      title: words.actions,
      cell: (row) => (
        <span className="row wrap">
          <Button
            look="quiet"
            aria-label={`${words.change} ${row.name}`}
            onPress={() => setOpen({ what: "form", provider: row })}
          >
            {words.change}
          </Button>
          <Button
            look="quiet"
            aria-label={`${words.remove} ${row.name}`}
            onPress={() => setOpen({ what: "remove", provider: row })}
          >
            {words.remove}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <Panel
      title={words.panel}
      aside={
        <Button look="quiet" onPress={() => setOpen({ what: "form", provider: null })}>
          {words.add}
        </Button>
      }
    >
      <div className="panel-body">
        <p className="muted small">{words.lead}</p>
      </div>
      <Loaded query={query} what={words.panel} rows={2}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title={words.empty} />
          ) : (
            <DataTable label={words.panel} columns={columns} rows={rows} rowKey={(row) => row.name} />
          )
        }
      </Loaded>
      {open?.what === "form" && <ProviderForm provider={open.provider} onClose={close} />}
      {open?.what === "remove" && <Remove provider={open.provider} onClose={close} />}
    </Panel>
  );
}

function ProviderForm({ provider, onClose }: { provider: Provider | null; onClose: () => void }) {
  const [name, setName] = useState(provider?.name ?? "");
  const [title, setTitle] = useState(provider?.title ?? "");
  const [issuer, setIssuer] = useState(provider?.issuer ?? "");
  const [clientId, setClientId] = useState(provider?.clientId ?? "");
  const [secret, setSecret] = useState("");
  const [trustEmail, setTrustEmail] = useState(provider?.trustEmail ?? false);
  const [saved, setSaved] = useState<Provider | null>(null);
  const [error, setError] = useState<unknown>(null);
  const save = async (): Promise<void> => {
    setError(null);
    try {
      setSaved(
        await client.request<Provider>("PUT", `/api/v1/identity-providers/${encodeURIComponent(name.trim())}`, {
          title: title.trim() === "" ? name.trim() : title.trim(),
          issuer: issuer.trim(),
          clientId: clientId.trim(),
          trustEmail,
          ...(secret === "" ? {} : { secret }),
        }),
      );
      setSecret("");
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet
      open
      onClose={onClose}
      title={provider === null ? words.add : `${words.change} ${provider.title}`}
    >
      {saved === null ? (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          {provider === null && <TextInput label={words.name} value={name} onChange={setName} autoFocus />}
          <TextInput label={words.title} help={words.titleHelp} value={title} onChange={setTitle} />
          <TextInput label={words.issuer} help={words.issuerHelp} value={issuer} onChange={setIssuer} />
          <TextInput label={words.clientId} value={clientId} onChange={setClientId} />
          <TextInput
            label={words.secret}
            type="password"
            value={secret}
            onChange={setSecret}
            {...(provider === null ? {} : { help: words.secretKept })}
          />
          <label className="row">
            <input type="checkbox" checked={trustEmail} onChange={(event) => setTrustEmail(event.target.checked)} />
            <span>{words.trustEmail}</span>
          </label>
          {error !== null && <Failed error={error} what={words.save} />}
          <div className="row end">
            <Button onPress={onClose}>{t.action.cancel}</Button>
            <Button
              type="submit"
              look="accent"
              isDisabled={name.trim() === "" || issuer.trim() === "" || clientId.trim() === ""}
            >
              {words.save}
            </Button>
          </div>
        </form>
      ) : (
        <div className="stack">
          <p>{words.redirect}</p>
          <Command>{saved.redirectUri}</Command>
          <div className="row end">
            <Button look="accent" onPress={onClose}>
              {t.action.done}
            </Button>
          </div>
        </div>
      )}
    </Sheet>
  );
}

function Remove({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const [error, setError] = useState<unknown>(null);
  return (
    <Sheet open onClose={onClose} title={words.removeTitle(provider.title)}>
      <div className="stack">
        <p>{words.removeEffect}</p>
        {error !== null && <Failed error={error} what={words.remove} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button
            look="danger"
            onPress={() =>
              void client
                .request("DELETE", `/api/v1/identity-providers/${encodeURIComponent(provider.name)}`)
                .then(onClose, setError)
            }
          >
            {words.remove}
          </Button>
        </div>
      </div>
    </Sheet>
  );
}
