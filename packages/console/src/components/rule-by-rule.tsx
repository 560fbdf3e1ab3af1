import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client } from "../api.ts";
import { count } from "../format.ts";
import { ruleByRule as words } from "../text/evidence.ts";
import { Loaded } from "./states.tsx";
import { Status } from "./status.tsx";
import { Button } from "./ui.tsx";

interface TracedRule {
  readonly id: string;
  readonly verdict: keyof typeof words.verdicts;
  readonly decides: boolean;
  readonly guardrail: boolean;
  readonly liftedBy: string | null;
  readonly because: string;
  readonly text: string;
}
interface Question {
  readonly tool: string | null;
  readonly same: boolean;
  readonly rules: readonly TracedRule[];
  readonly withoutRefusals: "allow" | "hold" | "deny" | null;
}
interface Explanation {
  readonly unreplayable: keyof typeof words.unreplayable | null;
  readonly questions: readonly Question[];
}

const marks = { refuses: "deny", fault: "deny", holds: "hold", lifted: "person", answered: "person", grants: "allow", met: "unknown", silent: "unknown" } as const;
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
  const query = useQuery({ queryKey: ["explanation", id], queryFn: ({ signal }) => client.request<Explanation>("GET", `/api/v1/decisions/${encodeURIComponent(id)}/explanation`, undefined, { signal }), staleTime: Number.POSITIVE_INFINITY });
  return (
    <Loaded query={query} what={words.title} rows={4}>
      {({ unreplayable, questions }) =>
        unreplayable === null ? (
          <div className="stack">
            {questions.map((question, at) => (
              <Rules key={`${at}`} question={question} />
            ))}
          </div>
        ) : (
          <p className="muted">{words.unreplayable[unreplayable]}</p>
        )
      }
    </Loaded>
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
          <details>
            <summary>{words.source}</summary>
            <pre className="wrap">{rule.text}</pre>
            {!rule.guardrail && <Link to="/policies">{words.policies}</Link>}
          </details>
        </li>
      ))}
    </ul>
  );
}
