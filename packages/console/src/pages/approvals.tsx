import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { approvals } from "../api.ts";
import type { ApprovalView } from "../api-types.ts";
import { Empty, Loaded } from "../components/states.tsx";
import { Glyph } from "../components/status.tsx";
import { LiveDot, PageHead, Panel, useNow } from "../components/ui.tsx";
import { timeLeft } from "../format.ts";
import { t } from "../text.ts";
import * as words from "../text/approvals.ts";
import { alike } from "./approvals-alike.ts";
import { Delegations, Habits } from "./approvals-aside.tsx";
import { Together } from "./approvals-together.tsx";

export function ApprovalsPage() {
  const query = useQuery(approvals());
  return (
    <>
      <PageHead title={words.approvals.title}>
        <LiveDot />
      </PageHead>
      <div className="with-rail">
        <div className="stack">
          <Loaded query={query} what={words.approvals.title}>
            {(data) =>
              data.items.length === 0 ? (
                <Panel title={words.approvals.emptyTitle}>
                  <Empty title={words.approvals.empty} />
                </Panel>
              ) : (
                <Lists items={data.items.toSorted((a, b) => Date.parse(a.expiresAt) - Date.parse(b.expiresAt))} />
              )
            }
          </Loaded>
        </div>
        <div className="stack">
          <Habits />
          <Delegations />
        </div>
      </div>
    </>
  );
}

/** First what this reader can answer; the rest stays in sight, with the reason why not. */
function Lists({ items }: { items: readonly ApprovalView[] }) {
  const mine = items.filter((item) => item.mayDecide !== false);
  const others = items.filter((item) => item.mayDecide === false);
  return (
    <>
      <p className="sentence-small">
        {words.approvals.waits(items.length)} {words.approvals.mine(mine.length)}
      </p>
      {alike(mine).map((group) => (
        <Together key={group[0]!.id} items={group} />
      ))}
      {mine.length > 0 && <Cards items={mine} />}
      {others.length > 0 && <h2>{words.approvals.others}</h2>}
      {others.length > 0 && <Cards items={others} />}
    </>
  );
}

function Cards({ items }: { items: readonly ApprovalView[] }) {
  return (
    <ul className="cards">
      {items.map((item) => (
        <Waiting key={item.id} item={item} />
      ))}
    </ul>
  );
}

function Waiting({ item }: { item: ApprovalView }) {
  const now = useNow();
  return (
    <li className="panel card" data-row="">
      <Glyph mark="hold" />
      <div className="grow">
        <Link className="row-link strong" to="/approve/$id" params={{ id: item.id }}>
          {item.question ?? item.title ?? item.id}
        </Link>
        <p className="muted small">
          {[item.reason ?? item.effect, item.askedBy ? `${words.approvals.requestedBy} ${item.askedBy}` : ""]
            .filter(Boolean)
            .join(" ")}
        </p>
        {item.mayDecide === false && (
          <p className="small">
            <b>{words.approvals.own}.</b> {item.cannotBecause}
          </p>
        )}
      </div>
      <div className="card-end">
        <span className="small mono">{words.approvals.lapses(timeLeft(item.expiresAt, now))}</span>
        <Link className="button" to="/approve/$id" params={{ id: item.id }}>
          {item.mayDecide === false ? t.action.open : words.approvals.decide}
        </Link>
      </div>
    </li>
  );
}
