import type { Call } from "../command.ts";
import { ask, idOf, instantOf, printList, printOne } from "./care.ts";
import { reasonOf } from "./reason.ts";

const shown = ["id", "state", "title", "system", "owner", "due"] as const;

export async function list(call: Call): Promise<void> {
  const filters = { kind: call.option("kind"), owner: call.option("owner"), system: call.option("system"), state: call.option("state"), severity: call.option("severity"), ...(call.flag("overdue") ? { overdue: "true" } : {}) };
  await printList(call, "findings", filters, ["id", "severity", "cause", "title", "system", "owner", "due"], "Nothing is wrong that we can see.");
}

export async function assign(call: Call): Promise<void> {
  await printOne(call, await ask(call, "POST", `/api/v1/findings/${idOf(call, "finding")}/assign`, { owner: call.option("owner") }), "finding", shown);
}

export async function close(call: Call): Promise<void> {
  await printOne(call, await ask(call, "POST", `/api/v1/findings/${idOf(call, "finding")}/close`, { how: call.option("how") }), "finding", shown);
}

export async function dismiss(call: Call): Promise<void> {
  const until = instantOf(call.option("until") ?? "", "--until");
  await printOne(call, await ask(call, "POST", `/api/v1/findings/${idOf(call, "finding")}/dismiss`, { reason: await reasonOf(call), until }), "finding", shown);
}

export async function needs(call: Call): Promise<void> {
  await printList(call, "needs", call.flag("all") ? { all: "true" } : {}, ["kind", "title", "detail", "href", "yours"], "Nothing waits for you.");
}
