import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { cell, type Row } from "../render/format.ts";
import { ask, idOf, printList, printOne } from "./care.ts";
import { reasonOf } from "./reason.ts";

const kinds = ["system", "credential", "model", "tool", "vendor"];

/** `model/gpt-5` as the API takes it: `{model: "gpt-5"}`. */
export function scopeOf(text: string): Record<string, string | true> {
  if (text === "all") return { all: true };
  const slash = text.indexOf("/");
  const kind = text.slice(0, slash).replace(/s$/, "");
  const name = text.slice(slash + 1);
  if (slash <= 0 || name === "" || !kinds.includes(kind)) throw new CliError({ code: "scope", message: `\`${text}\` is nothing that can be stopped.`, next: "Write system/NAME, credential/ID, model/NAME, tool/NAME, vendor/NAME or all." });
  return { [kind]: name };
}

export async function kill(call: Call): Promise<void> {
  const scope = scopeOf(call.args[0] ?? "");
  const { effect } = (await ask(call, "POST", "/api/v1/kill?dryRun=true", { scope })) as { effect: Row };
  call.say(`${cell(effect["callsAnHour"])} calls an hour will be refused; systems: ${cell(effect["systems"])}`);
  if (call.flag("dryRun")) {
    if (call.format !== "table") await printOne(call, effect, "effect", []);
    return;
  }
  const incident = call.option("incident");
  const answer = (await ask(call, "POST", "/api/v1/kill", { scope, reason: await reasonOf(call), ...(incident === undefined ? {} : { incident }) })) as { stop: Row; gateways: readonly Row[] };
  for (const gateway of answer.gateways) call.say(`${cell(gateway["name"])}: ${gateway["confirmed"] === true ? "confirmed" : "not confirmed yet"}`);
  await printOne(call, answer.stop, "stop", ["id", "scope", "name", "state", "at"]);
}

export async function list(call: Call): Promise<void> {
  await printList(call, "kill", {}, ["id", "scope", "name", "state", "reason", "by", "at"], "Nothing was stopped.");
}

export async function resume(call: Call): Promise<void> {
  await printOne(call, await ask(call, "POST", `/api/v1/kill/${idOf(call, "stop")}/resume`, { reason: await reasonOf(call) }), "stop", ["id", "scope", "name", "state"]);
}
