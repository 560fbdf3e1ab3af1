import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Mark } from "../../api-types.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Empty, Failed, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Panel } from "../../components/ui.tsx";
import { policies as words } from "../../text/policies.ts";
import { invariants } from "./queries.ts";
import type { Example, Proof, Proved, Widening } from "./queries.ts";

const marks: Readonly<Record<Proof["state"], Mark>> = { proven: "allow", refuted: "deny", cant_tell: "unknown" };

/** What a version would let through that isn't let through now, and what it would break: before it is enforced. */
export function Proofs({ found, error, waiting }: { found: Proved | undefined; error: unknown; waiting: boolean }) {
  if (error !== null) return <Failed error={error} what={words.proofs} />;
  if (found === undefined || waiting) return <p role="status" className="muted">{words.proving}</p>;
  const { widening, invariants: proofs, invariantsLost } = found;
  return (
    <div role="status" className="stack">
      {widening !== null && <Widens widening={widening} />}
      {invariantsLost.length > 0 && (
        <p>
          <Status mark="hold">{words.lost}</Status> <code>{invariantsLost.join(", ")}</code>
        </p>
      )}
      {proofs.length > 0 && (
        <ul className="plain tight">
          {proofs.map((proof) => (
            <li key={`${proof.policy ?? ""} ${proof.id}`}>
              <Status mark={marks[proof.state]}>
                <code>{proof.id}</code>
              </Status>{" "}
              {words.proof[proof.state]}
              {(proof.reason ?? proof.because) !== null && <span className="muted">: {proof.reason ?? proof.because}</span>}
              {proof.example !== null && <Shown example={proof.example} />}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Whether anything passes that did not pass before. */
export function Widens({ widening }: { widening: Widening }) {
  return (
    <div className="stack tight">
      <p>
        <Status mark={widening.state === "no" ? "allow" : widening.state === "yes" ? "hold" : "unknown"}>{words.widening[widening.state]}</Status>
        {widening.state === "cant_tell" && <span className="muted">: {widening.reason}</span>}
      </p>
      {widening.example !== null && <Shown example={widening.example} />}
    </div>
  );
}

/** One call that shows it: in words, with what the rules read of it. */
function Shown({ example }: { example: Example }) {
  return (
    <div className="stack tight">
      <p>
        {words.example(example.system, example.action, example.resource)}
        {example.before !== null && (
          <>
            {" "}
            <Status mark={example.before.outcome} /> → <Status mark={example.after.outcome} />
          </>
        )}
      </p>
      {example.details.length > 0 && (
        <ul className="plain tight small">
          {example.details.map(({ path, value }) => (
            <li key={path}>
              <code>{path}</code> <span className="muted">{words.is}</span> <code className="break">{value}</code>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const columns: readonly Column<Proof>[] = [
  { id: "state", title: words.proofState, value: (row) => row.state, cell: (row) => <Status mark={marks[row.state]}>{words.proofShort[row.state]}</Status> },
  {
    id: "what",
    title: words.invariant,
    value: (row) => row.because ?? row.id,
    cell: (row) => (
      <div className="stack tight">
        <span>{row.because ?? row.id}</span>
        <code className="break small">{row.condition}</code>
        {row.state !== "proven" && <span className="muted small break">{row.example?.text ?? row.reason}</span>}
      </div>
    ),
  },
  { id: "on", title: words.call, value: (row) => row.on, cell: (row) => <code>{row.on}</code> },
  { id: "asks", title: words.mustBe, value: (row) => row.asks, cell: (row) => <Status mark={row.asks === "denied" ? "deny" : "hold"}>{words.asks[row.asks]}</Status>, hideNarrow: true },
  {
    id: "policy",
    title: words.one,
    value: (row) => row.policy ?? "",
    cell: (row) =>
      row.policy === null ? null : (
        <Link className="row-link" to="/policies/$name" params={{ name: row.policy }}>
          {row.policy}
        </Link>
      ),
    hideNarrow: true,
  },
];

/** What must stay true of every call, whatever anybody registers or writes. */
export function Invariants() {
  const query = useQuery(invariants);
  return (
    <Panel title={words.invariants}>
      <Loaded query={query} what={words.invariants} rows={6}>
        {({ items }) => {
          const own = items.filter((one) => one.policy !== null);
          return (
            <>
              {own.length === 0 ? <Empty title={words.noInvariants}>{words.noInvariantsMore}</Empty> : <DataTable label={words.invariants} columns={columns} rows={own} rowKey={(row) => `${row.policy ?? ""} ${row.id}`} exportName="invariants" />}
              <BuiltIn proofs={items.filter((one) => one.policy === null)} />
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

const worst = (proofs: readonly Proof[]): Proof["state"] => (proofs.some((one) => one.state === "refuted") ? "refuted" : proofs.some((one) => one.state === "cant_tell") ? "cant_tell" : "proven");

/** The guardrails' own promises: one line each, however many actions it is about. */
function BuiltIn({ proofs }: { proofs: readonly Proof[] }) {
  const promises = [...Map.groupBy(proofs, (one) => one.because ?? one.id)];
  const proven = promises.filter(([, all]) => worst(all) === "proven").length;
  return (
    <details className="panel-body" open={proven < promises.length}>
      <summary>
        <Status mark={proven === promises.length ? "allow" : marks[worst(proofs)]}>{words.builtIn(proven, promises.length)}</Status>
      </summary>
      <ul className="plain tight">
        {promises.map(([because, all]) => (
          <li key={because}>
            <Status mark={marks[worst(all)]}>{because}</Status> <span className="muted small">{all.map((one) => one.on).join(", ")}</span>
            {all.find((one) => one.reason !== null) !== undefined && <span className="muted small">: {all.find((one) => one.reason !== null)!.reason}</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}
