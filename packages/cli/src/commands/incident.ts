import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { cell, printRows, table, type Row } from "../render/format.ts";
import { ask, idOf, instantOf, printList, printOne } from "./care.ts";
import { scopeOf } from "./kill.ts";
import { reasonOf } from "./reason.ts";

const shown = ["id", "state", "severity", "title", "systems", "aware", "nextDue", "overdue"] as const;

export async function list(call: Call): Promise<void> {
  await printList(call, "incidents", { state: call.option("state") }, shown, "No incidents.");
}

export async function questions(call: Call): Promise<void> {
  const { items } = await ask(call, "GET", "/api/v1/incidents/questions");
  const rows = items as readonly Row[];
  await printRows(call.terminal, call.format, { rows, columns: [{ title: "id", value: (row) => row["id"] }, { title: "question", value: (row) => row["question"] }], nameOf: (row) => String(row["id"]), empty: "" });
}

function answersOf(call: Call): Record<string, boolean> {
  return Object.fromEntries(
    call.list("answer").map((text) => {
      const [id, said] = text.split("=");
      if (said !== "yes" && said !== "no") throw new CliError({ code: "answer", message: `\`${text}\` is no answer.`, next: "Write QUESTION=yes or QUESTION=no; leave out what nobody knows." });
      return [id!, said === "yes"];
    }),
  );
}

export async function open(call: Call): Promise<void> {
  const aware = call.option("aware");
  const body = {
    title: call.args[0] ?? "",
    severity: call.option("severity") ?? "high",
    systems: call.list("system").map((name) => name.replace(/^systems?\//, "")),
    answers: answersOf(call),
    kill: call.list("stop").map(scopeOf),
    ...(aware === undefined ? {} : { aware: instantOf(aware, "--aware") }),
  };
  await print(call, await ask(call, "POST", "/api/v1/incidents", body));
}

async function print(call: Call, incident: Row): Promise<void> {
  await printOne(call, incident, "incident", shown);
  if (call.format !== "table") return;
  const clocks = incident["clocks"] as readonly Row[];
  if (clocks.length > 0) call.terminal.out(`\n${table(["clock", "state", "due", "law"], clocks.map((one) => [cell(one["id"]), cell(one["state"]), cell(one["due"]), cell(one["citation"])]))}`);
}

export async function show(call: Call): Promise<void> {
  const incident = await ask(call, "GET", `/api/v1/incidents/${idOf(call, "incident")}`);
  const wanted = call.option("draft");
  if (wanted !== undefined) {
    const clock = (incident["clocks"] as readonly Row[]).find((one) => one["id"] === wanted);
    if (clock === undefined) throw new CliError({ code: "clock_unknown", message: `No clock \`${wanted}\` runs on it.`, next: "Leave --draft out to list them." });
    call.terminal.out(`${String(clock["draft"])}\n`);
    return;
  }
  await print(call, incident);
  if (call.format !== "table") return;
  call.terminal.out(`\n${table(["at", "by", "what", ""], (incident["timeline"] as readonly Row[]).map((one) => [cell(one["at"]), cell(one["by"]), cell(one["kind"]), cell(one["text"])]))}`);
}

const change = async (call: Call, verb: string, body: unknown): Promise<void> => print(call, await ask(call, "POST", `/api/v1/incidents/${idOf(call, "incident")}/${verb}`, body));

export const note = (call: Call): Promise<void> => change(call, "notes", { text: call.args[1] ?? "" });
export const close = (call: Call): Promise<void> => change(call, "close", { how: call.option("how") });

export async function confirm(call: Call): Promise<void> {
  await change(call, `clocks/${encodeURIComponent(call.option("clock") ?? "")}`, { applies: call.option("applies") === "yes", reason: await reasonOf(call) });
}

export async function submit(call: Call): Promise<void> {
  const at = call.option("at");
  await change(call, "submit", { clock: call.option("clock"), reference: call.option("reference"), ...(at === undefined ? {} : { at: instantOf(at, "--at") }) });
}
