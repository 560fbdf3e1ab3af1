import type { Call } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { printRows, type Row } from "../render/format.ts";

/** Exit 3 while a gate isn't met, so that a pipeline stops where asking would be refused. */
export async function gates(call: Call): Promise<ExitCode> {
  const name = (call.args[0] ?? "").replace(/^systems?\//, "");
  const client = await call.client();
  const path = `/api/v1/systems/${encodeURIComponent(name)}/gates?type=${call.option("type") ?? "production"}`;
  const answer = await client.request<{ ready: boolean; gates: readonly Row[] }>("GET", path);
  await printRows(call.terminal, call.format, {
    rows: answer.gates,
    columns: [
      { title: "GATE", value: (row) => row["id"] },
      { title: "STATE", value: (row) => (row["state"] === "cant_tell" ? "can't tell" : String(row["state"]).replace("_", " ")) },
      { title: "FOUND", value: (row) => row["detail"] },
      { title: "WHO CAN FIX IT", value: (row) => (row["state"] === "not_met" ? whoOf(row) : "") },
    ],
    nameOf: (row) => String(row["id"]),
    empty: "Nothing is asked.",
  });
  return answer.ready ? exitCodes.done : exitCodes.refused;
}

function whoOf(row: Row): string {
  const who = row["who"] as { role: string; email: string | null };
  return who.email ?? who.role;
}
