import type { Call } from "../command.ts";
import { columnsOf } from "../kinds.ts";
import { fields, printObject, printRows, type Row } from "../render/format.ts";

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const rows: Row[] = [];
  for await (const row of client.all<Row>("gateways", {}, { signal: call.terminal.signal })) rows.push(row);
  await printRows(call.terminal, call.format, {
    rows,
    columns: columnsOf("gateways"),
    nameOf: (row) => `gateway/${String(row.name)}`,
    empty: "No gateways.",
  });
}

export async function create(call: Call): Promise<void> {
  const client = await call.client();
  const serves = call.list("serves");
  const made = await client.gateways.create({ name: call.args[0] ?? "", ...(serves.length === 0 ? {} : { serves: serves.map((name) => name.replace(/^systems?\//, "")) }) }, { signal: call.terminal.signal });
  if (call.format === "table") call.terminal.out(fields({ id: made.id, token: made.token }));
  else await printObject(call.terminal, call.format, { ...made }, `gateway/${call.args[0] ?? ""}`);
  call.say("The token enrols one gateway and is shown this once.");
}

export async function remove(call: Call): Promise<void> {
  const name = (call.args[0] ?? "").replace(/^gateways?\//, "");
  const client = await call.client();
  await client.request("DELETE", `/api/v1/gateways/${encodeURIComponent(name)}`, undefined, { signal: call.terminal.signal });
  call.say(`${name} gets nothing more; its running calls end with its tier's staleness bound. Its log stays.`);
}
