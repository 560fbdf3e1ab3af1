import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { ReasonDialog } from "../../components/dialog.tsx";
import { RowMenu } from "../../components/menu.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel } from "../../components/ui.tsx";
import { inWords } from "../../format.ts";
import { t } from "../../text.ts";
import { tierRules as words } from "../../text/settings-rules.ts";
import { AddRule } from "./add-rule.tsx";

export interface OwnRule {
  readonly id: string;
  readonly title: string;
  readonly when: Readonly<Record<string, string | boolean | readonly string[]>>;
  readonly tier: string;
  readonly cite: readonly string[];
}
export interface OwnRules {
  readonly rules: readonly OwnRule[];
  readonly parameters: Readonly<Record<string, Readonly<Record<string, number | readonly string[]>>>>;
}
const tierRules = queryOptions<OwnRules & { readonly waiting: readonly string[] }>({
  queryKey: ["setting", "tier-rules"],
  queryFn: ({ signal }) => client.request("GET", "/api/v1/settings/tier-rules", undefined, { signal }),
});

/** The whole set is asked for anew: what a governance lead signs is what will hold, not a difference. */
async function ask({ rules, parameters }: OwnRules, reason: string): Promise<void> {
  await client.request("PUT", "/api/v1/settings/tier-rules", { rules, parameters, reason });
  await queries.invalidateQueries({ queryKey: ["setting", "tier-rules"] });
}

const valueOf = (value: string | boolean | readonly string[]): string =>
  value === true
    ? ""
    : [value]
        .flat()
        .map((one) => (words.values[String(one)] ?? String(one)).toLowerCase())
        .join(" or ");
const whenInWords = (rule: OwnRule): string =>
  Object.entries(rule.when)
    .map(([member, value]) => `${words.members[member] ?? member} ${valueOf(value)}`.trim())
    .join(", and ");

export function TierRulesPanel({ administers }: { administers: boolean }) {
  const query = useQuery(tierRules);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<OwnRule | null>(null);
  const [note, setNote] = useState("");
  const columns: readonly Column<OwnRule>[] = [
    {
      id: "rule",
      title: words.id,
      value: (row) => row.id,
      cell: (row) => (
        <span>
          <b>{row.title}</b>
          <code className="small block">{row.id}</code>
        </span>
      ),
    },
    { id: "when", title: words.when, value: whenInWords, cell: (row) => inWords(whenInWords(row)) },
    { id: "tier", title: words.tier, value: (row) => row.tier, cell: (row) => row.tier },
    { id: "cite", title: words.because, value: (row) => row.cite.join(", "), cell: (row) => row.cite.join(", ") },
    ...(administers
      ? [
          {
            id: "do",
            title: t.table.actions,
            end: true,
            cell: (row: OwnRule) => (
              <RowMenu of={row.id} actions={[{ word: words.remove, danger: true, act: () => setRemoving(row) }]} />
            ),
          },
        ]
      : []),
  ];
  return (
    <Panel
      title={words.title}
      aside={
        administers ? (
          <Button isDisabled={query.data === undefined} onPress={() => setAdding(true)}>
            {words.add}
          </Button>
        ) : undefined
      }
    >
      <p className="panel-body muted small">
        {words.text} {!administers && words.only}
      </p>
      <Loaded query={query} what={words.title} rows={3}>
        {(data) => (
          <>
            {data.waiting.map((id) => (
              <p key={id} className="panel-body">
                <Status mark="hold">{words.waiting}</Status>{" "}
                <Link to="/approve/$id" params={{ id }}>
                  {words.waitingLink}
                </Link>
              </p>
            ))}
            {data.rules.length === 0 ? (
              <Empty title={words.empty} />
            ) : (
              <DataTable label={words.title} columns={columns} rows={data.rules} rowKey={(row) => row.id} />
            )}
            {Object.keys(data.parameters).length > 0 && <Terms parameters={data.parameters} />}
            {adding && (
              <AddRule
                onClose={() => setAdding(false)}
                ask={async (rule, reason) => {
                  await ask({ rules: [...data.rules, rule], parameters: data.parameters }, reason);
                  setNote(words.asked);
                }}
              />
            )}
            {removing !== null && (
              <ReasonDialog
                open
                danger
                onClose={() => setRemoving(null)}
                title={words.removeTitle(removing.id)}
                effect={words.removeEffect}
                verb={words.remove}
                act={async (reason) => {
                  const rules = data.rules.filter((rule) => rule.id !== removing.id);
                  await ask({ rules, parameters: data.parameters }, reason);
                  setNote(words.asked);
                }}
              />
            )}
          </>
        )}
      </Loaded>
      <p role="status" className={note === "" ? "" : "panel-body small"}>
        {note}
      </p>
    </Panel>
  );
}

function Terms({ parameters }: Pick<OwnRules, "parameters">) {
  return (
    <div className="panel-body">
      <h3>{words.terms}</h3>
      <ul className="lines">
        {Object.entries(parameters).flatMap(([tier, terms]) =>
          Object.entries(terms).map(([term, value]) => (
            <li key={tier + term}>
              {tier}, {inWords(term.replaceAll(/([A-Z])/g, " $1").toLowerCase()).toLowerCase()}:{" "}
              {[value].flat().join(", ")}
            </li>
          )),
        )}
      </ul>
    </div>
  );
}
