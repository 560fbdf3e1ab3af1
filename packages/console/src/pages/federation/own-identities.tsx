import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import { Failed, Loaded } from "../../components/states.tsx";
import { Button, Panel, Time } from "../../components/ui.tsx";
import { federation as words } from "../../text/federation.ts";
import { ownIdentities, signInProviders, startAt } from "./queries.ts";

/** Identities at providers that sign this person in. Not there while no provider is. */
export function OwnIdentities() {
  const mine = useQuery(ownIdentities);
  const offered = useQuery(signInProviders).data ?? [];
  const [error, setError] = useState<unknown>(null);
  if (offered.length === 0 && (mine.data ?? []).length === 0) return null;
  const unlink = async (id: string): Promise<void> => {
    setError(null);
    try {
      await client.request("DELETE", `/api/v1/account/identities/${encodeURIComponent(id)}`);
      await queries.invalidateQueries({ queryKey: ownIdentities.queryKey });
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Panel title={words.mine}>
      <div className="panel-body stack">
        <p className="muted small">{words.mineText}</p>
        <Loaded query={mine} what={words.mine} rows={1}>
          {(rows) =>
            rows.length === 0 ? (
              <p>{words.mineNone}</p>
            ) : (
              <ul className="needs">
                {rows.map((one) => (
                  <li key={one.id}>
                    <span className="grow">
                      <code className="break">{one.issuer}</code>
                      <span className="block small muted">
                        {words.linkedBy[one.linkedBy]}, <Time at={one.linkedAt} />
                      </span>
                    </span>
                    <Button
                      look="quiet"
                      aria-label={`${words.unlink} ${one.issuer}`}
                      onPress={() => void unlink(one.id)}
                    >
                      {words.unlink}
                    </Button>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
        {error !== null && <Failed error={error} what={words.unlink} />}
        <div className="row wrap">
          {offered.map((one) => (
            <a key={one.name} className="button button-plain" href={startAt(one.name, true)}>
              {words.link(one.title)}
            </a>
          ))}
        </div>
      </div>
    </Panel>
  );
}
