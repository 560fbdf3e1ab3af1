import type { Call } from "../command.ts";
import { printObject, printRows, type Row } from "../render/format.ts";
import { ask } from "./care.ts";

interface Edge extends Row {
  readonly from: string;
  readonly to: string;
  readonly outcome: string;
  readonly by: string;
}

/** Through whom: what a system shares with others, each step with the authorization or policy that lets it be taken. */
export async function systemReach(call: Call): Promise<void> {
  const name = (call.args[0] ?? "").replace(/^systems?[:/]/, "");
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
