import type { Call } from "../command.ts";
import { printRows, type Row } from "../render/format.ts";
import { ask } from "./care.ts";

interface Reached extends Row {
  readonly system: string;
  readonly node: { readonly id: string };
  readonly through: readonly string[];
  readonly outcome: string;
  readonly terms: string | null;
}

/** From what is enforced now, not from what was asked for. */
export async function reach(call: Call): Promise<void> {
  const thing = call.args[0];
  const query = new URLSearchParams();
  if (thing !== undefined) query.set(thing.startsWith("system:") ? "system" : "of", thing.replace(/^system:/, ""));
  const kind = call.option("kind");
  if (kind !== undefined) query.set("kind", kind);
  const { items, total } = await ask(call, "GET", `/api/v1/reach?${query.toString()}`);
  const rows = items as readonly Reached[];
  await printRows(call.terminal, call.format, {
    rows,
    columns: [
      { title: "system", value: (row) => row["system"] },
      { title: "reaches", value: (row) => (row as Reached).node.id },
      { title: "through", value: (row) => (row as Reached).through.join(", ") },
      { title: "rule", value: (row) => row["outcome"] },
      { title: "terms", value: (row) => row["terms"] },
    ],
    nameOf: (row) => `${(row as Reached).system} ${(row as Reached).node.id}`,
    empty: thing === undefined ? "Nothing reaches anything." : `Nothing reaches ${thing}.`,
  });
  if (Number(total) > rows.length) call.say(`The first ${rows.length} of ${String(total)}: name a thing or a system.`);
}
