import type { NewCredential } from "@mandate/sdk";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { client, credentials, queries, systems } from "../api.ts";
import type { CredentialRow } from "../api-types.ts";
import { DataTable } from "../components/data-table.tsx";
import type { Column } from "../components/data-table.tsx";
import { Choice, ReasonDialog, Sheet, TextInput } from "../components/dialog.tsx";
import { Empty, Failed, Loaded } from "../components/states.tsx";
import { Owner, Status } from "../components/status.tsx";
import { Button, CopyOnce, PageHead, Panel, Time } from "../components/ui.tsx";
import { date, daysUntil } from "../format.ts";
import { t } from "../text.ts";
import { credentials as credentialsWords } from "../text/credentials.ts";
import { overview as overviewWords } from "../text/overview.ts";
import { ExternalKeys } from "./external-keys.tsx";
import { LeakedKey } from "./leaked-key.tsx";

type Verb = "rotate" | "suspend" | "resume" | "revoke";
const stateOf = (row: CredentialRow): string =>
  row.state === "active" && Date.parse(row.notAfter) <= Date.now() ? "expired" : row.state;

export function CredentialsPage() {
  const { system, leaked } = useSearch({ from: "/shell/credentials" });
  const [creating, setCreating] = useState(false);
  return (
    <>
      <PageHead title={credentialsWords.title}>
        <Button look="accent" onPress={() => setCreating(true)}>
          {credentialsWords.create}
        </Button>
      </PageHead>
      {system !== undefined && (
        <p>
          <code>{system}</code>{" "}
          <Link to="/credentials" search={{}}>
            {t.states.clear}
          </Link>
        </p>
      )}
      {leaked !== undefined && <LeakedKey id={leaked} />}
      <Panel title={credentialsWords.title}>
        <CredentialTable system={system} />
      </Panel>
      <ExternalKeys system={system} />
      <Create open={creating} onClose={() => setCreating(false)} system={system ?? ""} />
    </>
  );
}

export function CredentialTable({ system }: { system?: string | undefined }) {
  const query = useQuery(credentials(system === undefined ? {} : { system }));
  const [acting, setActing] = useState<{ row: CredentialRow; verb: Verb } | null>(null);
  const [fresh, setFresh] = useState<NewCredential | null>(null);
  const columns: readonly Column<CredentialRow>[] = [
    {
      id: "name",
      title: credentialsWords.name,
      value: (row) => row.name,
      cell: (row) => (
        <>
          <b>{row.name}</b>
          <code className="small block muted">{row.hint}</code>
        </>
      ),
    },
    {
      id: "kind",
      title: credentialsWords.kind,
      value: (row) => row.kind,
      cell: (row) => (
        <>
          {credentialsWords.kinds[row.kind] ?? row.kind}
          <span className="small block muted">{row.bound ? credentialsWords.bound : credentialsWords.bearer}</span>
          {row.thumbprints.map((thumbprint) => (
            <code key={thumbprint} className="small block muted" title={credentialsWords.thumbprint}>
              {thumbprint.slice(0, 16)}…
            </code>
          ))}
          {row.trust !== null && (
            <span className="small block muted">
              {credentialsWords.vouchedBy(row.trust.issuer)} <code>{row.trust.conditions["sub"]}</code>
            </span>
          )}
        </>
      ),
    },
    {
      id: "system",
      title: credentialsWords.system,
      value: (row) => row.system ?? "",
      cell: (row) =>
        row.system === null ? (
          t.none
        ) : (
          <Link className="row-link" to="/systems/$name" params={{ name: row.system }}>
            {row.system}
          </Link>
        ),
    },
    {
      id: "state",
      title: credentialsWords.state,
      value: stateOf,
      cell: (row) => (
        <Status mark={stateOf(row) === "active" ? "allow" : stateOf(row) === "suspended" ? "hold" : "deny"}>
          {credentialsWords.states[stateOf(row)] ?? row.state}
        </Status>
      ),
    },
    {
      id: "ends",
      title: credentialsWords.ends,
      value: (row) => row.notAfter,
      cell: (row) => (
        <>
          {date(row.notAfter)}
          {daysUntil(row.notAfter) > 0 && (
            <span className="muted small block">{overviewWords.days(daysUntil(row.notAfter))}</span>
          )}
        </>
      ),
    },
    {
      id: "last",
      title: credentialsWords.lastUsed,
      value: (row) => row.lastUsed ?? "",
      cell: (row) => (row.lastUsed === null ? t.never : <Time at={row.lastUsed} />),
    },
    {
      id: "who",
      title: credentialsWords.accountable,
      value: (row) => row.accountable ?? "",
      cell: (row) => <Owner email={row.accountable} />,
    },
    {
      id: "act",
      title: credentialsWords.actions,
      cell: (row) => {
        const state = stateOf(row);
        const verbs: readonly Verb[] =
          state === "active" ? row.kind === "gateway-key" ? ["rotate", "suspend", "revoke"] : ["suspend", "revoke"] : state === "suspended" ? ["resume", "revoke"] : [];
        return (
          <span className="row wrap tight">
            {verbs.map((verb) => (
              <Button
                key={verb}
                look={verb === "revoke" ? "danger-quiet" : "plain"}
                aria-label={`${credentialsWords[verb]} ${row.name}`}
                onPress={() => setActing({ row, verb })}
              >
                {credentialsWords[verb]}
              </Button>
            ))}
          </span>
        );
      },
    },
  ];
  return (
    <>
      {fresh !== null && (
        <div className="panel-body">
          <CopyOnce secret={fresh.key} notAfter={fresh.notAfter} onDone={() => setFresh(null)} />
        </div>
      )}
      <Loaded query={query} what={credentialsWords.title}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty title={credentialsWords.emptyTitle}>{credentialsWords.empty}</Empty>
          ) : (
            <DataTable
              label={credentialsWords.title}
              columns={columns}
              rows={data.items}
              rowKey={(row) => row.id}
              exportName="credentials"
            />
          )
        }
      </Loaded>
      {acting !== null && (
        <ReasonDialog
          open
          onClose={() => setActing(null)}
          title={credentialsWords.question(credentialsWords[acting.verb], acting.row.name)}
          effect={credentialsWords.effect[acting.verb]}
          verb={credentialsWords[acting.verb]}
          danger={acting.verb === "revoke"}
          act={async (reason) => {
            const answer = await client.credentials[acting.verb](acting.row.id, { reason });
            if (acting.verb === "rotate") setFresh(answer as NewCredential);
            await queries.invalidateQueries({ queryKey: ["credentials"] });
          }}
        />
      )}
    </>
  );
}

