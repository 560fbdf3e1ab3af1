import { useQuery } from "@tanstack/react-query";
import type { NewCredential } from "@mandate/sdk";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client, decisions, queries, reach } from "../api.ts";
import type { CredentialRow } from "../api-types.ts";
import { ReasonDialog } from "../components/dialog.tsx";
import { Failed, Loaded } from "../components/states.tsx";
import { OutcomeStatus, Owner, Status } from "../components/status.tsx";
import { Button, CopyOnce, Facts, Panel, SystemLink, Time } from "../components/ui.tsx";
import { t } from "../text.ts";
import { credentials as credentialsWords } from "../text/credentials.ts";
import { leaked as words } from "../text/leaked.ts";
import { effectOf, gateways } from "./incidents/queries.ts";

/** Flow 7: whose key it is, what it did and reaches, one press that revokes it, and what comes after. */
export function LeakedKey({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ["credentials", "one", id],
    queryFn: ({ signal }) => client.get<CredentialRow>("credentials", id, {}, { signal }),
  });
  return (
    <Loaded query={query} what={words.title} rows={4}>
      {(row) => <Shown row={row} />}
    </Loaded>
  );
}

function Shown({ row }: { row: CredentialRow }) {
  const system = row.system ?? "";
  const [revoking, setRevoking] = useState(false);
  const [incident, setIncident] = useState<string | null>(null);
  const [fresh, setFresh] = useState<NewCredential | null>(null);
  const [error, setError] = useState<unknown>(null);
  const effect = useQuery(effectOf({ credential: row.id })).data;
  const recent = useQuery(decisions({ system, limit: 3 })).data?.items ?? [];
  const allowed = useQuery(reach(system)).data?.edges.filter((edge) => edge.outcome === "allow").length;
  const replace = async (): Promise<void> => {
    try {
      setFresh(await client.credentials.create({ system, name: row.name, ttl: "7d" }));
      await queries.invalidateQueries({ queryKey: ["credentials"] });
    } catch (cause) {
      setError(cause);
    }
  };
  const revoked = row.state === "revoked";
  return (
    <Panel title={words.title} aside={revoked ? <Status mark="deny">{words.revoked}</Status> : undefined}>
      <div className="panel-body stack">
        <Facts
          rows={[
            [credentialsWords.name, <b key="n">{row.name}</b>],
            [credentialsWords.system, <SystemLink key="s" name={system} />],
            [words.owner, <Owner key="o" email={row.accountable} />],
            [words.lastUsed, row.lastUsed === null ? t.never : <Time key="l" at={row.lastUsed} />],
            [words.reach, allowed === undefined ? t.cantTell : words.reachText(allowed, system)],
          ]}
        />
        {recent.length > 0 && (
          <>
            <p className="strong">{words.uses}</p>
            <ul className="needs">
              {recent.map((one) => (
                <li key={one.id}>
                  <Link to="/evidence/$id" params={{ id: one.id }} search={{}}>
                    <OutcomeStatus decision={one} /> <code>{one.resource.id}</code> <Time at={one.at} />
                  </Link>
                </li>
              ))}
            </ul>
          </>
        )}
        {!revoked && (
          <div className="row">
            <Button look="danger" onPress={() => setRevoking(true)}>
              {words.revoke}
            </Button>
          </div>
        )}
        {incident !== null && (
          <>
            <Confirmations />
            <div className="row wrap">
              {fresh === null && (
                <Button look="accent" onPress={() => void replace()}>
                  {words.replacement}
                </Button>
              )}
              <Link className="button" to="/incidents" search={{ id: incident }}>
                {words.incident}
              </Link>
            </div>
          </>
        )}
        {fresh !== null && <CopyOnce secret={fresh.key} notAfter={fresh.notAfter} onDone={() => setFresh(null)} />}
        {error !== null && <Failed error={error} what={words.replacement} />}
      </div>
      {revoking && (
        <ReasonDialog
          open
          onClose={() => setRevoking(false)}
          title={words.revokeTitle(row.name)}
          effect={words.revokeEffect(effect?.callsAnHour ?? 0)}
          verb={words.revoke}
          danger
          act={async (reason) => {
            const made = await client.request<{ id: string }>("POST", "/api/v1/incidents", {
              title: words.incidentTitle(row.name),
              systems: [system],
              kill: [{ credential: row.id }],
            });
            await client.request("POST", `/api/v1/incidents/${made.id}/notes`, { text: reason });
            setIncident(made.id);
            await queries.invalidateQueries();
          }}
        />
      )}
    </Panel>
  );
}

/** Each gateway says by itself that it enforces the newest register. */
function Confirmations() {
  const query = useQuery({ ...gateways, refetchInterval: 500 });
  return (
    <div role="status">
      <p className="strong">{words.confirmations}</p>
      <ul className="needs">
        {(query.data ?? []).map((gateway) => (
          <li key={gateway.name}>
            <Status mark={gateway.confirmed ? "allow" : "unknown"}>{words.gateway(gateway.name, gateway.confirmed)}</Status>
          </li>
        ))}
      </ul>
    </div>
  );
}
