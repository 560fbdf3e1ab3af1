import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { breakGlass, client, queries, session } from "../../api.ts";
import type { EmergencyPlan, Mark } from "../../api-types.ts";
import { ReasonDialog } from "../../components/dialog.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { nameOf, Status } from "../../components/status.tsx";
import { Button, Facts, Panel, Time } from "../../components/ui.tsx";
import { date } from "../../format.ts";
import { breakGlass as words } from "../../text/settings-rules.ts";
import { AgreePlan } from "./agree-plan.tsx";

const registrars = ["security-reviewer", "governance-lead", "authorizing-official", "technical-owner", "business-owner"];
const reviewers = ["security-reviewer", "legal-reviewer", "governance-lead", "authorizing-official"];
const stoppers = [...registrars, "administrator"];
const marks: Record<EmergencyPlan["state"], Mark> = {
  asked: "hold",
  ready: "allow",
  waiting: "hold",
  open: "deny",
  ended: "unknown",
};

type Verb = "start" | "confirm" | "close" | "end" | "review";
interface Doing {
  readonly verb: Verb;
  readonly plan: EmergencyPlan;
  readonly use?: string;
}

export function BreakGlassPanel() {
  const query = useQuery(breakGlass);
  const who = useQuery(session).data?.person;
  const [adding, setAdding] = useState(false);
  const [doing, setDoing] = useState<Doing | null>(null);
  const may = (roles: readonly string[]): boolean => who?.roles.some((role) => roles.includes(role)) === true;
  return (
    <Panel
      title={words.title}
      aside={may(registrars) ? <Button onPress={() => setAdding(true)}>{words.add}</Button> : undefined}
    >
      <p className="panel-body muted small">{words.text}</p>
      <Loaded query={query} what={words.title} rows={3}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty title={words.empty} />
          ) : (
            data.items.map((plan) => {
              const named = who !== undefined && plan.people.includes(who.email);
              const act = (verb: Verb, use?: string): void => setDoing({ verb, plan, ...(use === undefined ? {} : { use }) });
              return (
                <section key={plan.name} className="panel-body section" aria-label={plan.name}>
                  <div className="row wrap">
                    <h3 className="grow">{plan.name}</h3>
                    <Status mark={marks[plan.state]} chip>
                      {words.state[plan.state]}
                    </Status>
                  </div>
                  <Facts
                    rows={[
                      [words.systems, plan.systems.join(", ")],
                      [words.rules, <code key="r">{plan.rules.join(", ")}</code>],
                      [words.people, plan.people.map(nameOf).join(", ")],
                      [words.time, words.minutes(plan.minutes)],
                      [words.guard, plan.compensating],
                      [words.ends, date(plan.endsAt)],
                    ]}
                  />
                  <div className="row wrap">
                    {plan.state === "asked" && (
                      <Link to="/approve/$id" params={{ id: plan.approval }}>
                        {words.approval}
                      </Link>
                    )}
                    {named && plan.state === "ready" && (
                      <Button look="danger" onPress={() => act("start")}>
                        {words.start}
                      </Button>
                    )}
                    {named && plan.state === "waiting" && plan.uses[0]?.startedBy !== who.email && (
                      <Button look="danger" onPress={() => act("confirm")}>
                        {words.confirm}
                      </Button>
                    )}
                    {plan.state === "open" && may(stoppers) && (
                      <Button look="danger-quiet" onPress={() => act("close")}>
                        {words.close}
                      </Button>
                    )}
                    {plan.state !== "ended" && plan.state !== "open" && may(stoppers) && (
                      <Button onPress={() => act("end")}>{words.end}</Button>
                    )}
                  </div>
                  <Uses plan={plan} review={may(reviewers) ? (use) => act("review", use) : undefined} />
                </section>
              );
            })
          )
        }
      </Loaded>
      {adding && <AgreePlan onClose={() => setAdding(false)} />}
      {doing !== null && <Act {...doing} onClose={() => setDoing(null)} />}
    </Panel>
  );
}

function Uses({ plan, review }: { plan: EmergencyPlan; review: ((use: string) => void) | undefined }) {
  if (plan.uses.length === 0) return null;
  return (
    <>
      <h3>{words.uses}</h3>
      <ul className="stack">
        {plan.uses.map((use) => (
          <li key={use.id}>
            {words.use(nameOf(use.startedBy))}, <Time at={use.startedAt} />,{" "}
            {use.confirmedBy === null ? words.notConfirmed : words.confirmedBy(nameOf(use.confirmedBy))}: {use.reason}
            <span className="block">
              {use.reviewedBy !== null ? (
                <Status mark="person">{`${words.reviewedBy(nameOf(use.reviewedBy))}: ${use.review ?? ""}`}</Status>
              ) : use.confirmedBy === null ? null : (
                <span className="row wrap">
                  <Status mark="hold">
                    {words.notReviewed}
                    {use.reviewDue !== null && (
                      <>
                        , {words.due} <Time at={use.reviewDue} />
                      </>
                    )}
                  </Status>
                  {review !== undefined && <Button onPress={() => review(use.id)}>{words.review}</Button>}
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Act({ verb, plan, use, onClose }: Doing & { onClose: () => void }) {
  const [title, effect] = {
    start: [words.startTitle(plan.name), words.startEffect(plan.rules.length, plan.minutes)],
    confirm: [
      words.confirmTitle(plan.name),
      words.confirmEffect(plan.rules.length, plan.minutes, plan.systems.join(", ")),
    ],
    close: [words.closeTitle(plan.name), words.closeEffect],
    end: [words.endTitle(plan.name), words.endEffect],
    review: [words.reviewTitle, words.reviewEffect],
  }[verb] as [string, string];
  const path = `/api/v1/break-glass/${encodeURIComponent(plan.name)}`;
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={title}
      effect={effect}
      verb={words[verb]}
      danger={verb !== "review" && verb !== "close"}
      act={async (reason) => {
        if (verb === "end") await client.request("DELETE", `${path}?reason=${encodeURIComponent(reason)}`);
        else
          await client.request(
            "POST",
            verb === "review" ? `${path}/uses/${encodeURIComponent(use ?? "")}/review` : `${path}/${verb}`,
            { reason },
          );
        await queries.invalidateQueries();
      }}
    />
  );
}
