import type { Page } from "@mandate/sdk";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import type { Mark } from "../../api-types.ts";
import { DataTable } from "../../components/data-table.tsx";
import type { Column } from "../../components/data-table.tsx";
import { ReasonDialog, TextInput } from "../../components/dialog.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Owner, Status } from "../../components/status.tsx";
import { Button, PageHead, Panel, SystemLink, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { credentials as credentialsWords } from "../../text/credentials.ts";
import { legalReviews as words } from "../../text/legal-reviews.ts";

interface ReviewRow {
  readonly id: string;
  readonly system: string;
  readonly target: string;
  readonly region: string;
  readonly from: readonly string[];
  readonly basis: string;
  readonly classes: readonly string[];
  readonly approval: string;
  readonly state: string;
  readonly reviewer: string | null;
  readonly ends: string;
}
interface FlowRow {
  readonly system: string;
  readonly target: string;
  readonly calls: number;
}

const reviews = queryOptions({
  queryKey: ["legal_review", "list"],
  queryFn: ({ signal }): Promise<Page<ReviewRow>> => client.list<ReviewRow>("legal-reviews", { limit: 200 }, { signal }),
});
const flows = queryOptions({
  queryKey: ["legal_review", "flows"],
  queryFn: async ({ signal }) =>
    (
      await client.request<{ items: readonly FlowRow[] }>("GET", "/api/v1/legal-reviews/flows", undefined, {
        signal,
      })
    ).items,
});
const marks: Readonly<Record<string, Mark>> = { asked: "hold", allowed: "person", refused: "deny", lapsed: "deny", ended: "deny" };

export function LegalReviewsPage() {
  const query = useQuery(reviews);
  const waiting = useQuery(flows);
  const [asking, setAsking] = useState<{ system: string; target: string } | null>(null);
  const [ending, setEnding] = useState<ReviewRow | null>(null);
  const columns: readonly Column<ReviewRow>[] = [
    { id: "system", title: words.system, value: (row) => row.system, cell: (row) => <SystemLink name={row.system} /> },
    {
      id: "target",
      title: words.target,
      value: (row) => row.target,
      cell: (row) => (
        <>
          <code>{row.target}</code>
          <span className="block small muted">
            {row.from.join(", ")} → {row.region}
          </span>
        </>
      ),
    },
    { id: "basis", title: words.basis, value: (row) => row.basis, cell: (row) => row.basis },
    {
      id: "state",
      title: words.state,
      value: (row) => row.state,
      cell: (row) => <Status mark={marks[row.state] ?? "unknown"}>{words.states[row.state]}</Status>,
    },
    {
      id: "reviewer",
      title: words.reviewer,
      value: (row) => row.reviewer ?? "",
      cell: (row) => (row.reviewer === null ? <span className="muted">{t.none}</span> : <Owner email={row.reviewer} />),
    },
    { id: "ends", title: words.ends, value: (row) => row.ends, cell: (row) => <Time at={row.ends} /> },
    {
      id: "act",
      title: credentialsWords.actions,
      cell: (row) =>
        row.state === "asked" ? (
          <Link to="/approve/$id" params={{ id: row.approval }}>
            {words.decide}
          </Link>
        ) : row.state === "allowed" ? (
          <Button look="danger-quiet" aria-label={`${words.end}: ${row.target}`} onPress={() => setEnding(row)}>
            {words.end}
          </Button>
        ) : null,
    },
  ];
  return (
    <>
      <PageHead title={words.title}>
        <Button look="accent" onPress={() => setAsking({ system: "", target: "" })}>
          {words.ask}
        </Button>
      </PageHead>
      <p className="lead">{words.lead}</p>
      <Loaded query={waiting} what={words.waiting} rows={2}>
        {(items) => (
          <Panel title={words.waiting}>
            {items.length === 0 ? (
              <Empty title={words.waitingNone} />
            ) : (
              <ul className="needs">
                {items.map((flow) => (
                  <li key={`${flow.system} ${flow.target}`}>
                    <div className="grow">
                      <span className="row wrap">
                        <SystemLink name={flow.system} /> <code>{flow.target}</code>
                        <span className="muted">{words.calls(flow.calls)}</span>
                        <Button aria-label={`${words.ask}: ${flow.target}`} onPress={() => setAsking(flow)}>
                          {words.ask}
                        </Button>
                      </span>
                    </div>
                  </li>
                ))}
              </ul>
            )}
          </Panel>
        )}
      </Loaded>
      <Loaded query={query} what={words.title}>
        {(data) => (
          <Panel title={words.title}>
            {data.items.length === 0 ? (
              <Empty title={words.none} />
            ) : (
              <DataTable label={words.title} columns={columns} rows={data.items} rowKey={(row) => row.id} exportName="legal-reviews" />
            )}
          </Panel>
        )}
      </Loaded>
      {asking !== null && <Ask first={asking} onClose={() => setAsking(null)} />}
      {ending !== null && (
        <ReasonDialog
          open
          onClose={() => setEnding(null)}
          title={words.endTitle}
          effect={words.endEffect}
          verb={words.end}
          danger
          act={async (reason) => {
            await client.request("POST", `/api/v1/legal-reviews/${encodeURIComponent(ending.id)}/end`, { reason });
            await queries.invalidateQueries({ queryKey: ["legal_review"] });
          }}
        />
      )}
    </>
  );
}

const parts = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

function Ask({ first, onClose }: { first: { readonly system: string; readonly target: string }; onClose: () => void }) {
  const [form, setForm] = useState(() => ({ system: first.system, target: first.target, from: "", basis: "", classes: "", ends: new Date(Date.now() + 180 * 86_400_000).toISOString().slice(0, 10) }));
  const field = (name: keyof typeof form, label: string, more: { help?: string; type?: string } = {}) => (
    <TextInput label={label} value={form[name]} onChange={(value) => setForm({ ...form, [name]: value })} {...more} />
  );
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={words.ask}
      effect={words.askEffect}
      verb={words.ask}
      fields={
        <>
          {field("system", words.system)}
          {field("target", words.target, { help: words.targetHelp })}
          {field("from", words.from, { help: words.fromHelp })}
          {field("basis", words.basis)}
          {field("classes", words.classes, { help: words.classesHelp })}
          {field("ends", words.ends, { type: "date" })}
        </>
      }
      act={async (reason) => {
        await client.request("POST", "/api/v1/legal-reviews", { system: form.system.trim(), target: form.target.trim(), from: parts(form.from), basis: form.basis.trim(), classes: parts(form.classes), ends: new Date(`${form.ends}T23:59:59Z`).toISOString(), reason });
        await queries.invalidateQueries({ queryKey: ["legal_review"] });
      }}
    />
  );
}
