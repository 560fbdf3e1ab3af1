import type { Call } from "../command.ts";
import { cell, printObject, printRows, type Row } from "../render/format.ts";
import { instantAfter, reasonOf } from "./reason.ts";

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const rows: Row[] = [];
  for await (const row of client.all<Row>("delegations", {}, { signal: call.terminal.signal })) rows.push(row);
  await printRows(call.terminal, call.format, {
    rows,
    columns: ["id", "from", "to", "state", "signed", "starts", "ends"].map((name) => ({
      title: name,
      value: (row: Row) => row[name],
    })),
    nameOf: (row) => `delegation/${String(row.id)}`,
    empty: "Nobody stands in for anybody. While away: mandate delegation create EMAIL --for 5d",
  });
}

export async function create(call: Call): Promise<void> {
  const client = await call.client();
  const reason = await reasonOf(call);
  const ends = instantAfter(Date.now(), call.option("for") ?? "");
  const made = await client.delegations.create(
    { to: call.args[0] ?? "", reason, ends },
    { signal: call.terminal.signal },
  );
  if (call.format === "table")
    call.terminal.out(`${made.id}: ${cell(made.to)} answers for ${cell(made.from)} until ${made.ends}\n`);
  else await printObject(call.terminal, call.format, { ...made }, `delegation/${made.id}`);
  if (made.approval !== null && !made.signed)
    call.say(`It reaches T3 once you sign it with your passkey: /approve/${made.approval} on the console.`);
}

export async function end(call: Call): Promise<void> {
  const client = await call.client();
  const ended = await client.delegations.end((call.args[0] ?? "").replace(/^delegations?\//, ""), {
    signal: call.terminal.signal,
  });
  if (call.format === "table") call.terminal.out(`${ended.id}: ${ended.state}\n`);
  else await printObject(call.terminal, call.format, { ...ended }, `delegation/${ended.id}`);
}
