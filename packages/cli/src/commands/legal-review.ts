import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { cell, type Row } from "../render/format.ts";
import { approve, refuse } from "./approvals.ts";
import { ask as request, idOf, instantOf, printList, printOne } from "./care.ts";
import { reasonOf } from "./reason.ts";

const shown = ["id", "state", "system", "target", "region", "from", "basis", "reviewer", "ends"] as const;

export async function list(call: Call): Promise<void> {
  await printList(call, "legal-reviews", { state: call.option("state"), system: call.option("system") }, shown, "No flow was reviewed.");
  const { items } = await request(call, "GET", "/api/v1/legal-reviews/flows");
  for (const flow of items as readonly Row[]) call.say(`refused and not reviewed: ${cell(flow["system"])} to ${cell(flow["target"])}, ${cell(flow["calls"])} calls`);
}

export async function ask(call: Call): Promise<void> {
  const ends = instantOf(call.option("ends") ?? "", "--ends");
  const body = { system: (call.option("system") ?? "").replace(/^systems?\//, ""), target: call.option("target"), from: call.list("from"), basis: call.option("basis"), classes: call.list("class"), purposes: call.list("purpose"), ends, reason: await reasonOf(call) };
  await printOne(call, await request(call, "POST", "/api/v1/legal-reviews", body), "legal-review", shown);
}

/** Answers the question behind the review, as `approve` and `refuse` do: it shows what is decided first. */
export async function decide(call: Call): Promise<void> {
  if (call.flag("allow") === call.flag("refuse")) throw new CliError({ code: "choice", message: "Say one of the two.", next: "Add --allow or --refuse." });
  const review = await request(call, "GET", `/api/v1/legal-reviews/${idOf(call, "legal-review")}`);
  const question: Call = { ...call, args: [String(review["approval"])], option: (name) => call.option(name), flag: (name) => call.flag(name), list: (name) => call.list(name) };
  await (call.flag("allow") ? approve(question) : refuse(question));
}

export async function end(call: Call): Promise<void> {
  await printOne(call, await request(call, "POST", `/api/v1/legal-reviews/${idOf(call, "legal-review")}/end`, { reason: await reasonOf(call) }), "legal-review", shown);
}
