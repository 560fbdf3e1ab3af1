import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { decisions } from "../../api.ts";
import { DecisionTable } from "../../components/decision-table.tsx";
import { Choice } from "../../components/dialog.tsx";
import { Loaded } from "../../components/states.tsx";
import { Panel, SystemLink } from "../../components/ui.tsx";
import { objects as words } from "../../text/objects.ts";
import type { UseDetail } from "./queries.ts";

const newest = 6;

/** The latest decisions about it. A dataset or a vendor is seen through what leads there, one way at a time. */
export function Seen({ use }: { use: UseDetail }) {
  // The way that was used last comes first: an empty table says nothing.
  const ways = use.ways.toSorted((a, b) => (b.lastSeen ?? "").localeCompare(a.lastSeen ?? "")).map((one) => one.ref);
  const [chosen, setChosen] = useState("");
  const way = ways.includes(chosen) ? chosen : ways[0];
  if (use.calls24h === null || way === undefined)
    return (
      <Panel title={words.seen}>
        <div className="panel-body stack">
          <p className="muted">{use.calls24h === null ? words.notShown : words.notSeen}</p>
          {use.users.length > 0 && (
            <p className="row wrap tight">
              {use.users.slice(0, newest).map((user) => (
                <SystemLink key={user.system} name={user.system}>
                  {user.title}
                </SystemLink>
              ))}
            </p>
          )}
        </div>
      </Panel>
    );
  return (
    <Panel
      title={words.seen}
      aside={
        <>
          {ways.length > 1 && <Choice hideLabel label={words.way} value={way} options={ways.map((one) => [one, one] as const)} onChange={setChosen} />}
          <Link to="/evidence" search={{ q: way }}>
            {words.allDecisions}
          </Link>
        </>
      }
    >
      <Decisions way={way} />
    </Panel>
  );
}

function Decisions({ way }: { way: string }) {
  const query = useQuery({ ...decisions({ q: way, limit: newest }), placeholderData: undefined });
  return (
    <Loaded query={query} what={words.seen} rows={newest}>
      {({ items }) => (items.length === 0 ? <p className="panel-body muted">{words.notSeen}</p> : <DecisionTable rows={items} withSystem />)}
    </Loaded>
  );
}
