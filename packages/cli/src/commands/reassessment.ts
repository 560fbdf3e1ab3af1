import type { Call } from "../command.ts";
import { cell, printObject, type Row } from "../render/format.ts";
import { ask, idOf, instantOf, printList } from "./care.ts";
import { reasonOf } from "./reason.ts";

export function list(call: Call): Promise<void> {
  return printList(call, "reassessments", { state: call.option("state"), system: call.option("system") }, ["id", "class", "state", "title", "due"], "Nothing waits for a reassessment.");
}

export function changeEvents(call: Call): Promise<void> {
  return printList(call, "change-events", { reassessment: call.option("reassessment") }, ["at", "class", "trigger", "what", "observedBy", "reassessment"], "Nothing changed yet.");
}

const rowsOf = (value: unknown): readonly Row[] => (Array.isArray(value) ? (value as readonly Row[]) : []);

/** Old against new for each system, what it contradicts, and who still decides. */
export async function show(call: Call): Promise<void> {
  const found = await ask(call, "GET", `/api/v1/reassessments/${idOf(call, "reassessment")}`);
  if (call.format !== "table") return await printObject(call.terminal, call.format, found, `reassessment/${String(found["id"])}`);
  const { out } = call.terminal;
  out(`${cell(found["title"])}\nclass ${cell(found["class"])}, ${cell(found["state"])}, noticed by ${cell(found["observedBy"])}, due ${cell(found["due"])}\n`);
  for (const system of rowsOf(found["systems"])) {
    out(`\n${cell(system["system"])}: ${system["outcome"] === null ? "waits" : `${cell(system["outcome"])} (${cell(system["reason"])})`}; refuses ${cell(system["refusesNow"])} of the last 7 days' calls now\n`);
    for (const change of rowsOf(system["changes"]))
      for (const diff of rowsOf(change["diff"])) {
        const against = diff["answer"] === null ? "" : `  ${diff["contradicts"] === true ? "contradicts" : "touches"} ${cell(diff["answer"])}: ${cell(diff["answered"])}`;
        out(`  ${cell(change["subject"])} ${cell(diff["member"])}\n  - ${cell(diff["old"])}\n  + ${cell(diff["new"])}\n${against === "" ? "" : `${against}\n`}`);
      }
  }
}

export async function decide(call: Call): Promise<void> {
  const ends = call.option("ends");
  const answer = await ask(call, "POST", `/api/v1/reassessments/${idOf(call, "reassessment")}/decide`, {
    outcome: call.option("outcome"),
    reason: await reasonOf(call),
    ...(call.option("system") === undefined ? {} : { system: call.option("system") }),
    ...(ends === undefined ? {} : { terms: { ends: instantOf(ends, "--ends") } }),
  });
  if (call.format !== "table") return await printObject(call.terminal, call.format, answer, `reassessment/${String(answer["id"])}`);
  for (const one of rowsOf(answer["decided"])) call.terminal.out(`${cell(one["system"])}: ${cell(one["outcome"])}\n`);
}

export async function reportVendor(call: Call): Promise<void> {
  const value = call.option("value");
  const url = call.option("source");
  const answer = await ask(call, "POST", `/api/v1/vendors/${idOf(call, "vendor")}/events`, {
    kind: call.option("kind"),
    summary: call.option("summary"),
    ...(value === undefined ? {} : { value }),
    ...(url === undefined ? {} : { url }),
  });
  if (call.format !== "table") return await printObject(call.terminal, call.format, answer, "vendor-event");
  call.terminal.out(answer["reassessment"] === null ? "Recorded. No system with an authorization depends on it.\n" : `${cell(answer["reassessment"])}: mandate reassessment show ${cell(answer["reassessment"])}\n`);
}
