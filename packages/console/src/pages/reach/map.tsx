import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client } from "../../api.ts";
import type { ReachNode } from "../../api-types.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { reach as words } from "../../text/reach.ts";
import { Ref } from "../objects/parts.tsx";
import { CutLink } from "./cut-link.tsx";

interface MapEdge {
  readonly from: string;
  readonly to: string;
  readonly outcome: "allow" | "hold" | "deny";
  readonly by: string;
}
interface Mapped {
  readonly from: string;
  readonly nodes: readonly ReachNode[];
  readonly edges: readonly MapEdge[];
  readonly systems: number;
}
/** One path: over what is shared, to another system. */
interface Path {
  readonly shared: string;
  readonly own: MapEdge;
  readonly other: MapEdge;
}

/** Past this many boxes in a lane the table alone is shown: a drawing nobody can read answers nothing. */
const drawnAtMost = 16;

/** Through whom: what this system shares with others, drawn and as a table with the same facts. */
export function ReachMap({ system }: { system: string }) {
  const query = useQuery({ queryKey: ["systems", "reach-map", system], queryFn: ({ signal }) => client.request<Mapped>("GET", `/api/v1/systems/${encodeURIComponent(system)}/reach/map`, undefined, { signal }) });
  return (
    <Panel title={words.mapTitle(system)}>
      <Loaded query={query} what={words.mapTitle(system)} rows={4}>
        {(map) => {
          const paths = pathsOf(map);
          const others = new Set(paths.map((path) => path.other.to)).size;
          if (paths.length === 0) return <Empty title={words.alone}>{words.aloneMore}</Empty>;
          return (
            <>
              <p className="panel-body">{words.mapped(new Set(paths.map((path) => path.shared)).size, map.systems)}</p>
              <Drawing map={map} paths={paths} />
              <DataTable label={words.mapTitle(system)} columns={columns} rows={paths} rowKey={(row) => `${row.shared} ${row.other.to}`} exportName={`paths-${system}`} foldAt={50} />
              {map.systems > others && <p className="panel-body muted small">{words.moreSystems(others, map.systems)}</p>}
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function pathsOf({ from, edges }: Mapped): Path[] {
  return edges
    .filter((edge) => edge.from === from)
    .flatMap((own) => edges.filter((other) => other.from === own.to).map((other) => ({ shared: own.to, own, other })))
    .toSorted((a, b) => a.shared.localeCompare(b.shared) || a.other.to.localeCompare(b.other.to));
}

const nameOf = (id: string): string => id.slice(id.indexOf(":") + 1);
const kindWord = (id: string): string => words.carriers[id.slice(0, id.indexOf(":")) as keyof typeof words.carriers] ?? id.slice(0, id.indexOf(":"));

const columns: readonly Column<Path>[] = [
  {
    id: "shared",
    title: words.shares,
    value: (row) => row.shared,
    cell: (row) => (
      <>
        <span className="muted small block">{kindWord(row.shared)}</span>
        <b>{row.shared.startsWith("secret:") ? nameOf(row.shared) : <Ref to={row.shared} bareName />}</b>
      </>
    ),
  },
  {
    id: "own",
    title: words.ownSide,
    value: (row) => row.own.by,
    cell: (row) => (
      <>
        <Side edge={row.own} />
        <CutLink system={nameOf(row.own.from)} thing={row.shared} />
      </>
    ),
  },
  {
    id: "other",
    title: words.otherSystem,
    value: (row) => row.other.to,
    cell: (row) => (
      <Link className="row-link" to="/reach" search={{ from: nameOf(row.other.to) }}>
        {nameOf(row.other.to)}
      </Link>
    ),
  },
  { id: "side", title: words.otherSide, value: (row) => row.other.by, cell: (row) => <Side edge={row.other} /> },
];

function Side({ edge }: { edge: MapEdge }) {
  return (
    <>
      <Status mark={edge.outcome}>{t.mark[edge.outcome]}</Status>
      <span className="block muted small">{edge.by}</span>
    </>
  );
}

const [width, boxWidth, boxHeight, gap, top] = [768, 200, 44, 12, 12];
const lanes = [12, 284, 556] as const;

/** Three lanes: the system, what it shares, with whom. The table below says the same in words. */
function Drawing({ map, paths }: { map: Mapped; paths: readonly Path[] }) {
  const shared = [...new Set(paths.map((path) => path.shared))];
  const others = [...new Set(paths.map((path) => path.other.to))];
  if (shared.length > drawnAtMost || others.length > drawnAtMost) return <p className="panel-body muted small wide-only">{words.tooMany}</p>;
  const height = Math.max(shared.length, others.length, 1) * (boxHeight + gap) + 2 * top - gap;
  const spots = new Map<string, { readonly x: number; readonly y: number }>();
  for (const [lane, ids] of [[map.from], shared, others].entries()) {
    const free = height - 2 * top - ids.length * (boxHeight + gap) + gap;
    ids.forEach((id, at) => spots.set(id, { x: lanes[lane]!, y: top + free / 2 + at * (boxHeight + gap) }));
  }
  const summary = paths.map((path) => words.pathInWords(nameOf(map.from), nameOf(path.shared), nameOf(path.other.to))).join("; ");
  return (
    <svg className="graph wide-only" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summary}>
      {map.edges.map((edge) => {
        const [a, b] = [spots.get(edge.from), spots.get(edge.to)];
        if (a === undefined || b === undefined) return null;
        const [x1, y1, x2, y2] = [a.x + boxWidth, a.y + boxHeight / 2, b.x, b.y + boxHeight / 2];
        const middle = (x1 + x2) / 2;
        return <path key={`${edge.from}>${edge.to}`} className={`edge edge-${edge.outcome}`} strokeWidth="1.5" d={`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`} />;
      })}
      {[...spots].map(([id, { x, y }]) => (
        <g key={id} className={`node ${id === map.from ? "node-system" : ""} node-${map.edges.find((edge) => edge.to === id)?.outcome ?? "allow"}`} transform={`translate(${x} ${y})`}>
          <rect width={boxWidth} height={boxHeight} rx="4" />
          <text className="n-kind" x="10" y="16">
            {kindWord(id)}
          </text>
          <text className="n-name" x="10" y="33">
            {nameOf(id).length > 28 ? `${nameOf(id).slice(0, 27)}…` : nameOf(id)}
          </text>
        </g>
      ))}
    </svg>
  );
}
