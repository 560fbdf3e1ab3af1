import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { decision as decisionQuery, entry as entryQuery } from "../api.ts";
import type { DecisionView } from "../api-types.ts";
import { count, exact } from "../format.ts";
import { t } from "../text.ts";
import { entry as entryWords, proof as proofWords } from "../text/evidence.ts";
import { session as sessionWords } from "../text/content.ts";
import { OpenedEntry } from "./opened-entry.tsx";
import { RuleByRule } from "./rule-by-rule.tsx";
import { Propose } from "./propose.tsx";
import { ProofTree } from "./proof-tree.tsx";
import { Loaded, Loading } from "./states.tsx";
import { markOf, Status } from "./status.tsx";
import { Command, CopyButton, Facts, Panel, SystemLink } from "./ui.tsx";

function outcomeWords(decision: DecisionView): string {
  const mark = markOf(decision);
  if (mark === "person") return decision.outcome === "allow" ? entryWords.approved : entryWords.denied;
  return { allow: entryWords.allowed, hold: entryWords.held, deny: entryWords.denied, unknown: entryWords.unconfirmed }[mark];
}

/** The first sentence leads; what follows explains. */
function split(reason: string): readonly [string, string] {
  const end = /[.!?]\s+(?=[\p{Lu}“"])/u.exec(reason);
  return end === null ? [reason, ""] : [reason.slice(0, end.index + 1), reason.slice(end.index + end[0].length)];
}

export function EntryPanel({ id }: { id: string }) {
  const query = useQuery({ ...decisionQuery(id), placeholderData: undefined });
  return (
    <Loaded query={query} what={entryWords.unlogged} rows={8}>
      {(decision) => <Entry decision={decision} />}
    </Loaded>
  );
}

function Entry({ decision }: { decision: DecisionView }) {
  const [lead, more] = split(decision.reason);
  const link = new URL(`/evidence/${encodeURIComponent(decision.id)}`, location.origin).href;
  return (
    <Panel
      className="entry"
      title={
        decision.intent === null ? (
          entryWords.unlogged
        ) : (
          <>
            {entryWords.title("")}
            <code>{count(decision.intent.index)}</code>
          </>
        )
      }
      aside={<CopyButton value={link} label={entryWords.copyLink} />}
    >
      <div className="panel-body">
        <Status mark={markOf(decision)} chip>
          {outcomeWords(decision)}
        </Status>
        <h3 className="entry-lead">{lead}</h3>
        {more !== "" && <p>{more}</p>}
        <Facts
          rows={[
            [entryWords.at, exact(decision.at)],
            [entryWords.call, <code key="c">{`${decision.action} ${decision.resource.id}`}</code>],
            [
              entryWords.askedBy,
              <>
                {decision.caller !== undefined && decision.caller !== null && <code>{decision.caller}</code>}
                {decision.system === null ? (
                  t.cantTell
                ) : (
                  <>
                    {decision.caller ? entryWords.forSystem("") : ""}
                    <SystemLink name={decision.system} />
                  </>
                )}
              </>,
            ],
            [entryWords.rule, decision.rule === null ? t.none : <code key="r">{decision.rule}</code>],
            [entryWords.policy, <code key="p">{decision.policyVersion}</code>],
            decision.callerSaw
              ? [
                  entryWords.saw,
                  <>
                    <code>{decision.callerSaw}</code>
                    {decision.durationMs === undefined || decision.durationMs === null
                      ? ""
                      : `, ${decision.durationMs} ms`}
                  </>,
                ]
              : undefined,
            [entryWords.ended, entryWords.terminal[decision.terminal ?? "running"] ?? decision.terminal],
            decision.session
              ? [
                  sessionWords.link,
                  <Link key="s" to="/sessions/$id" params={{ id: decision.session }}>
                    <code>{decision.session}</code>
                  </Link>,
                ]
              : undefined,
            decision.byPerson
              ? [entryWords.byPerson, `${decision.byPerson.name}: “${decision.byPerson.reason}”`]
              : undefined,
          ]}
        />
      </div>
      {(decision.remedies ?? []).length > 0 && (
        <div className="panel-body section">
          <h3>{entryWords.todo}</h3>
          <ol className="remedies">
            {(decision.remedies ?? []).map((remedy) => (
              <li key={remedy.text}>
                {remedy.text} {remedy.command !== undefined && <Command>{remedy.command}</Command>}
              </li>
            ))}
          </ol>
          {decision.approval !== undefined && decision.approval !== null && (
            <Link className="button button-accent" to="/approve/$id" params={{ id: decision.approval.id }}>
              {entryWords.openApproval}
            </Link>
          )}{" "}
          <Propose decision={decision} />
        </div>
      )}
      <div className="panel-body section" key={`rules-${decision.id}`}>
        <RuleByRule id={decision.id} />
      </div>
      {decision.intent !== null && (
        <div className="panel-body section" key={decision.id}>
          <OpenedEntry log={decision.intent.log} index={decision.intent.index} />
        </div>
      )}
      <div className="panel-body section sunken">
        <h3>{entryWords.proof}</h3>
        {decision.intent === null ? (
          <Status mark="unknown">{proofWords.notYet}</Status>
        ) : (
          <Proof log={decision.intent.log} index={decision.intent.index} />
        )}
      </div>
    </Panel>
  );
}

function Proof({ log, index }: { log: string; index: number }) {
  const query = useQuery(entryQuery(log, index));
  if (query.error !== null) return <Status mark="unknown">{`${proofWords.cantTell}: ${query.error.message}`}</Status>;
  if (query.data === undefined) return <Loading rows={3} />;
  return <ProofTree entry={query.data} />;
}
