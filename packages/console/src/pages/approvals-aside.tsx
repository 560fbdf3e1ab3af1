import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { approvalMetrics, client, delegations, queries } from "../api.ts";
import { ReasonDialog, TextInput } from "../components/dialog.tsx";
import { Empty, Loaded } from "../components/states.tsx";
import { Button, Facts, Panel } from "../components/ui.tsx";
import { exact } from "../format.ts";
import * as words from "../text/approvals.ts";

/** Oversight that says yes to everything within seconds oversees nothing, so the figures stand beside the questions. */
export function Habits() {
  const query = useQuery(approvalMetrics);
  return (
    <Panel title={words.approvals.habits} aside={<span className="muted small">{words.approvals.habitsNote}</span>}>
      <Loaded query={query} what={words.approvals.habits} rows={3}>
        {(data) => (
          <div className="panel-body">
            <Facts
              rows={[
                [words.approvals.asked, data.asked],
                [
                  words.approvals.yesRate,
                  data.yesRate === null ? words.approvals.nothingAnswered : `${Math.round(data.yesRate * 100)} %`,
                ],
                [
                  words.approvals.median,
                  data.medianSeconds === null
                    ? words.approvals.nothingAnswered
                    : words.approvals.seconds(data.medianSeconds),
                ],
                [words.approvals.lapsedCount, data.lapsed],
              ]}
            />
          </div>
        )}
      </Loaded>
    </Panel>
  );
}

export function Delegations() {
  const query = useQuery(delegations);
  const [naming, setNaming] = useState(false);
  const [to, setTo] = useState("");
  const [until, setUntil] = useState("");
  const again = () => queries.invalidateQueries({ queryKey: ["delegations"] });
  return (
    <Panel
      title={words.approvals.delegations}
      aside={<Button onPress={() => setNaming(true)}>{words.approvals.delegate}</Button>}
    >
      <Loaded query={query} what={words.approvals.delegations} rows={2}>
        {(data) => {
          const current = data.items.filter((one) => one.state !== "ended");
          if (current.length === 0) return <Empty title={words.approvals.noDelegation} />;
          return (
            <ul className="panel-body stack">
              {current.map((one) => (
                <li key={one.id} className="stack">
                  <span className="break">{words.approvals.standsIn(one.to, one.from)}</span>
                  <span className="muted small">{words.approvals.untilDay(exact(one.ends))}</span>
                  <span className="row wrap">
                    {one.approval !== null && !one.signed && (
                      <Link to="/approve/$id" params={{ id: one.approval }}>
                        {words.approvals.signIt}
                      </Link>
                    )}
                    <Button look="quiet" onPress={() => void client.delegations.end(one.id).then(again)}>
                      {words.approvals.endIt}
                    </Button>
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
      <ReasonDialog
        open={naming}
        onClose={() => setNaming(false)}
        title={words.approvals.delegate}
        effect={words.approvals.delegateEffect}
        verb={words.approvals.delegate}
        fields={
          <>
            <TextInput label={words.approvals.delegateTo} type="email" value={to} onChange={setTo} />
            <TextInput label={words.approvals.delegateUntil} type="date" value={until} onChange={setUntil} />
          </>
        }
        act={async (reason) => {
          // The last day counts whole, in the absent person's own time.
          await client.delegations.create({ to, reason, ends: new Date(`${until}T23:59:59`).toISOString() });
          await again();
        }}
      />
    </Panel>
  );
}
