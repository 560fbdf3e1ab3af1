import type { Call } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { printObject, printRows } from "../render/format.ts";
import type { Column, Row } from "../render/format.ts";

const known: Readonly<Record<string, string>> = { cant_tell: "can't tell", not_applicable: "not applicable" };
const word = (value: unknown): string => known[String(value)] ?? String(value);
const columns: readonly Column[] = [
  { title: "CONTROL", value: (row) => row["control"] },
  { title: "OUTCOME", value: (row) => word(row["outcome"]) },
  { title: "KNOWN", value: (row) => word(row["grade"]) },
  { title: "OF", value: (row) => row["population"] },
  { title: "FOUND", value: (row) => row["reason"] },
];

export async function run(call: Call): Promise<ExitCode> {
  const client = await call.client();
  call.say("Measuring. Probes are sent to the gateway; each is in the log as a probe.");
  const answer = await client.request<{ results: readonly Row[] }>("POST", "/api/v1/controls/run", { controls: call.args }, { signal: call.terminal.signal });
  await printRows(call.terminal, call.format, { rows: answer.results, columns: [...columns], nameOf: (row) => String(row["id"]), empty: "Nothing was measured." });
  return answer.results.some((row) => row["outcome"] === "fail") ? exitCodes.refused : exitCodes.done;
}

export async function history(call: Call): Promise<void> {
  const client = await call.client();
  const rows: Row[] = [];
  const path = `/api/v1/controls/${encodeURIComponent(call.args[0] ?? "")}/results?limit=500`;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const next: { items: readonly Row[]; nextCursor: string | null } = await client.request("GET", cursor === "" ? path : `${path}&cursor=${encodeURIComponent(cursor)}`, undefined, { signal: call.terminal.signal });
    rows.push(...next.items);
    cursor = next.nextCursor;
  }
  await printRows(call.terminal, call.format, { rows, columns: [{ title: "AT", value: (row) => row["at"] }, ...columns.slice(1)], nameOf: (row) => String(row["id"]), empty: "It was never run." });
}

export async function report(call: Call): Promise<void> {
  const client = await call.client();
  const month = call.option("month");
  const answer = await client.request<Row>("GET", `/api/v1/reports/${encodeURIComponent(call.args[0] ?? "")}${month === undefined ? "" : `?month=${encodeURIComponent(month)}`}`, undefined, { signal: call.terminal.signal });
  if (call.format !== "table") return printObject(call.terminal, call.format, answer, `report/${String(answer["kind"])}/${String(answer["month"])}`);
  call.say(`${String(answer["organization"])}, ${String(answer["month"])}${answer["complete"] === true ? "" : " so far"}`);
  await printRows(call.terminal, call.format, {
    rows: answer["figures"] as readonly Row[],
    columns: [
      { title: "FIGURE", value: (row) => row["label"] },
      { title: "VALUE", value: (row) => (row["value"] === null ? "not measured" : `${String(row["value"])} ${String(row["unit"])}`) },
      { title: "BEFORE", value: (row) => row["before"] ?? "" },
      { title: "ASKED", value: (row) => row["why"] ?? row["asks"] },
    ],
    nameOf: (row) => String(row["id"]),
    empty: "There is nothing to report.",
  });
}
