import { useQuery } from "@tanstack/react-query";
import type { Column } from "../../components/data-table.tsx";
import { Owner } from "../../components/status.tsx";
import { PageHead, Time, useNow } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { records as words } from "../../text/records.ts";
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
      title: words.title,
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
    { id: "type", title: words.type, value: (row) => row.spec.type, cell: (row) => row.spec.type },
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
      id: "ends",
      title: words.ends,
      value: (row) => row.spec.ends ?? "",
      cell: (row) => <Until at={row.spec.ends} now={now} />,
    },
  ];
  const trainingColumns: readonly Column<RecordRow<TrainingSpec>>[] = [
    {
      id: "person",
      title: words.person,
      value: (row) => row.spec.person,
      cell: (row) => <Owner email={row.spec.person} />,
    },
    { id: "course", title: words.course, value: (row) => row.spec.course, cell: (row) => row.spec.course },
    {
      id: "roles",
      title: words.forRoles,
      value: (row) => row.spec.roles.join(" "),
      cell: (row) => row.spec.roles.join(", ") || <span className="muted">{t.none}</span>,
    },
    {
      id: "completed",
      title: words.completed,
      value: (row) => row.spec.completed,
      cell: (row) => <Time at={row.spec.completed} />,
    },
    {
      id: "ends",
      title: words.ends,
      value: (row) => row.spec.ends ?? "",
      cell: (row) => <Until at={row.spec.ends} now={now} />,
    },
  ];
  return (
    <>
      <PageHead title={words.documents} />
      <p className="lead">{words.documentsLead}</p>
      <div className="stack">
        <RecordsPanel
          title={words.documents}
          kind="documents"
          query={documents}
          columns={documentColumns}
          empty={words.documentsEmpty}
        />
        <RecordsPanel
          title={words.trainings}
          kind="training-records"
          query={trainings}
          columns={trainingColumns}
          empty={words.trainingsEmpty}
        />
      </div>
    </>
  );
}
