import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Panel, SystemLink } from "../../components/ui.tsx";
import { date } from "../../format.ts";
import { objects as words } from "../../text/objects.ts";
import type { ObjectKind } from "./kind.ts";
import { Refs } from "./parts.tsx";
import { reachedBy } from "./queries.ts";
import type { Reached, UseDetail } from "./queries.ts";

type User = UseDetail["users"][number];
interface Row extends User {
  /** From what is enforced now; undefined: nothing is said of it there. */
  readonly reached: Reached | undefined;
}

const foldAt = 10;

/** Who may use it, by which authorization, and what is enforced of that right now. */
export function Who({ kind, name, use }: { kind: ObjectKind; name: string; use: UseDetail }) {
  const aside = kind.hasReach ? (
    <Link to="/reach" search={{ q: `${kind.reference}:${name}` }}>
      {words.reachMap}
    </Link>
  ) : undefined;
  return (
    <Panel title={words.who} aside={aside}>
      {use.users.length === 0 ? <p className="panel-body muted">{words.nobodyMay}</p> : kind.hasReach ? <Enforced kind={kind} name={name} use={use} /> : <Table rows={use.users.map((user) => ({ ...user, reached: undefined }))} columns={plain} />}
    </Panel>
  );
}

function Enforced({ kind, name, use }: { kind: ObjectKind; name: string; use: UseDetail }) {
  return (
    <Loaded query={useQuery(reachedBy(kind.plural, kind.reference, name))} what={words.who} rows={3}>
      {({ items }) => <Table rows={use.users.map((user) => ({ ...user, reached: items.find((one) => one.system === user.system) }))} columns={enforced} />}
    </Loaded>
  );
}

const Table = ({ rows, columns }: { rows: readonly Row[]; columns: readonly Column<Row>[] }) => <DataTable label={words.who} columns={columns} rows={rows} rowKey={(row) => row.system} foldAt={foldAt} />;

const plain: readonly Column<Row>[] = [
  { id: "system", title: words.system, value: (row) => row.title, cell: (row) => <SystemLink name={row.system}>{row.title}</SystemLink> },
  {
    id: "authorization",
    title: words.authorization,
    value: (row) => row.authorization?.ends ?? "",
    cell: ({ authorization, system }) =>
      authorization === null ? (
        <Status mark="unknown">{words.noAuthorization}</Status>
      ) : (
        <span>
          <Link to="/systems/$name" params={{ name: system }}>
            {words.authorizationType[authorization.type] ?? authorization.type} {authorization.number}
          </Link>{" "}
          <span className="muted small">{authorization.ends === null ? "" : words.until(date(authorization.ends))}</span>
        </span>
      ),
  },
  { id: "through", title: words.through, value: (row) => row.through.join(" "), cell: (row) => (row.through.length === 0 ? <span className="muted">{words.itself}</span> : <Refs of={row.through} bareName={false} />), hideNarrow: true },
];
const enforced: readonly Column<Row>[] = [
  ...plain.slice(0, 2),
  {
    id: "outcome",
    title: words.outcome,
    value: (row) => row.reached?.outcome ?? "",
    cell: ({ reached }) => (
      <>
        <Status mark={reached?.outcome ?? "unknown"} />
        {reached?.terms != null && <span className="small muted block">{reached.terms}</span>}
      </>
    ),
  },
  ...plain.slice(2),
];
