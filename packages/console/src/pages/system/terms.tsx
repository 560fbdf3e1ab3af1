import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { reach } from "../../api.ts";
import type { ReachEdge, ReachNode, SystemView } from "../../api-types.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Panel } from "../../components/ui.tsx";
import { count } from "../../format.ts";
import { t } from "../../text.ts";
import { system as words } from "../../text/system.ts";

interface Row {
  readonly node: ReachNode;
  readonly edge: ReachEdge;
}
function termsOf({ node, edge }: Row): string {
  if (edge.terms !== undefined) return edge.terms;
  const region = node.region ?? t.cantTell;
  const sensitivity = t.sensitivity[node.sensitivity ?? ""] ?? t.cantTell;
  if (node.kind === "model") return words.termsModel(region, sensitivity);
  if (node.kind === "dataset") return words.termsData(sensitivity, region);
  const [effect = "", ...rest] = (node.note ?? "").split(", ");
  return [words.effects[effect] ?? effect, ...rest].filter((part) => part !== "").join(", ");
}
const columns: readonly Column<Row>[] = [
  {
    id: "capability",
    title: words.capability,
    value: (row) => row.node.name,
    cell: (row) => (
      <span className="capability">
        <span className="muted small">
          {row.node.kind === "destination" ? "Export" : row.node.kind.charAt(0).toUpperCase() + row.node.kind.slice(1)}
        </span>{" "}
        <b>{row.node.title ?? row.node.name}</b>
      </span>
    ),
  },
  {
    id: "terms",
    title: words.terms,
    value: (row) => termsOf(row),
    cell: (row) => termsOf(row),
  },
  {
    id: "rule",
    title: words.rule,
    value: (row) => row.edge.outcome,
    cell: (row) => (
      <Status mark={row.edge.outcome}>
        {row.edge.outcome === "hold" ? words.allowedOrHeld : t.mark[row.edge.outcome]}
      </Status>
    ),
  },
  {
    id: "last",
    title: words.last24,
    end: true,
    value: (row) => row.edge.count24h?.allow ?? -1,
    cell: (row) => {
      const n = row.edge.count24h;
      if (n === undefined) return <span className="muted">{t.cantTell}</span>;
      return (
        <span className="mono">
          {count(n.allow)}
          {n.hold > 0 && <span className="block is-hold">{`${count(n.hold)} ${t.mark.hold.toLowerCase()}`}</span>}
          {n.deny > 0 && <span className="block is-deny">{`${count(n.deny)} ${t.mark.deny.toLowerCase()}`}</span>}
        </span>
      );
    },
  },
];

export function MayDo({ system }: { system: SystemView }) {
  const query = useQuery({ ...reach(system.name), placeholderData: undefined });
  const policies = system.policies ?? [];
  return (
    <Panel
      title={words.may}
      aside={
        policies.length === 0 ? undefined : (
          <>
            <span className="muted small">
              {words.policy} <code>{policies.map((name) => name.replace(/^policy:/, "")).join(", ")}</code>
            </span>
            <Link to="/policies">{t.nav.policies}</Link>
          </>
        )
      }
    >
      <Loaded query={query} what={words.may}>
        {(data) => {
          const nodes = new Map(data.nodes.map((node) => [node.id, node]));
          const rows = data.edges.flatMap((edge) => {
            const node = nodes.get(edge.to);
            return node !== undefined && edge.from.startsWith("system:") ? [{ node, edge }] : [];
          });
          return rows.length === 0 ? (
            <p className="panel-body muted">{words.nothing}</p>
          ) : (
            <DataTable label={words.may} twoLines columns={columns} rows={rows} rowKey={(row) => row.node.id} />
          );
        }}
      </Loaded>
    </Panel>
  );
}
