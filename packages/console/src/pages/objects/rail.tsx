import { Link } from "@tanstack/react-router";
import { Status } from "../../components/status.tsx";
import { Panel, SystemLink, Time } from "../../components/ui.tsx";
import { objects as words } from "../../text/objects.ts";
import type { ObjectKind } from "./kind.ts";
import type { UseDetail } from "./queries.ts";

const foldAt = 5;

export function Findings({ use }: { use: UseDetail }) {
  return (
    <Panel title={words.findings}>
      {use.findings.length === 0 ? (
        <p className="panel-body muted">{words.noFindings}</p>
      ) : (
        <ul className="needs">
          {use.findings.slice(0, foldAt).map((one) => (
            <li key={one.id}>
              <Link to="/findings" search={one.system === null ? {} : { system: one.system }}>
                <b>{one.title}</b>
                <span className="muted small block">
                  {one.severity}
                  {one.system === null ? "" : `, ${one.system}`}
                </span>
              </Link>
            </li>
          ))}
          {use.findings.length > foldAt && (
            <li>
              <Link to="/findings">{words.andMore(use.findings.length - foldAt)}</Link>
            </li>
          )}
        </ul>
      )}
    </Panel>
  );
}

export function Cases({ use }: { use: UseDetail }) {
  if (use.cases.length === 0) return null;
  return (
    <Panel title={words.cases}>
      <ul className="needs">
        {use.cases.slice(0, foldAt).map((one) => (
          <li key={one.id}>
            <Link to="/reassessments/$id" params={{ id: one.id }}>
              <b>{one.title}</b>
              <span className="small block">
                <Status mark={one.state === "decided" ? "person" : one.class === "C" ? "deny" : "hold"}>
                  {words.caseState(one.class, one.state === "decided")}
                </Status>{" "}
                <span className="muted">
                  <Time at={one.openedAt} />
                </span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Which authorizations cover it, and what each kind of change does to them. */
export function Reopens({ kind, use }: { kind: ObjectKind; use: UseDetail }) {
  const covering = use.users.flatMap((user) => (user.authorization === null ? [] : [{ ...user, authorization: user.authorization }]));
  return (
    <Panel title={words.reopens}>
      <div className="panel-body stack">
        <p>{covering.length === 0 ? words.reopensNothing : words.reopensCount(covering.length)}</p>
        {covering.length > 0 && (
          <ul className="plain tight">
            {covering.slice(0, foldAt).map((user) => (
              <li key={user.system}>
                <SystemLink name={user.system}>{user.title}</SystemLink>{" "}
                <span className="muted small">
                  {words.authorizationType[user.authorization.type] ?? user.authorization.type} {user.authorization.number}
                </span>
              </li>
            ))}
            {covering.length > foldAt && <li className="muted small">{words.andMore(covering.length - foldAt)}</li>}
          </ul>
        )}
        <ul className="plain tight small">
          {kind.reopens.map(([cls, what]) => (
            <li key={what}>
              <Status mark={cls === "C" ? "deny" : cls === "B" ? "hold" : "unknown"}>{words.classes[cls]}</Status> {what}
            </li>
          ))}
        </ul>
      </div>
    </Panel>
  );
}
