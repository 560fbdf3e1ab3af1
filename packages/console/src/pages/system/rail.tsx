import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { credentials, overview } from "../../api.ts";
import { Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Panel } from "../../components/ui.tsx";
import { daysUntil } from "../../format.ts";
import { t } from "../../text.ts";
import { EvidenceSummaryPanel } from "../evidence-summary.tsx";

export function EvidenceRail() {
  const query = useQuery(overview);
  return (
    <Loaded query={query} what={t.system.evidenceTitle} rows={3}>
      {(data) => <EvidenceSummaryPanel evidence={data.evidence} />}
    </Loaded>
  );
}

export function CredentialRail({ name }: { name: string }) {
  const query = useQuery(credentials({ system: name }));
  return (
    <Panel
      title={t.system.credentials}
      aside={
        <Link to="/credentials" search={{ system: name }}>
          {t.system.allCredentials}
        </Link>
      }
    >
      <Loaded query={query} what={t.system.credentials} rows={2}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="panel-body muted small">{t.system.noCredentials}</p>
          ) : (
            <ul className="needs plain">
              {data.items.slice(0, 5).map((item) => {
                const left = daysUntil(item.notAfter);
                const live = item.state === "active" && left > 0;
                return (
                  <li key={item.id}>
                    <span>
                      <code>{item.hint ?? item.name}</code>
                      <span className="small block muted">
                        {live ? (
                          `${item.name}, ${t.overview.days(left)}`
                        ) : (
                          <Status mark={item.state === "suspended" ? "hold" : "deny"}>
                            {t.credentials.states[item.state === "active" ? "expired" : item.state] ?? item.state}
                          </Status>
                        )}
                      </span>
                    </span>
                  </li>
                );
              })}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}
