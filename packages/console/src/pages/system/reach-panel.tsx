import { useQuery } from "@tanstack/react-query";
import { reach } from "../../api.ts";
import type { SystemView } from "../../api-types.ts";
import { FlowGraph } from "../../components/flow-graph.tsx";
import { Loaded } from "../../components/states.tsx";
import { Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";

export function ReachPanel({ system }: { system: SystemView }) {
  const query = useQuery({ ...reach(system.name), placeholderData: undefined });
  return (
    <Panel
      title={t.system.reach}
      className="reach"
      aside={
        <>
          <span className="legend wide-only">
            <i className="legend-allow" /> {t.system.allowed}
          </span>
          <span className="legend wide-only">
            <i className="legend-hold" /> {t.system.held}
          </span>
          <span className="legend wide-only">
            <i className="legend-deny" /> {t.system.denied}
          </span>
        </>
      }
    >
      <Loaded query={query} what={t.system.reach}>
        {(data) =>
          data.edges.length === 0 ? (
            <p className="panel-body muted">{t.system.nothing}</p>
          ) : (
            <FlowGraph reach={data} regions={system.boundary?.regions ?? []} />
          )
        }
      </Loaded>
    </Panel>
  );
}
