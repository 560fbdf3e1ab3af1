import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import { Failed, Loaded } from "../../components/states.tsx";
import { Button, Panel, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
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
    <Panel title={t.federation.mine}>
      <div className="panel-body stack">
        <p className="muted small">{t.federation.mineText}</p>
        <Loaded query={mine} what={t.federation.mine} rows={1}>
          {(rows) =>
            rows.length === 0 ? (
              <p>{t.federation.mineNone}</p>
            ) : (
              <ul className="needs">
                {rows.map((one) => (
                  <li key={one.id}>
                    <span className="grow">
                      <code className="break">{one.issuer}</code>
                      <span className="block small muted">
                        {t.federation.linkedBy[one.linkedBy]}, <Time at={one.linkedAt} />
                      </span>
                    </span>
                    <Button
                      look="quiet"
                      aria-label={`${t.federation.unlink} ${one.issuer}`}
                      onPress={() => void unlink(one.id)}
                    >
                      {t.federation.unlink}
                    </Button>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
        {error !== null && <Failed error={error} what={t.federation.unlink} />}
        <div className="row wrap">
          {offered.map((one) => (
            <a key={one.name} className="button button-plain" href={startAt(one.name, true)}>
              {t.federation.link(one.title)}
            </a>
          ))}
        </div>
      </div>
    </Panel>
  );
}
