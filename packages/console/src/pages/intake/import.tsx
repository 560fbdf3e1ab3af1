import { useState } from "react";
import { client, queries } from "../../api.ts";
import { Failed } from "../../components/states.tsx";
import { Button, PageHead, Panel } from "../../components/ui.tsx";
import { intake as words } from "../../text/intake.ts";
import { readCsv } from "./csv.ts";
import type { ImportReport } from "./intake-api.ts";

type Rows = readonly Readonly<Record<string, string>>[];
const send = (rows: Rows, dryRun: boolean): Promise<ImportReport> =>
  client.request<ImportReport>("POST", "/api/v1/systems/import", { rows, dryRun });

export function ImportPage() {
  const [rows, setRows] = useState<Rows>([]);
  const [report, setReport] = useState<ImportReport | null>(null);
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState("");
  const [error, setError] = useState<unknown>(null);
  const run = async (wanted: Rows, dryRun: boolean): Promise<void> => {
    setError(null);
    try {
      setReport(await send(wanted, dryRun));
      setDone(!dryRun);
      if (!dryRun) await queries.invalidateQueries();
    } catch (cause) {
      setError(cause);
    }
  };
  const choose = async (file: File | undefined): Promise<void> => {
    setReport(null);
    setProblem("");
    if (file === undefined) return;
    if (file.size > 4 * 1024 * 1024) return setProblem(words.importTooLarge);
    const read = readCsv(await file.text());
    if (read === undefined) return setProblem(words.importUnreadable);
    setRows(read);
    await run(read, true);
  };
  return (
    <div className="register">
      <PageHead title={words.importTitle} />
      <p className="lead">{words.importLead}</p>
      <div className="stack">
        <div className="field">
          <label htmlFor="import-file">{words.importFile}</label>
          <input
            id="import-file"
            type="file"
            accept=".csv,text/csv"
            onChange={(event) => void choose(event.target.files?.[0])}
          />
          {problem !== "" && (
            <p className="problem small" role="alert">
              {problem}
            </p>
          )}
        </div>
        {error !== null && <Failed error={error} what={words.importTitle} />}
        {report !== null && <Preview report={report} done={done} onImport={() => void run(rows, false)} />}
      </div>
    </div>
  );
}

function Preview({ report, done, onImport }: { report: ImportReport; done: boolean; onImport: () => void }) {
  const mapped = report.columns.flatMap((one) => (one.field === null ? [] : [`${one.heading} (${one.field})`]));
  return (
    <Panel title={done ? words.importDone(report.drafts) : words.importPreview}>
      <div className="panel-body stack">
        <p className="muted small">{words.columns(mapped.join(", "))}</p>
        <div className="table-wrap" tabIndex={0} role="region" aria-label={words.importPreview}>
          <table className="table">
            <thead>
              <tr>
                {[words.row, words.system, words.result, words.tier, words.problems, words.notMapped].map(
                  (head) => (
                    <th key={head} scope="col">
                      {head}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            <tbody>
              {report.rows.map((row) => (
                <tr key={row.row}>
                  <td>{row.row}</td>
                  <td>{row.name}</td>
                  <td>{words.results[row.status] ?? row.status}</td>
                  <td>{row.tier ?? ""}</td>
                  <td>{row.problems.join(" ")}</td>
                  <td>{row.notMapped.join("; ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {!done && report.drafts > 0 && (
          <div className="row end">
            <Button look="accent" onPress={onImport}>
              {words.importRun(report.drafts)}
            </Button>
          </div>
        )}
      </div>
    </Panel>
  );
}
