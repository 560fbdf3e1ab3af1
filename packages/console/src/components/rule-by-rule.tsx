import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { count } from "../format.ts";
import { ruleByRule as words } from "../text/evidence.ts";
import { explanation } from "./explanation.ts";
import type { Check, Question, TracedRule } from "./explanation.ts";
import { Loaded } from "./states.tsx";
import { Status } from "./status.tsx";
import { Button } from "./ui.tsx";

const marks = { refuses: "deny", fault: "deny", holds: "hold", lifted: "person", answered: "person", grants: "allow", met: "unknown", silent: "unknown" } as const;
const checkMarks = { passed: "allow", refused: "deny", held: "hold", not_run: "unknown", not_known: "unknown" } as const;
const spoke = ({ verdict }: TracedRule): boolean => verdict !== "met" && verdict !== "silent";

/** What each rule said of the call: asked for by whoever wants to know, since the decision is made again for it. */
export function RuleByRule({ id }: { id: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <h3>{words.title}</h3>
      {isOpen ? (
        <Explained id={id} />
      ) : (
        <p>
          <Button onPress={() => setOpen(true)}>{words.open}</Button>
        </p>
      )}
    </>
  );
}

function Explained({ id }: { id: string }) {
  const query = useQuery(explanation(id));
  return (
    <Loaded query={query} what={words.title} rows={4}>
      {({ unreplayable, checks, questions }) => (
        <div className="stack">
          <Checks checks={checks} />
          {unreplayable !== null && <p className="muted">{words.unreplayable[unreplayable]}</p>}
          {questions.map((question, at) => (
              <Rules key={`${at}`} question={question} />
          ))}
        </div>
      )}
    </Loaded>
  );
}

/** In the order in which the call met them. */
function Checks({ checks }: { checks: readonly Check[] }) {
  return (
    <ol className="check-list" aria-label={words.inOrder}>
      {checks.map(({ check, state, saw }) => (
        <li key={check}>
          <b>{words.checks[check]}</b>
          <Status mark={checkMarks[state]}>{words.checkStates[state]}</Status>
          {saw !== "" && state !== "not_run" && <span className="muted small break">{saw}</span>}
        </li>
      ))}
    </ol>
  );
}

function Rules({ question: { tool, same, rules, withoutRefusals } }: { question: Question }) {
  const quiet = rules.filter((rule) => !spoke(rule));
  return (
    <div className="stack">
      {tool !== null && <h4>{words.tool(tool)}</h4>}
      <p className="muted">{same ? words.same : words.differs}</p>
      {rules.length === 0 ? <p className="muted">{words.outside}</p> : <List rules={rules.filter(spoke)} />}
      {withoutRefusals !== null && <p>{words.without[withoutRefusals]}</p>}
      {quiet.length > 0 && (
        <details>
          <summary>{words.quiet(count(quiet.length))}</summary>
          <List rules={quiet} />
        </details>
      )}
    </div>
  );
}

function List({ rules }: { rules: readonly TracedRule[] }) {
  return (
    <ul className="rule-list">
      {rules.map((rule) => (
        <li key={rule.id}>
          <Status mark={marks[rule.verdict]}>{rule.liftedBy === null ? words.verdicts[rule.verdict] : words.liftedBy(rule.liftedBy)}</Status> <code>{rule.id}</code>
          {rule.decides && <strong> {words.decides}</strong>}
          {rule.because !== "" && spoke(rule) && <p>{rule.because}</p>}
          {rule.passes.length > 0 && (
            <p className="small">
              {words.passes}{" "}
              {rule.passes.map(({ needs, is }, at) => (
                <span key={needs}>
                  {at > 0 && ` ${words.and} `}
                  <code className="break">{needs}</code>
                  {is !== null && <span className="muted"> ({words.was(is)})</span>}
                </span>
              ))}
            </p>
          )}
          {rule.policy !== null && (
            <p className="small">
              <Link to="/policies/$name" params={{ name: rule.policy }} search={{ rule: rule.id }}>
                {words.inPolicy(rule.policy)}
              </Link>
            </p>
          )}
          <details>
            <summary>{words.source}</summary>
            <pre className="wrap">{rule.text}</pre>
          </details>
        </li>
      ))}
    </ul>
  );
}
