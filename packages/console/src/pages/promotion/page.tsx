import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { approval, client, queries, system as systemQuery } from "../../api.ts";
import type { SystemView } from "../../api-types.ts";
import { ReasonDialog } from "../../components/dialog.tsx";
import { Loaded } from "../../components/states.tsx";
import { nameOf, Status } from "../../components/status.tsx";
import { Button, Facts, PageHead, Panel, Time } from "../../components/ui.tsx";
import { date, shortHash } from "../../format.ts";
import { t } from "../../text.ts";
import { roleName } from "../../text/people.ts";
import { system as systemWords } from "../../text/system.ts";
import { promotion as words } from "../../text/promotion.ts";
import { Answer } from "../approve-answer.tsx";
import { GateList } from "./gate-list.tsx";
import { LastWeek } from "./last-week.tsx";
import { gates } from "./queries.ts";
import type { Gates, Request } from "./queries.ts";

type Promoted = SystemView & { readonly requests?: readonly Request[]; readonly authorization?: Request | null };

/** May it go to production? What its tier asks, what is met, who can fix the rest, who has signed. */
export function PromotionPage() {
  const { name } = useParams({ from: "/shell/systems/$name/promotion" });
  const query = useQuery({ ...systemQuery(name), placeholderData: undefined });
  const found = useQuery(gates(name));
  return (
    <Loaded query={query} what={name} rows={8}>
      {(one) => (
        <Loaded query={found} what={words.gates} rows={8}>
          {(of) => <Promotion system={one as Promoted} gates={of} />}
        </Loaded>
      )}
    </Loaded>
  );
}

function Promotion({ system, gates: of }: { system: Promoted; gates: Gates }) {
  const [asking, setAsking] = useState(false);
  const request = system.requests?.find((one) => one.type === "production" && one.state !== "changes_requested");
  const running = system.lifecycle === "production" ? (system.authorization ?? undefined) : undefined;
  const open = of.gates.filter((gate) => gate.state === "not_met").length;
  const sentence =
    of.tier === "X"
      ? words.prohibited
      : request !== undefined
        ? words.waiting
        : open > 0
          ? words.notReady(open, of.gates.length)
          : running !== undefined
            ? words.running
            : words.ready(of.gates.length);
  return (
    <>
      <PageHead
        title={words.title(system.title)}
        crumbs={
          <nav className="crumbs" aria-label={systemWords.crumbs}>
            <Link to="/systems" search={{}}>
              {systemWords.crumbs}
            </Link>{" "}
            /{" "}
            <Link to="/systems/$name" params={{ name: system.name }} search={{}}>
              <code>{system.name}</code>
            </Link>{" "}
            / {words.crumb}
          </nav>
        }
      >
        {of.ready && request === undefined && (
          <Button look="accent" onPress={() => setAsking(true)}>
            {words.submit}
          </Button>
        )}
      </PageHead>
      <p className="lead" aria-live="polite">
        {sentence}
      </p>
      <div className="with-rail">
        <div className="stack">
          <Panel title={words.gates} aside={<span className="bubble">{of.gates.length}</span>}>
            <GateList system={system.name} gates={of.gates} />
          </Panel>
          <LastWeek system={system.name} />
        </div>
        <div className="stack">
          <Standing of={of} request={request ?? running} open={request !== undefined} />
          {request?.approval != null && <YourAnswer id={request.approval} />}
        </div>
      </div>
      <ReasonDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={words.submitTitle(system.title)}
        effect={words.submitEffect}
        verb={words.submit}
        act={async (reason) => {
          await client.systems.promote(system.name, { reason });
          await queries.invalidateQueries();
        }}
      />
    </>
  );
}

function Standing({ of, request, open }: { of: Gates; request: Request | undefined; open: boolean }) {
  const digest = request?.versionDigest ?? of.versionDigest;
  return (
    <Panel title={words.request}>
      <Facts
        rows={[
          [words.tier, request?.tier ?? of.tier],
          [
            words.version,
            <code key="digest" title={digest}>
              {shortHash(digest)}
            </code>,
          ],
          request === undefined
            ? [words.asked, words.none]
            : [words.asked, request.requester === null ? t.cantTell : nameOf(request.requester)],
          [words.ends, request?.ends != null ? <Time key="ends" at={request.ends} /> : words.noEnd],
          [
            words.conditions,
            request === undefined || request.conditions.length === 0
              ? words.noConditions
              : request.conditions.map((one, index) => (
                  <span key={index} className="block small">
                    {words.condition(
                      String(one["metric"]),
                      one["subject"] === undefined ? ` ${String(one["threshold"])}` : ` ${String(one["subject"])}`,
                      date(String(one["due"])),
                      String(one["consequence"]),
                    )}
                  </span>
                )),
          ],
        ]}
      />
      <h3 className="panel-body small">{words.approvers}</h3>
      <ul className="needs plain">
        {of.approvers.map((seat) => {
          const signed = request?.approvers.find((one) => one.role === seat.group);
          return (
            <li key={seat.group}>
              <span className="grow">
                <b>{roleName(seat.group)}</b>
                <span className="block muted small">{seat.people.map(nameOf).join(", ") || words.nobody}</span>
              </span>
              {signed !== undefined ? (
                <Status mark="person">{words.signed(nameOf(signed.email), date(signed.at))}</Status>
              ) : (
                open && <Status mark="hold">{words.open}</Status>
              )}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

/** The same answer, over the same digest, as on the link's page. */
function YourAnswer({ id }: { id: string }) {
  const query = useQuery({ ...approval(id), placeholderData: undefined, refetchInterval: 5000 });
  const answered = `${query.data?.state ?? ""} ${query.data?.signatures?.length ?? 0}`;
  // Who has signed, and the stage, stand in the system.
  useEffect(() => void queries.invalidateQueries({ queryKey: ["systems"] }), [answered]);
  return (
    <Panel title={words.yours}>
      <Loaded query={query} what={words.yours} rows={3}>
        {(item) => (
          <div className="panel-body stack">
            {item.state !== "pending" ? (
              <p>{words.answered[item.state] ?? item.state}</p>
            ) : item.mayDecide === false ? (
              <p>{item.cannotBecause}</p>
            ) : (
              <Answer item={item} />
            )}
          </div>
        )}
      </Loaded>
    </Panel>
  );
}
