import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { decisions } from "../../api.ts";
import { DecisionTable } from "../../components/decision-table.tsx";
import { Failed, Loaded } from "../../components/states.tsx";
import { Button, LiveDot, Panel } from "../../components/ui.tsx";
import { usePagedDecisions } from "../../paged-decisions.ts";
import { t } from "../../text.ts";
import { system as systemWords } from "../../text/system.ts";
import { evidence as evidenceWords } from "../../text/evidence.ts";

function Aside({ name }: { name: string }) {
  return (
    <>
      <LiveDot />
      <Link to="/evidence" search={{ system: name }}>
        {systemWords.allDecisions}
      </Link>
    </>
  );
}

/** The newest few, beside other panels. */
export function Latest({ name }: { name: string }) {
  const query = useQuery(decisions({ system: name, limit: 8 }));
  return (
    <Panel title={systemWords.latest} aside={<Aside name={name} />}>
      <Loaded query={query} what={systemWords.latest}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="panel-body muted">{evidenceWords.empty}</p>
          ) : (
            <DecisionTable rows={data.items} />
          )
        }
      </Loaded>
    </Panel>
  );
}

/** All of a system's decisions, page after page. */
export function SystemDecisions({ name }: { name: string }) {
  const { query, joined, more, failed } = usePagedDecisions({ system: name });
  return (
    <Panel title={systemWords.decisions} aside={<Aside name={name} />}>
      <Loaded query={query} what={systemWords.decisions}>
        {(newest) => {
          const { items, nextCursor } = joined(newest);
          return items.length === 0 ? (
            <p className="panel-body muted">{evidenceWords.empty}</p>
          ) : (
            <>
              <DecisionTable rows={items} exportName={`${name}-decisions`} />
              {nextCursor !== null && (
                <p className="panel-body">
                  <Button onPress={() => void more(nextCursor)}>{t.table.more}</Button>
                </p>
              )}
              {failed !== null && <Failed error={failed} what={t.table.older} />}
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}
