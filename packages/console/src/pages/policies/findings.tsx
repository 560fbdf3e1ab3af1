import { Failed } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { policies as words } from "../../text/policies.ts";
import type { Read } from "./policy-text.ts";
import type { Checked } from "./queries.ts";

/** What is wrong with the text, or that nothing is; the same as the marks beside its lines. */
export function Findings({ read, check, error, waiting }: { read: Read; check: Checked | undefined; error: unknown; waiting: boolean }) {
  if (read.faults.length > 0)
    return (
      <ul className="plain tight" role="status">
        {read.faults.map((fault) => (
          <li key={`${fault.line} ${fault.message}`}>
            <Status mark="deny">{words.line(fault.line)}</Status> {fault.message}
          </li>
        ))}
      </ul>
    );
  if (error !== null) return <Failed error={error} what={words.one} />;
  if (check === undefined || waiting) return <p role="status" className="muted">{read.spec === null ? words.notYaml : words.checking}</p>;
  const passed = check.tests.filter((test) => test.passed).length;
  return (
    <div role="status" className="stack">
      {check.problems.length === 0 ? (
        <p>
          <Status mark="allow">{words.sound}</Status>
        </p>
      ) : (
        <ul className="plain tight">
          {check.problems.map((problem) => (
            <li key={`${problem.rule ?? ""} ${problem.message}`}>
              <Status mark="deny">{problem.rule === null ? words.one : <code>{problem.rule}</code>}</Status> {problem.message}. {problem.remedy}
            </li>
          ))}
        </ul>
      )}
      {check.problems.length === 0 && (
        <>
          <p>
            <Status mark={check.tests.length === 0 ? "unknown" : passed === check.tests.length ? "allow" : "deny"}>{words.testsPassed(passed, check.tests.length)}</Status>
          </p>
          <ul className="plain tight">
            {check.tests.map((test) => (
              <li key={test.name}>
                <Status mark={test.passed ? "allow" : "deny"}>{test.name}</Status>
                {!test.passed && <span className="muted">, {words.expected(test.expected, test.outcome)}: {test.reason}</span>}
              </li>
            ))}
          </ul>
          <details>
            <summary>{words.compiled}</summary>
            <pre className="code">{check.cedar}</pre>
          </details>
        </>
      )}
    </div>
  );
}