function Create({ open, onClose, system }: { open: boolean; onClose: () => void; system: string }) {
  const names =
    useQuery({ ...systems(), enabled: open }).data?.items.filter((item) => item.lifecycle !== "retired") ?? [];
  const [form, setForm] = useState({ system, name: "", ttl: "7d" });
  const [made, setMade] = useState<NewCredential | null>(null);
  const [error, setError] = useState<unknown>(null);
  const chosen = form.system === "" ? (names[0]?.name ?? "") : form.system;
  const close = (): void => {
    setMade(null);
    setError(null);
    onClose();
  };
  const make = async (): Promise<void> => {
    try {
      setMade(await client.credentials.create({ system: chosen, name: form.name.trim(), ttl: form.ttl }));
      await queries.invalidateQueries({ queryKey: ["credentials"] });
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet open={open} onClose={close} title={credentialsWords.create}>
      {made !== null ? (
        <CopyOnce secret={made.key} notAfter={made.notAfter} onDone={close} />
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (form.name.trim() !== "" && chosen !== "") void make();
          }}
        >
          <p className="muted">{credentialsWords.empty}</p>
          <Choice
            label={credentialsWords.system}
            value={chosen}
            options={names.map((item) => [item.name, item.title] as const)}
            onChange={(value) => setForm({ ...form, system: value })}
          />
          <TextInput label={credentialsWords.name} value={form.name} onChange={(name) => setForm({ ...form, name })} />
          <Choice
            label={credentialsWords.ttl}
            value={form.ttl}
            options={[1, 7, 30, 60, 90].map((days) => [`${days}d`, credentialsWords.validDays(days)] as const)}
            onChange={(ttl) => setForm({ ...form, ttl })}
          />
          {error !== null && <Failed error={error} what={credentialsWords.create} />}
          <div className="row end">
            <Button onPress={close}>{t.action.cancel}</Button>
            <Button type="submit" look="accent" isDisabled={form.name.trim() === ""}>
              {credentialsWords.makeKey}
            </Button>
          </div>
        </form>
      )}
    </Sheet>
  );
}
