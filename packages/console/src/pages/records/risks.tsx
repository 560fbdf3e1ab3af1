import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import type { Column } from "../../components/data-table.tsx";
import { ReasonDialog, TextInput } from "../../components/dialog.tsx";
import { Owner, Status } from "../../components/status.tsx";
import { Button, PageHead, Time, useNow } from "../../components/ui.tsx";
import { t } from "../../text.ts";
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
      title: t.records.risk,
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
      title: t.records.systems,
      value: (row) => row.spec.systems.join(" "),
      cell: (row) => <Systems references={row.spec.systems} />,
    },
    {
      id: "owner",
      title: t.records.owner,
      value: (row) => row.spec.owner,
      cell: (row) => <Owner email={row.spec.owner} />,
    },
    {
      id: "level",
      title: t.records.level,
      value: (row) => rank(row.spec),
      cell: (row) => t.records.levelPair(t.records.levels[row.spec.likelihood]!, t.records.levels[row.spec.impact]!),
    },
    {
      id: "treatment",
      title: t.records.treatment,
      value: (row) => row.spec.treatment,
      cell: (row) => row.spec.treatment,
    },
    {
      id: "controls",
      title: t.records.controls,
      value: (row) => row.spec.controls.join(" "),
      cell: (row) => row.spec.controls.join(", ") || <span className="muted">{t.none}</span>,
      hideNarrow: true,
    },
    {
      id: "residual",
      title: t.records.residual,
      value: (row) => levels.indexOf(row.spec.residual),
      cell: (row) => t.records.levels[row.spec.residual],
    },
    {
      id: "accepted",
      title: t.records.acceptance,
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
      title: t.records.review,
      value: (row) => row.spec.review ?? "",
      cell: (row) => <Until at={row.spec.review} now={now} />,
      hideNarrow: true,
    },
  ];
  return (
    <>
      <PageHead title={t.records.risks} />
      <p className="lead">{t.records.risksLead}</p>
      <RecordsPanel title={t.records.risks} kind="risks" query={query} columns={columns} empty={t.records.risksEmpty} />
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
        <Status mark="person">{t.records.acceptedBy(acceptance.by)}</Status>
        <span className="block small muted">
          {t.records.until} <Time at={acceptance.ends} />{" "}
          <Button look="quiet" onPress={() => ask({ risk, verb: "withdraw" })}>
            {t.records.withdraw}
          </Button>
        </span>
      </span>
    );
  if (risk.spec.residual === "low" && acceptance === undefined)
    return <span className="muted">{t.records.notNeeded}</span>;
  return (
    <span>
      <Status mark={risk.spec.residual === "low" ? "unknown" : "deny"}>
        {acceptance === undefined ? t.records.notAccepted : t.records.acceptanceStates[acceptance.state]}
      </Status>{" "}
      <Button look="quiet" onPress={() => ask({ risk, verb: "accept" })}>
        {t.records.accept}
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
      title={accept ? t.records.acceptTitle(risk.spec.title) : t.records.withdrawTitle}
      effect={accept ? t.records.acceptEffect(t.records.levels[risk.spec.residual]!) : t.records.withdrawEffect}
      verb={accept ? t.records.accept : t.records.withdraw}
      danger={!accept}
      fields={
        accept ? <TextInput label={t.records.acceptUntil} type="date" value={until} onChange={setUntil} /> : undefined
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
