import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { decisions } from "../../api.ts";
import { DecisionTable } from "../../components/decision-table.tsx";
import { Loaded } from "../../components/states.tsx";
import { LiveDot, Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";

export function Latest({ name, limit }: { name: string; limit: number }) {
  const query = useQuery(decisions({ system: name, limit }));
  return (
    <Panel
      title={t.system.latest}
      aside={
        <>
          <LiveDot />
          <Link to="/evidence" search={{ system: name }}>
            {t.system.allDecisions}
          </Link>
        </>
      }
    >
      <Loaded query={query} what={t.system.latest}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="panel-body muted">{t.evidence.empty}</p>
          ) : (
            <DecisionTable rows={data.items} {...(limit > 10 ? { exportName: `${name}-decisions` } : {})} />
          )
        }
      </Loaded>
    </Panel>
  );
}
