import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { reach } from "../../api.ts";
import type { Reach, SystemView } from "../../api-types.ts";
import { FlowGraph } from "../../components/flow-graph.tsx";
import { Loaded } from "../../components/states.tsx";
import { Panel } from "../../components/ui.tsx";
import { system as words } from "../../text/system.ts";

/** The system's box says its title, as every other mention of it does. */
const titled = (reach: Reach, system: SystemView): Reach => ({
  ...reach,
  nodes: reach.nodes.map((node) => (node.id === `system:${system.name}` ? { title: system.title, ...node } : node)),
});

export function ReachPanel({ system }: { system: SystemView }) {
  const query = useQuery({ ...reach(system.name), placeholderData: undefined });
  return (
    <Panel
      title={words.reach}
      className="reach"
      aside={
        <>
          <Link to="/reach" search={{ from: system.name }}>
            {words.throughWhom}
          </Link>
          <span className="legend wide-only">
            <i className="legend-allow" /> {words.allowed}
          </span>
          <span className="legend wide-only">
            <i className="legend-hold" /> {words.held}
          </span>
          <span className="legend wide-only">
            <i className="legend-deny" /> {words.denied}
          </span>
        </>
      }
    >
      <Loaded query={query} what={words.reach}>
        {(data) =>
          data.edges.length === 0 ? (
            <p className="panel-body muted">{words.nothing}</p>
          ) : (
            <FlowGraph reach={titled(data, system)} regions={system.boundary?.regions ?? []} />
          )
        }
      </Loaded>
    </Panel>
  );
}
