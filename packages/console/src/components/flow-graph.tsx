import { useState } from "react";
import type { Reach, ReachEdge, ReachNode } from "../api-types.ts";
import { count } from "../format.ts";
import { t } from "../text.ts";
import { system as words } from "../text/system.ts";
import { DataTable } from "./data-table.tsx";
import type { Column } from "./data-table.tsx";
import { DataClass, Status } from "./status.tsx";

const lanes = ["source", "system", "capability", "destination"] as const;
const laneOf = (node: ReachNode, reach: Reach): (typeof lanes)[number] => {
  if (node.kind === "source") return "source";
  if (node.kind === "system") return "system";
  const direct = reach.edges.some((edge) => edge.to === node.id && edge.from.startsWith("system:"));
  return direct ? "capability" : "destination";
};
const fourLanes = { source: 12, system: 170, capability: 372, destination: 600 };
/** Without a known source its lane is not kept empty. */
const threeLanes = { source: 12, system: 16, capability: 300, destination: 596 };
const laneW = { source: 128, system: 172, capability: 190, destination: 160 };
const laneGap = 48;
const nodeH = 52;
const gap = 12;

interface Placed {
  readonly node: ReachNode;
  readonly x: number;
  readonly y: number;
  readonly w: number;
}

function place(reach: Reach): { placed: Map<string, Placed>; height: number; insideHeight: number } {
  const placed = new Map<string, Placed>();
  const laneX = reach.nodes.some((node) => node.kind === "source") ? fourLanes : threeLanes;
  const of = (lane: (typeof lanes)[number]) => reach.nodes.filter((node) => laneOf(node, reach) === lane);
  const capabilities = of("capability").toSorted((a, b) => Number(b.inside !== false) - Number(a.inside !== false));
  let y = 28;
  let insideBottom = 28;
  for (const node of capabilities) {
    const outside = node.inside === false;
    if (outside && y === insideBottom) y += 34;
    placed.set(node.id, { node, x: laneX.capability, y, w: laneW.capability });
    y += nodeH + gap;
    if (!outside) insideBottom = y;
  }
  const insideHeight = Math.max(150, insideBottom + 16);
  const taken = new Set<number>();
  for (const node of of("destination")) {
    const from = reach.edges.find((edge) => edge.to === node.id);
    let at = (from === undefined ? undefined : placed.get(from.from))?.y ?? 28;
    while (taken.has(at)) at += nodeH + gap;
    taken.add(at);
    placed.set(node.id, { node, x: laneX.destination, y: at, w: laneW.destination });
  }
  for (const lane of ["source", "system"] as const) {
    const nodes = of(lane);
    const total = nodes.length * (nodeH + gap) - gap;
    nodes.forEach((node, index) =>
      placed.set(node.id, {
        node,
        x: laneX[lane],
        y: Math.max(20, (insideHeight - total) / 2 - 8) + index * (nodeH + gap),
        w: laneW[lane],
      }),
    );
  }
  const bottom = Math.max(...[...placed.values()].map((spot) => spot.y + nodeH), insideHeight);
  return { placed, height: bottom + 16, insideHeight };
}

const clip = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text);
const kindWord: Record<string, string> = {
  source: "Source",
  system: "System",
  model: "Model",
  tool: "Tool",
  dataset: "Dataset",
  destination: "Export",
  vendor: "Vendor",
};

export function FlowGraph({ reach, regions }: { reach: Reach; regions: readonly string[] }) {
  const [table, setTable] = useState(false);
  const leads = reach.nodes.length > 60;
  const showTable = table || leads;
  return (
    <div className="flow">
      {!leads && (
        <button type="button" className="link-button flow-toggle" onClick={() => setTable(!table)}>
          {table ? t.table.asGraph : t.table.asTable}
        </button>
      )}
      {!showTable && <Graph reach={reach} regions={regions} />}
      <div className={showTable ? "" : "narrow-only"}>
        <ReachTable reach={reach} />
      </div>
    </div>
  );
}

function Graph({ reach, regions }: { reach: Reach; regions: readonly string[] }) {
  const { placed, height, insideHeight } = place(reach);
  const summary = `${words.reach}: ${reach.edges.map((edge) => `${placed.get(edge.from)?.node.name ?? ""} to ${placed.get(edge.to)?.node.name ?? ""} ${t.mark[edge.outcome].toLowerCase()}`).join("; ")}`;
  return (
    <svg className="graph wide-only" viewBox={`0 0 768 ${height}`} role="img" aria-label={summary}>
      <rect className="frame" x="0.5" y="8.5" width="767" height={insideHeight - 8} rx="6" />
      <text
        className="g-note"
        x="12"
        y={insideHeight - 10}
      >{`${regions.join(", ")}: ${words.insideBoundary.toLowerCase()}`}</text>
      {reach.edges.map((edge) => (
        <Edge key={`${edge.from}>${edge.to}`} edge={edge} placed={placed} />
      ))}
      {[...placed.values()].map((spot) => (
        <Node
          key={spot.node.id}
          spot={spot}
          outcome={reach.edges.find((edge) => edge.to === spot.node.id)?.outcome ?? "allow"}
        />
      ))}
      {reach.edges.map((edge) => (
        <Flag key={`${edge.from}>${edge.to}`} edge={edge} placed={placed} />
      ))}
    </svg>
  );
}

