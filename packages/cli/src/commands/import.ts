import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { cell, printObject, printRows } from "../render/format.ts";
import { boundedWorkbook, csvOf, type Cells, maxFileBytes, rowsOfCsv, rowsOfWorkbook } from "../spreadsheet.ts";

interface Report {
  readonly rows: readonly {
    readonly row: number;
    readonly name: string;
    readonly status: string;
    readonly tier: string | null;
    readonly problems: readonly string[];
    readonly notMapped: readonly string[];
  }[];
  readonly drafts: number;
}

/** `import csv|xlsx FILE`: read here, judged by the register row by row. */
export async function importFile(call: Call): Promise<ExitCode> {
  const [format = "", shown = ""] = call.args;
  if (format === "litellm" || format === "portkey") {
    await (await import("./import-gateway.ts")).importGateway(call, format);
    return exitCodes.done;
  }
  const rows = await read(format, resolve(call.terminal.cwd, shown), shown);
  const client = await call.client();
  const report = await client.request<Report>(
    "POST",
    "/api/v1/systems/import",
    { rows, dryRun: call.flag("dryRun"), ...(call.option("reason") === undefined ? {} : { reason: call.option("reason") }) },
    { signal: call.terminal.signal, timeoutMs: 120_000 },
  );
  const kept = call.option("report");
  if (kept !== undefined) {
    const lines = report.rows.map((row) => [String(row.row), row.name, row.status, row.tier ?? "", row.problems.join("; "), row.notMapped.join("; ")]);
    await writeFile(resolve(call.terminal.cwd, kept), csvOf([["row", "name", "status", "tier", "problems", "not mapped"], ...lines]), { flag: "wx" });
  }
  if (call.format === "json") await printObject(call.terminal, "json", { ...report }, "");
  else
    await printRows(call.terminal, call.format, {
      rows: report.rows,
      columns: [
        { title: "row", value: (row) => row.row },
        { title: "system", value: (row) => row.name },
        { title: "result", value: (row) => row.status },
        { title: "tier", value: (row) => row.tier },
        { title: "problems", value: (row) => row.problems },
        { title: "not mapped", value: (row) => row.notMapped },
      ],
      nameOf: (row) => `system/${String(row.name)}`,
      empty: "No rows.",
    });
  const refused = report.rows.filter((row) => row.status === "refused").length;
  call.say(`${report.drafts} ${report.drafts === 1 ? "draft" : "drafts"}${call.flag("dryRun") ? " if you import" : ""}, ${refused} refused. Each draft waits for its intake: its owners answer and sign the screen of uses.`);
  return refused > 0 ? exitCodes.failed : exitCodes.done;
}

async function read(format: string, path: string, shown: string): Promise<readonly Cells[]> {
  if (format !== "csv" && format !== "xlsx") throw wrong(`${cell(format)} is no format.`, "mandate import csv FILE, or mandate import xlsx FILE");
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new CliError({ code: "file_unreadable", message: `${shown} can't be read.`, next: "Check the path.", cause });
  });
  if (bytes.length > maxFileBytes) throw wrong(`${shown} is larger than ${maxFileBytes / 1024 / 1024} MB.`, "Split it.");
  if (format === "csv") return rowsOfCsv(bytes.toString("utf8"));
  boundedWorkbook(bytes);
  return rowsOfWorkbook(bytes);
}

function wrong(message: string, next: string): CliError {
  return new CliError({ code: "import_refused", message, next });
}
