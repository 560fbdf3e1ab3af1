import { useQuery } from "@tanstack/react-query";
import type { Column } from "../../components/data-table.tsx";
import { Owner, Status } from "../../components/status.tsx";
import { PageHead, SystemLink, Time, useNow } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { records as words } from "../../text/records.ts";
import { concerns, nameOf, recordsOf } from "./queries.ts";
import type { EvaluationSpec, RecordRow, ReviewSpec } from "./queries.ts";
import { RecordsPanel, Until } from "./records-panel.tsx";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export function ReviewsPage() {
  const reviews = useQuery(recordsOf<ReviewSpec>("outcome-reviews"));
  const evaluations = useQuery(recordsOf<EvaluationSpec>("evaluations"));
  const open = useQuery(concerns);
  const now = useNow(60_000);
  const reviewColumns: readonly Column<RecordRow<ReviewSpec>>[] = [
    {
      id: "system",
      title: words.system,
      value: (row) => row.spec.system,
      cell: (row) => <SystemLink name={nameOf(row.spec.system)} />,
    },
    {
      id: "period",
      title: words.period,
      value: (row) => row.spec.until,
      cell: (row) => `${row.spec.from.slice(0, 10)} – ${row.spec.until.slice(0, 10)}`,
    },
    {
      id: "sampled",
      title: words.sampled,
      end: true,
      value: (row) => row.spec.sampled,
      cell: (row) => words.sampledOf(row.spec.sampled, row.spec.population),
    },
    {
      id: "adverse",
      title: words.adverse,
      end: true,
      value: (row) => row.spec.adverse,
      cell: (row) =>
        row.spec.sampled === 0
          ? t.cantTell
          : words.adverseShare(row.spec.adverse, percent(row.spec.adverse / row.spec.sampled)),
    },
    {
      id: "tolerated",
      title: words.tolerated,
      end: true,
      value: (row) => row.spec.tolerated,
      cell: (row) => percent(row.spec.tolerated),
    },
    {
      id: "complaints",
      title: words.complaints,
      end: true,
      value: (row) => row.spec.complaints,
      cell: (row) => row.spec.complaints,
    },
    {
      id: "state",
      title: words.state,
      cell: (row) =>
        row.spec.sampled === 0 ? (
          <Status mark="unknown">{t.cantTell}</Status>
        ) : (
          <Status mark={row.spec.adverse / row.spec.sampled > row.spec.tolerated ? "deny" : "allow"}>
            {row.spec.adverse / row.spec.sampled > row.spec.tolerated ? words.missed : words.met}
          </Status>
        ),
    },
    {
      id: "reviewer",
      title: words.reviewer,
      value: (row) => row.spec.reviewer,
      cell: (row) => <Owner email={row.spec.reviewer} />,
    },
    {
      id: "next",
      title: words.next,
      value: (row) => row.spec.next ?? "",
      cell: (row) => <Until at={row.spec.next} now={now} />,
    },
  ];
  const evaluationColumns: readonly Column<RecordRow<EvaluationSpec>>[] = [
    { id: "title", title: words.title, value: (row) => row.spec.title, cell: (row) => <b>{row.spec.title}</b> },
    {
      id: "system",
      title: words.system,
      value: (row) => row.spec.system,
      cell: (row) => <SystemLink name={nameOf(row.spec.system)} />,
    },
    {
      id: "metric",
      title: words.metric,
      value: (row) => row.spec.metric,
      cell: (row) => <code>{row.spec.metric}</code>,
    },
    {
      id: "score",
      title: words.score,
      end: true,
      value: (row) => row.spec.score ?? Number.NEGATIVE_INFINITY,
      cell: (row) => row.spec.score ?? t.cantTell,
    },
    {
      id: "wanted",
      title: words.wanted,
      end: true,
      value: (row) => row.spec.threshold.value,
      cell: (row) =>
        row.spec.threshold.direction === "at-least"
          ? words.atLeast(row.spec.threshold.value)
          : words.atMost(row.spec.threshold.value),
    },
    {
      id: "measured",
      title: words.measured,
      value: (row) => row.spec.measured ?? "",
      cell: (row) => (row.spec.measured === undefined ? t.never : <Time at={row.spec.measured} />),
    },
    {
      id: "state",
      title: words.state,
      cell: (row) => {
        if (open.data === undefined) return t.cantTell;
        const kind = open.data.find((one) => one.key === `evaluation:${row.name}`)?.kind;
        if (kind === undefined) return <Status mark="allow">{words.met}</Status>;
        return kind === "evaluation.missing" ? (
          <Status mark="unknown">{words.missing}</Status>
        ) : (
          <Status mark="deny">{words.missed}</Status>
        );
      },
    },
    {
      id: "owner",
      title: words.owner,
      value: (row) => row.spec.owner,
      cell: (row) => <Owner email={row.spec.owner} />,
    },
  ];
  return (
    <>
      <PageHead title={words.reviews} />
      <p className="lead">{words.reviewsLead}</p>
      <div className="stack">
        <RecordsPanel
          title={words.reviews}
          kind="outcome-reviews"
          query={reviews}
          columns={reviewColumns}
          empty={words.reviewsEmpty}
        />
        <RecordsPanel
          title={words.evaluations}
          kind="evaluations"
          query={evaluations}
          columns={evaluationColumns}
          empty={words.evaluationsEmpty}
        />
      </div>
    </>
  );
}
