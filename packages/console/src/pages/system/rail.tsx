import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { credentials, overview } from "../../api.ts";
import { Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Panel } from "../../components/ui.tsx";
import { daysUntil } from "../../format.ts";
import { system as systemWords } from "../../text/system.ts";
import { overview as overviewWords } from "../../text/overview.ts";
import { credentials as credentialsWords } from "../../text/credentials.ts";
import { EvidenceSummaryPanel } from "../evidence-summary.tsx";

export function EvidenceRail() {
  const query = useQuery(overview);
  return (
    <Loaded query={query} what={systemWords.evidenceTitle} rows={3}>
      {(data) => <EvidenceSummaryPanel evidence={data.evidence} />}
    </Loaded>
  );
}

export function CredentialRail({ name }: { name: string }) {
  const query = useQuery(credentials({ system: name }));
  return (
    <Panel
      title={systemWords.credentials}
      aside={
        <Link to="/credentials" search={{ system: name }}>
          {systemWords.allCredentials}
        </Link>
      }
    >
      <Loaded query={query} what={systemWords.credentials} rows={2}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="panel-body muted small">{systemWords.noCredentials}</p>
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
                          `${item.name}, ${overviewWords.days(left)}`
                        ) : (
                          <Status mark={item.state === "suspended" ? "hold" : "deny"}>
                            {credentialsWords.states[item.state === "active" ? "expired" : item.state] ?? item.state}
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
