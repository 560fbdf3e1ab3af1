import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Facts, PageHead, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { exact } from "../../format.ts";
import { frameworks as words } from "../../text/frameworks.ts";
import { AskForException } from "../exceptions/request.tsx";
import { GapOwner, Measured, MeasureNow } from "./parts.tsx";
import { controls, history } from "./queries.ts";
import type { Control, Fault, Result } from "./queries.ts";

const gatewayMarks = { refused: "allow", not_refused: "deny", not_known: "unknown" } as const;

export function OneControl({ id }: { id: string }) {
  const ours = useQuery(controls(""));
  const earlier = useQuery(history(id));
  return (
    <Loaded query={ours} what={words.controls}>
      {(rows) => {
        const one = rows.find((row) => row.id === id);
        if (one === undefined) return <Empty title={id} />;
        return (
          <>
            <PageHead
              title={one.id}
              crumbs={
                <p className="crumbs">
                  <Link to="/frameworks">{words.title}</Link>
                </p>
              }
            >
              <MeasureNow controls={[id]} label={words.measureOne} />
            </PageHead>
            <p className="lead">{one.statement}</p>
            <div className="stack">
              <Now one={one} />
              {one.result !== null && <Faults result={one.result} control={id} />}
              <Supports one={one} />
              <Loaded query={earlier} what={words.history}>
                {(results) => (
                  <Panel title={words.history} aside={<span className="bubble">{results.length}</span>}>
                    {results.length === 0 ? (
                      <Empty title={words.never} />
                    ) : (
                      <DataTable label={words.history} columns={earlierColumns} rows={results} rowKey={(row) => row.id} exportName={id} />
                    )}
                  </Panel>
                )}
              </Loaded>
            </div>
          </>
        );
      }}
    </Loaded>
  );
}

function Now({ one }: { one: Control }) {
  const { result } = one;
  return (
    <Panel title={words.measurement} aside={result !== null && <Time at={result.at} />}>
      <Facts
        rows={[
          [
            words.found,
            <span key="outcome">
              <Measured outcome={one.outcome} grade={one.grade} />
              <span className="block">{result?.reason ?? words.never}</span>
            </span>,
          ],
          one.gapOwner === null ? undefined : [words.owner, <GapOwner key="owner" of={one.gapOwner} />],
          result === null || result.unit === "" ? undefined : [words.population, words.of(result.population, result.unit)],
          [
            words.seen,
            result?.proof == null ? words.neverSeen : `${words.hows[result.proof.how] ?? result.proof.how}. ${result.proof.saw}`,
          ],
          result === null || result.gateways.length === 0
            ? undefined
            : [
                words.atGateways,
                <ul key="gateways" className="plain tight">
                  {result.gateways.map((one) => (
                    <li key={one.gateway}>
                      <Status mark={gatewayMarks[one.outcome]}>
                        <span className="mono">{one.gateway}</span> {one.saw}
                      </Status>
                    </li>
                  ))}
                </ul>,
              ],
          result === null ? undefined : [words.window, `${exact(result.window.since)} – ${exact(result.window.until)}`],
          result === null
            ? undefined
            : [
                words.place,
                <span key="place">
                  {result.position.map((log) => (
                    <code key={log.origin} className="block small">
                      {log.origin} {log.size}
                    </code>
                  ))}
                </span>,
              ],
          [words.query, <code key="query" className="small">{result === null || result.query === "" ? one.measure : result.query}</code>],
        ]}
      />
    </Panel>
  );
}

function Faults({ result, control }: { result: Result; control: string }) {
  const [asking, setAsking] = useState<string | null>(null);
  const columns: readonly Column<Fault>[] = [
    { id: "subject", title: words.subject, value: (row) => row.subject, cell: (row) => <code>{row.subject}</code> },
    {
      id: "system",
      title: words.system,
      value: (row) => row.system ?? "",
      cell: (row) => (row.system === null ? null : <SystemLink name={row.system} />),
    },
    { id: "fault", title: words.fault, value: (row) => row.fault, cell: (row) => row.fault },
    {
      id: "exception",
      title: words.passing,
      value: (row) => row.exception ?? "",
      cell: (row) =>
        row.exception !== null ? (
          <Link className="mono" to="/exceptions">
            {row.exception}
          </Link>
        ) : row.system === null ? null : (
          <Button look="quiet" aria-label={words.askSystem(row.system)} onPress={() => setAsking(row.system)}>
            {words.ask}
          </Button>
        ),
    },
  ];
  return (
    <Panel title={words.exceptions} aside={<span className="bubble">{result.faults}</span>}>
      {result.exceptions.length === 0 ? (
        <Empty title={words.noFaults} />
      ) : (
        <>
          <DataTable
            label={words.exceptions}
            columns={columns}
            rows={result.exceptions}
            rowKey={(row) => `${row.subject} ${row.system ?? ""}`}
            exportName={`${control}-faults`}
          />
          {(result.faults > result.exceptions.length || result.excepted > 0) && (
            <p className="panel-body muted small">
              {result.faults > result.exceptions.length && words.more(result.exceptions.length, result.faults)}{" "}
              {result.excepted > 0 && words.excepted(result.excepted)}
            </p>
          )}
        </>
      )}
      {asking !== null && <AskForException wanted={{ system: asking, kind: "control", id: control }} onClose={() => setAsking(null)} />}
    </Panel>
  );
}

function Supports({ one }: { one: Control }) {
  return (
    <Panel title={words.supports}>
      <Facts
        rows={Object.entries(one.supports).map(
          ([key, ids]) =>
            [
              <Link key={key} to="/frameworks" search={{ key }}>
                {key}
              </Link>,
              <code key="ids" className="small">
                {ids.join(", ")}
              </code>,
            ] as const,
        )}
      />
    </Panel>
  );
}

const earlierColumns: readonly Column<Result>[] = [
  { id: "at", title: words.at, value: (row) => row.at, cell: (row) => <Time at={row.at} /> },
  {
    id: "outcome",
    title: words.measurement,
    value: (row) => row.outcome,
    cell: (row) => <Measured outcome={row.outcome} grade={row.grade} />,
  },
  {
    id: "found",
    title: words.found,
    value: (row) => row.reason,
    cell: (row) => <span className="small">{row.reason}</span>,
  },
];
