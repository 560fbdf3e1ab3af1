import type { Call } from "../command.ts";
import { printObject, printRows, type Row } from "../render/format.ts";
import { ask } from "./care.ts";
import { type Flip, printFlips } from "./policy-versions.ts";

interface Edge extends Row {
  readonly from: string;
  readonly to: string;
  readonly outcome: string;
  readonly by: string;
}

/** Through whom: what a system shares with others, each step with the authorization or policy that lets it be taken. */
export async function systemReach(call: Call): Promise<void> {
  const name = (call.args[0] ?? "").replace(/^systems?[:/]/, "");
  const [grant, cut] = [call.option("grant"), call.option("cut")];
  if (grant !== undefined || cut !== undefined) return tried(call, name, { grant, cut });
  const found = await ask(call, "GET", `/api/v1/systems/${encodeURIComponent(name)}/reach/map`);
  if (call.format === "json") return printObject(call.terminal, "json", found, `system/${name}`);
  const edges = found["edges"] as readonly Edge[];
  await printRows(call.terminal, call.format, {
    rows: edges,
    columns: [
      { title: "from", value: (row) => row["from"] },
      { title: "to", value: (row) => row["to"] },
      { title: "rule", value: (row) => row["outcome"] },
      { title: "by", value: (row) => row["by"] },
    ],
    nameOf: (row) => `${String(row["from"])} ${String(row["to"])}`,
    empty: `${name} shares nothing with another system.`,
  });
  const shown = new Set(edges.flatMap((edge) => [edge.from, edge.to]).filter((id) => id.startsWith("system:") && id !== `system:${name}`)).size;
  if (Number(found["systems"]) > shown) call.say(`${shown} of ${String(found["systems"])} systems: all are told by mandate reach THING.`);
}

/** Last week's calls with one thing granted, or cut: nothing is changed. */
async function tried(call: Call, name: string, edge: { readonly grant: string | undefined; readonly cut: string | undefined }): Promise<void> {
  const found = await ask(call, "POST", `/api/v1/systems/${encodeURIComponent(name)}/reach/trial`, edge);
  if (call.format === "json") return printObject(call.terminal, "json", found, `system/${name}`);
  const count = (member: string): number => Number(found[member]);
  await printFlips(call, (found["shown"] as readonly Flip[]).slice(0, 50), `None of ${count("replayable")} calls would come out otherwise.`);
  call.say(`${count("replayable")} of ${count("total")} calls since ${String(found["since"])} decided again: ${count("looser")} would pass that were stopped, ${count("stricter")} would be stopped that passed. Nothing is changed.`);
}
