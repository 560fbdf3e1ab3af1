import type { GatewayNow } from "../api-types.ts";
import { Status } from "../components/status.tsx";
import { Panel } from "../components/ui.tsx";
import { enforcement as words } from "../text/enforcement.ts";

/** Where calls are decided: whether each gateway enforces the newest register, and what it costs a call to pass there. */
export function Gateways({ gateways }: { gateways: readonly GatewayNow[] }) {
  return (
    <Panel title={words.title}>
      <ul className="needs">
        {gateways.map((one) => (
          <li key={one.name}>
            <div className="grow whole">
              <span className="row-apart">
                <b className="mono">{one.name}</b>
                <Status mark={one.confirmed ? "allow" : "unknown"}>
                  {one.confirmed ? words.confirmed : words.unconfirmed(one.lastSeen)}
                </Status>
              </span>
              <Adds added={one.added} />
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Adds({ added }: { added: GatewayNow["added"] }) {
  if (added === null) return <span className="muted small">{words.unknown}</span>;
  if (added.medianMs === null || added.p99Ms === null) return <span className="muted small">{words.idle(added.since)}</span>;
  const kinds = added.kinds.flatMap(({ kind, calls, medianMs, p99Ms }) => (medianMs === null || p99Ms === null ? [] : [{ kind, calls, medianMs, p99Ms }]));
  return (
    <>
      <span className="small">{words.adds(added.medianMs, added.p99Ms, added.since)}</span>
      {kinds.length > 1 &&
        kinds.map(({ kind, calls, medianMs, p99Ms }) => (
          <span key={kind} className="muted small">
            {words.kind(kind, calls, medianMs, p99Ms)}
          </span>
        ))}
    </>
  );
}