function ends(edge: ReachEdge, placed: Map<string, Placed>) {
  const from = placed.get(edge.from);
  const to = placed.get(edge.to);
  if (from === undefined || to === undefined) return undefined;
  return { x1: from.x + from.w, y1: from.y + nodeH / 2, x2: to.x, y2: to.y + nodeH / 2 };
}
function Edge({ edge, placed }: { edge: ReachEdge; placed: Map<string, Placed> }) {
  const at = ends(edge, placed);
  if (at === undefined) return null;
  const sameLane = at.x2 < at.x1;
  const bend = (at.x2 - at.x1) / 2;
  const calls = edge.count24h?.allow ?? 0;
  return (
    <path
      className={`edge edge-${edge.outcome}`}
      strokeWidth={calls > 10_000 ? 2.6 : calls > 1000 ? 2 : 1.5}
      d={
        // Two boxes of one lane are joined outside it: a line straight across would run behind them.
        sameLane
          ? `M${at.x1} ${at.y1}C${at.x1 + laneGap} ${at.y1} ${at.x1 + laneGap} ${at.y2} ${at.x1} ${at.y2}`
          : `M${at.x1} ${at.y1}C${at.x1 + bend} ${at.y1} ${at.x2 - bend} ${at.y2} ${at.x2} ${at.y2}`
      }
    />
  );
}
function Flag({ edge, placed }: { edge: ReachEdge; placed: Map<string, Placed> }) {
  const at = ends(edge, placed);
  const n = edge.outcome === "hold" ? edge.count24h?.hold : edge.outcome === "deny" ? edge.count24h?.deny : undefined;
  if (at === undefined || n === undefined || n === 0) return null;
  const text = count(n);
  const w = 24 + text.length * 7;
  return (
    <g transform={`translate(${at.x2 - w - 5} ${at.y2 - 9})`} className={`flag flag-${edge.outcome}`}>
      <rect width={w} height="18" rx="3" />
      {edge.outcome === "hold" ? <path d="M7 5.5v7M10.5 5.5v7" /> : <path d="m5.5 6 6 6m0-6-6 6" />}
      <text x="17" y="13">
        {text}
      </text>
    </g>
  );
}
function Node({ spot, outcome }: { spot: Placed; outcome: string }) {
  const { node, x, y, w } = spot;
  const system = node.kind === "system";
  const max = Math.floor((w - 20) / 6.6);
  const sensitivity = node.sensitivity;
  return (
    <g className={`node ${system ? "node-system" : ""} node-${outcome}`} transform={`translate(${x} ${y})`}>
      <rect width={w} height={nodeH} rx="4" />
      <text className="n-kind" x="10" y="15">
        {kindWord[node.kind] ?? node.kind}
      </text>
      <text className="n-name" x="10" y="30">
        {clip(node.title ?? node.name, max)}
      </text>
      <text className="n-note" x="10" y="44">
        {clip(node.note ?? node.region ?? "", Math.floor((w - 20) / 5.6))}
      </text>
      {sensitivity !== null && sensitivity !== undefined && (
        <>
          <rect
            className={`dcs dcs-${sensitivity}`}
            x={w - 20 - (t.sensitivity[sensitivity]?.length ?? 8) * 4.6}
            y="8"
            width="7"
            height="7"
            rx="1"
          />
          <text className="n-kind" x={w - 9} y="15" textAnchor="end">
            {t.sensitivity[sensitivity] ?? sensitivity}
          </text>
        </>
      )}
    </g>
  );
}

interface Row {
  readonly edge: ReachEdge;
  readonly to: ReachNode;
  readonly from: ReachNode;
}
const columns: readonly Column<Row>[] = [
  {
    id: "kind",
    title: words.kind,
    value: (row) => row.to.kind,
    cell: (row) => <span className="muted">{kindWord[row.to.kind] ?? row.to.kind}</span>,
  },
  {
    id: "name",
    title: words.capability,
    value: (row) => row.to.name,
    cell: (row) => <b>{row.to.title ?? row.to.name}</b>,
  },
  { id: "through", title: words.through, value: (row) => row.from.name, cell: (row) => row.from.name },
  {
    id: "data",
    title: words.dataClass,
    value: (row) => row.to.sensitivity ?? "",
    cell: (row) => <DataClass value={row.to.sensitivity} />,
  },
  {
    id: "region",
    title: words.region,
    value: (row) => row.to.region ?? "",
    cell: (row) => (
      <>
        {row.to.region ?? t.cantTell}
        {row.to.inside === false && <span className="problem small block">{words.outsideBoundary}</span>}
      </>
    ),
  },
  {
    id: "outcome",
    title: words.rule,
    value: (row) => row.edge.outcome,
    cell: (row) => <Status mark={row.edge.outcome}>{t.mark[row.edge.outcome]}</Status>,
  },
];
function ReachTable({ reach }: { reach: Reach }) {
  const nodes = new Map(reach.nodes.map((node) => [node.id, node]));
  const rows = reach.edges.flatMap((edge) => {
    const from = nodes.get(edge.from);
    const to = nodes.get(edge.to);
    return from === undefined || to === undefined || to.kind === "system" ? [] : [{ edge, from, to }];
  });
  return (
    <DataTable
      label={words.flowNote}
      columns={columns}
      rows={rows}
      rowKey={(row) => `${row.edge.from}>${row.edge.to}`}
    />
  );
}
