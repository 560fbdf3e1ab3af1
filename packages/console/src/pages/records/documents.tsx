import { useQuery } from "@tanstack/react-query";
import type { Column } from "../../components/data-table.tsx";
import { Owner } from "../../components/status.tsx";
import { PageHead, Time, useNow } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { recordsOf } from "./queries.ts";
import type { DocumentSpec, RecordRow, TrainingSpec } from "./queries.ts";
import { RecordsPanel, Systems, Until } from "./records-panel.tsx";

export function DocumentsPage() {
  const documents = useQuery(recordsOf<DocumentSpec>("documents"));
  const trainings = useQuery(recordsOf<TrainingSpec>("training-records"));
  const now = useNow(60_000);
  const documentColumns: readonly Column<RecordRow<DocumentSpec>>[] = [
    {
      id: "title",
      title: t.records.title,
      value: (row) => row.spec.title,
      cell: (row) =>
        row.spec.url === undefined ? (
          <b>{row.spec.title}</b>
        ) : (
          <a href={row.spec.url} rel="noreferrer noopener" target="_blank">
            {row.spec.title}
          </a>
        ),
    },
    { id: "type", title: t.records.type, value: (row) => row.spec.type, cell: (row) => row.spec.type },
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
      id: "ends",
      title: t.records.ends,
      value: (row) => row.spec.ends ?? "",
      cell: (row) => <Until at={row.spec.ends} now={now} />,
    },
  ];
  const trainingColumns: readonly Column<RecordRow<TrainingSpec>>[] = [
    {
      id: "person",
      title: t.records.person,
      value: (row) => row.spec.person,
      cell: (row) => <Owner email={row.spec.person} />,
    },
    { id: "course", title: t.records.course, value: (row) => row.spec.course, cell: (row) => row.spec.course },
    {
      id: "roles",
      title: t.records.forRoles,
      value: (row) => row.spec.roles.join(" "),
      cell: (row) => row.spec.roles.join(", ") || <span className="muted">{t.none}</span>,
    },
    {
      id: "completed",
      title: t.records.completed,
      value: (row) => row.spec.completed,
      cell: (row) => <Time at={row.spec.completed} />,
    },
    {
      id: "ends",
      title: t.records.ends,
      value: (row) => row.spec.ends ?? "",
      cell: (row) => <Until at={row.spec.ends} now={now} />,
    },
  ];
  return (
    <>
      <PageHead title={t.records.documents} />
      <p className="lead">{t.records.documentsLead}</p>
      <div className="stack">
        <RecordsPanel
          title={t.records.documents}
          kind="documents"
          query={documents}
          columns={documentColumns}
          empty={t.records.documentsEmpty}
        />
        <RecordsPanel
          title={t.records.trainings}
          kind="training-records"
          query={trainings}
          columns={trainingColumns}
          empty={t.records.trainingsEmpty}
        />
      </div>
    </>
  );
}
