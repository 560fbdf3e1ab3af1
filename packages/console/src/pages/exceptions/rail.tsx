import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Panel, Time } from "../../components/ui.tsx";
import { exceptions as words } from "../../text/exceptions.ts";
import { exceptions } from "./queries.ts";

/** On a system's page: what is let pass for it now. Nothing: no panel. */
export function ExceptionRail({ name }: { name: string }) {
  const inForce = (useQuery(exceptions(name)).data ?? []).filter((one) => one.state === "in_force");
  if (inForce.length === 0) return null;
  return (
    <Panel title={words.onSystem} aside={<Link to="/exceptions">{words.title}</Link>}>
      <ul className="needs plain">
        {inForce.map((one) => (
          <li key={one.id}>
            <span className="grow">
              {words.kinds[one.scope.kind]} <code>{one.scope.id}</code>
              <span className="block muted small">{one.compensating}</span>
            </span>
            <Time at={one.ends} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
