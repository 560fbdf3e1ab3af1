import type { Call } from "../command.ts";
import { ask, instantOf, printList, printOne } from "./care.ts";
import { printRows } from "../render/format.ts";
import type { Row } from "../render/format.ts";
import { reasonOf } from "./reason.ts";

export async function vacancies(call: Call): Promise<void> {
  await printList(call, "owner-vacancies", { email: call.option("email") }, ["email", "system", "seat", "why", "since", "due", "successor"], "Every seat has its owner.");
}

export async function away(call: Call): Promise<void> {
  const until = call.option("until");
  await printOne(call, await ask(call, "POST", "/api/v1/absences", { email: call.args[0], reason: await reasonOf(call), ...(until === undefined ? {} : { ends: instantOf(until, "--until") }) }), "absence", ["email", "starts", "ends", "reason"]);
}

export async function back(call: Call): Promise<void> {
  await ask(call, "DELETE", `/api/v1/absences/${encodeURIComponent(call.args[0] ?? "")}`);
  call.say(`${call.args[0] ?? ""} is back.`);
}

/** Lists every seat: what went, what waits for the successor's yes, and what stayed, with the reason. */
export async function handOver(call: Call): Promise<void> {
  const from = call.option("from") ?? "";
  const reason = call.option("reason");
  const answer = await ask(call, "POST", `/api/v1/people/${encodeURIComponent(from)}/hand-over`, { to: call.option("to") ?? "", dryRun: call.flag("dryRun"), ...(reason === undefined ? {} : { reason }) });
  await printRows(call.terminal, call.format, {
    rows: answer["items"] as Row[],
    columns: ["kind", "name", "seat", "outcome", "why", "approval"].map((title) => ({ title, value: (row: Row) => row[title] })),
    nameOf: (row) => `${String(row["kind"])}/${String(row["name"])}/${String(row["seat"])}`,
    empty: `${from} owns nothing here.`,
  });
}
