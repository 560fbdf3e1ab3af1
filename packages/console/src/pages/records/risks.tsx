import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import type { Column } from "../../components/data-table.tsx";
import { ReasonDialog, TextInput } from "../../components/dialog.tsx";
import { Owner, Status } from "../../components/status.tsx";
import { Button, PageHead, Time, useNow } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { records as words } from "../../text/records.ts";
import { acceptances, recordsOf } from "./queries.ts";
import type { Acceptance, RecordRow, RiskSpec } from "./queries.ts";
import { RecordsPanel, Systems, Until } from "./records-panel.tsx";

type Risk = RecordRow<RiskSpec>;
type Asked = { readonly risk: Risk; readonly verb: "accept" | "withdraw" };

export function RisksPage() {
  const query = useQuery(recordsOf<RiskSpec>("risks"));
  const accepted = useQuery(acceptances);
  const now = useNow(60_000);
  const [asked, setAsked] = useState<Asked | null>(null);
  const columns: readonly Column<Risk>[] = [
    {
      id: "title",
      title: words.risk,
      value: (row) => row.spec.title,
      cell: (row) => (
        <span>
          <b>{row.spec.title}</b>
          {row.spec.description !== undefined && <span className="block muted small">{row.spec.description}</span>}
        </span>
      ),
    },
    {
      id: "systems",
      title: words.systems,
      value: (row) => row.spec.systems.join(" "),
      cell: (row) => <Systems references={row.spec.systems} />,
    },
    {
      id: "owner",
      title: words.owner,
      value: (row) => row.spec.owner,
      cell: (row) => <Owner email={row.spec.owner} />,
    },
    {
      id: "level",
      title: words.level,
      value: (row) => rank(row.spec),
      cell: (row) => words.levelPair(words.levels[row.spec.likelihood]!, words.levels[row.spec.impact]!),
    },
    {
      id: "treatment",
      title: words.treatment,
      value: (row) => row.spec.treatment,
      cell: (row) => row.spec.treatment,
    },
    {
      id: "controls",
      title: words.controls,
      value: (row) => row.spec.controls.join(" "),
      cell: (row) => row.spec.controls.join(", ") || <span className="muted">{t.none}</span>,
      hideNarrow: true,
    },
    {
      id: "residual",
      title: words.residual,
      value: (row) => levels.indexOf(row.spec.residual),
      cell: (row) => words.levels[row.spec.residual],
    },
    {
      id: "accepted",
      title: words.acceptance,
      value: (row) => find(accepted.data, row.name)?.state ?? "",
      cell: (row) => (
        <Accepted
          risk={row}
          acceptance={find(accepted.data, row.name)}
          known={accepted.data !== undefined}
          ask={setAsked}
        />
      ),
    },
    {
      id: "review",
      title: words.review,
      value: (row) => row.spec.review ?? "",
      cell: (row) => <Until at={row.spec.review} now={now} />,
      hideNarrow: true,
    },
  ];
  return (
    <>
      <PageHead title={words.risks} />
      <p className="lead">{words.risksLead}</p>
      <RecordsPanel title={words.risks} kind="risks" query={query} columns={columns} empty={words.risksEmpty} />
      {asked !== null && <Decide asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

const levels: readonly string[] = ["low", "medium", "high"];
const rank = (spec: RiskSpec): number => levels.indexOf(spec.likelihood) * 3 + levels.indexOf(spec.impact);
const find = (all: readonly Acceptance[] | undefined, risk: string): Acceptance | undefined =>
  all?.find((one) => one.risk === risk);

function Accepted({
  risk,
  acceptance,
  known,
  ask,
}: {
  risk: Risk;
  acceptance: Acceptance | undefined;
  known: boolean;
  ask: (asked: Asked) => void;
}) {
  if (!known) return <>{t.cantTell}</>;
  if (acceptance?.state === "in-force")
    return (
      <span>
        <Status mark="person">{words.acceptedBy(acceptance.by)}</Status>
        <span className="block small muted">
          {words.until} <Time at={acceptance.ends} />{" "}
          <Button look="quiet" onPress={() => ask({ risk, verb: "withdraw" })}>
            {words.withdraw}
          </Button>
        </span>
      </span>
    );
  if (risk.spec.residual === "low" && acceptance === undefined)
    return <span className="muted">{words.notNeeded}</span>;
  return (
    <span>
      <Status mark={risk.spec.residual === "low" ? "unknown" : "deny"}>
        {acceptance === undefined ? words.notAccepted : words.acceptanceStates[acceptance.state]}
      </Status>{" "}
      <Button look="quiet" onPress={() => ask({ risk, verb: "accept" })}>
        {words.accept}
      </Button>
    </span>
  );
}

function Decide({ asked: { risk, verb }, onClose }: { asked: Asked; onClose: () => void }) {
  const [until, setUntil] = useState(() => new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10));
  const accept = verb === "accept";
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={accept ? words.acceptTitle(risk.spec.title) : words.withdrawTitle}
      effect={accept ? words.acceptEffect(words.levels[risk.spec.residual]!) : words.withdrawEffect}
      verb={accept ? words.accept : words.withdraw}
      danger={!accept}
      fields={
        accept ? <TextInput label={words.acceptUntil} type="date" value={until} onChange={setUntil} /> : undefined
      }
      act={async (reason) => {
        await client.request("POST", `/api/v1/risks/${encodeURIComponent(risk.name)}/${verb}`, {
          reason,
          ...(accept ? { ends: new Date(`${until}T23:59:59Z`).toISOString() } : {}),
        });
        await queries.invalidateQueries({ queryKey: ["risks"] });
      }}
    />
  );
}
