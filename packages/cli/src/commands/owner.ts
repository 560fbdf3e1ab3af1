import type { Call } from "../command.ts";
import { ask, instantOf, printList, printOne } from "./care.ts";
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
