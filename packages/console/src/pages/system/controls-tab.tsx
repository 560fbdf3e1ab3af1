import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Panel } from "../../components/ui.tsx";
import { frameworks as frameworkWords } from "../../text/frameworks.ts";
import { system as words } from "../../text/system.ts";
import { ControlLink, GapOwner, Measured } from "../frameworks/parts.tsx";
import { arranged, controls } from "../frameworks/queries.ts";
import type { Control } from "../frameworks/queries.ts";

/** What was measured of this system alone, gaps first; what counts nothing of it is left out. */
export function SystemControls({ name }: { name: string }) {
  const query = useQuery(controls(name));
  return (
    <Loaded query={query} what={words.controlsTitle}>
      {(rows) => {
        const own = arranged(
          rows.filter((row) => row.result !== null && Object.hasOwn(row.result.systems, name)),
          "gaps",
        );
        return (
          <Panel
            title={words.controlsTitle}
            aside={
              <Link to="/frameworks" search={{ system: name }}>
                {frameworkWords.title}
              </Link>
            }
          >
            {own.length === 0 ? (
              <Empty title={words.controlsNone} />
            ) : (
              <DataTable
                label={words.controlsTitle}
                columns={columns(name)}
                rows={own}
                rowKey={(row) => row.id}
                exportName={`${name}-controls`}
              />
            )}
          </Panel>
        );
      }}
    </Loaded>
  );
}

const columns = (name: string): readonly Column<Control>[] => [
  {
    id: "requirement",
    title: frameworkWords.requirement,
    value: (row) => row.id,
    cell: (row) => (
      <span>
        <ControlLink id={row.id} /> <span className="block small">{row.statement}</span>
      </span>
    ),
  },
  {
    id: "measurement",
    title: frameworkWords.measurement,
    value: (row) => row.outcome,
    cell: (row) => <Measured outcome={row.outcome} grade={row.grade} />,
  },
  {
    id: "found",
    title: frameworkWords.found,
    cell: (row) => {
      const own = row.result?.exceptions.find((fault) => fault.system === name);
      const count = row.result?.systems[name];
      return (
        <span className="small">
          {own?.fault ?? frameworkWords.ofOwn(count?.faults ?? 0, count?.population ?? 0, row.result?.unit ?? "")}
        </span>
      );
    },
  },
  { id: "owner", title: frameworkWords.owner, cell: (row) => <GapOwner of={row.gapOwner} /> },
];
