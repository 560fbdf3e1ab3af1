import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import { Diff } from "../../components/diff.tsx";
import { ReasonDialog, TextInput } from "../../components/dialog.tsx";
import { Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, PageHead, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { reassessments as words } from "../../text/reassessments.ts";
import { oneCase } from "./queries.ts";
import type { CaseDetail, CaseSystem } from "./queries.ts";

type Outcome = "reaffirmed" | "tightened" | "suspended";
interface Asked {
  readonly outcome: Outcome;
  /** Null: all that wait. */
  readonly system: string | null;
}
const verbs: Readonly<Record<Outcome, string>> = { reaffirmed: words.stillFine, tightened: words.tighter, suspended: words.suspend };

export function ReassessmentPage() {
  const { id } = useParams({ strict: false });
  const query = useQuery(oneCase(String(id)));
  return (
    <Loaded query={query} what={words.title}>
      {(found) => <Case found={found} />}
    </Loaded>
  );
}

function Case({ found }: { found: CaseDetail }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [ends, setEnds] = useState("");
  const waiting = found.systems.filter((one) => one.outcome === null);
  const contradictions = new Set(
    found.systems.flatMap((one) =>
      one.changes.flatMap((change) => change.diff.filter((member) => member.contradicts).map((member) => `${one.system} ${member.answer}`)),
    ),
  ).size;
  const decide = async (reason: string): Promise<void> => {
    if (asked === null) return;
    await client.request("POST", `/api/v1/reassessments/${found.id}/decide`, {
      outcome: asked.outcome,
      reason,
      ...(asked.system === null ? {} : { system: asked.system }),
      ...(asked.outcome === "tightened" ? { terms: { ends: `${ends}T00:00:00Z` } } : {}),
    });
    await queries.invalidateQueries({ queryKey: ["reassessment"] });
  };
  return (
    <>
      <PageHead title={found.title} crumbs={<Link to="/reassessments">{words.title}</Link>}>
        {waiting.length > 1 && <Verbs ask={(outcome) => setAsked({ outcome, system: null })} what={words.all} />}
      </PageHead>
      <p className="lead">
        {words.summary(found.systems.length, contradictions)} {words.classes[found.class]}.{" "}
        {found.url !== null && (
          <a href={found.url} rel="noreferrer noopener" target="_blank">
            {found.url}
          </a>
        )}
      </p>
      <div className="stack">
        {found.systems.map((one) => (
          <System key={one.system} one={one} ask={(outcome) => setAsked({ outcome, system: one.system })} />
        ))}
        <Panel title={words.history}>
          <ul className="plain stack">
            {found.history.map((event) => (
              <li key={event.id}>
                {event.what} <span className="muted small block">{words.by(event.observedBy)}, <Time at={event.at} /></span>
              </li>
            ))}
          </ul>
        </Panel>
      </div>
      {asked !== null && (
        <ReasonDialog
          open
          onClose={() => setAsked(null)}
          title={words.decideTitle(verbs[asked.outcome], asked.system ?? words.all)}
          effect={words.effects[asked.outcome]}
          verb={verbs[asked.outcome]}
          danger={asked.outcome === "suspended"}
          fields={asked.outcome === "tightened" ? <TextInput label={words.until} value={ends} onChange={setEnds} type="date" /> : undefined}
          act={decide}
        />
      )}
    </>
  );
}

function Verbs({ ask, what }: { ask: (outcome: Outcome) => void; what: string }) {
  return (
    <span className="row wrap tight">
      <Button look="accent" aria-label={`${words.stillFine}: ${what}`} onPress={() => ask("reaffirmed")}>
        {words.stillFine}
      </Button>
      <Button aria-label={`${words.tighter}: ${what}`} onPress={() => ask("tightened")}>
        {words.tighter}
      </Button>
      <Button look="danger-quiet" aria-label={`${words.suspend}: ${what}`} onPress={() => ask("suspended")}>
        {words.suspend}
      </Button>
    </span>
  );
}

function System({ one, ask }: { one: CaseSystem; ask: (outcome: Outcome) => void }) {
  return (
    <Panel
      title={<SystemLink name={one.system} />}
      aside={
        one.outcome === null ? (
          <Status mark={one.class === "C" ? "deny" : one.class === "B" ? "hold" : "unknown"}>
            {one.class} {one.due !== null && one.class === "B" && <Time at={one.due} />}
          </Status>
        ) : (
          <Status mark="person">{words.outcomes[one.outcome]}</Status>
        )
      }
    >
      <div className="stack pad">
        {one.changes.map((change) => (
          <Diff key={`${change.subject} ${change.what}`} subject={change.subject} what={change.what} members={change.diff} />
        ))}
        {one.outcome === null ? (
          <>
            <p className="small">{words.refuses(one.refusesNow, one.refusesFromDue, one.class)}</p>
            <Verbs ask={ask} what={one.system} />
            {one.approval !== null && (
              <p className="small">
                <Link to="/approve/$id" params={{ id: one.approval }}>
                  {words.sign}
                </Link>
              </p>
            )}
          </>
        ) : (
          <p className="small">
            {one.reason} <span className="muted">{words.by(one.decidedBy ?? "")}</span>
          </p>
        )}
      </div>
    </Panel>
  );
}
