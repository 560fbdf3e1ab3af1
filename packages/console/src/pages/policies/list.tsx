import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { Sheet, TextInput } from "../../components/dialog.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Button, PageHead, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { count } from "../../format.ts";
import { t } from "../../text.ts";
import { policies as words } from "../../text/policies.ts";
import { Invariants } from "./proofs.tsx";
import { policyList } from "./queries.ts";
import type { PolicyObject } from "./queries.ts";

const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

const columns: readonly Column<PolicyObject>[] = [
  {
    id: "name",
    title: words.name,
    value: (row) => row.name,
    cell: (row) => (
      <Link className="row-link strong" to="/policies/$name" params={{ name: row.name }}>
        {typeof row.spec["title"] === "string" ? row.spec["title"] : row.name}
      </Link>
    ),
  },
  { id: "rules", title: words.rules, value: (row) => lengthOf(row.spec["rules"]), cell: (row) => (row.spec["cedar"] === undefined ? count(lengthOf(row.spec["rules"])) : words.cedar), end: true },
  { id: "tests", title: words.tests, value: (row) => lengthOf(row.spec["tests"]), cell: (row) => count(lengthOf(row.spec["tests"])), end: true },
  {
    id: "carried",
    title: words.carriedBy,
    value: (row) => (row.usedBy ?? []).join(" "),
    cell: (row) =>
      row.usedBy === undefined ? (
        <span className="muted">{t.cantTell}</span>
      ) : row.usedBy.length === 0 ? (
        <span className="muted">{words.nobody}</span>
      ) : (
        <span className="row wrap tight">
          {row.usedBy.map((name) => (
            <SystemLink key={name} name={name} />
          ))}
        </span>
      ),
  },
  { id: "changed", title: words.changed, value: (row) => row.updatedAt ?? "", cell: (row) => <Time at={row.updatedAt} />, hideNarrow: true },
];

const namePattern = /^[a-z0-9](?:[a-z0-9.-]{0,125}[a-z0-9])?$/;

/** What the rules are, and a way into each. */
export function PoliciesPage() {
  const [adding, setAdding] = useState(false);
  const [name, setName] = useState("");
  const go = useNavigate();
  const query = useQuery(policyList);
  return (
    <>
      <PageHead title={words.title}>
        <Button look="accent" onPress={() => setAdding(true)}>
          {words.add}
        </Button>
      </PageHead>
      <p className="lead">{words.lead}</p>
      <Panel title={words.title}>
        <Loaded query={query} what={words.title} rows={4}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={words.empty}>{words.emptyMore}</Empty>
            ) : (
              <DataTable label={words.title} columns={columns} rows={items} rowKey={(row) => row.name} exportName="policies" />
            )
          }
        </Loaded>
      </Panel>
      <Invariants />
      <Sheet open={adding} onClose={() => setAdding(false)} title={words.add}>
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (namePattern.test(name)) void go({ to: "/policies/$name", params: { name } });
          }}
        >
          <TextInput label={words.addName} help={words.addHelp} value={name} onChange={setName} autoFocus />
          <div className="row end">
            <Button onPress={() => setAdding(false)}>{t.action.cancel}</Button>
            <Button type="submit" look="accent" isDisabled={!namePattern.test(name)}>
              {words.begin}
            </Button>
          </div>
        </form>
      </Sheet>
    </>
  );
}
