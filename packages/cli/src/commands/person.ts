import type { Call } from "../command.ts";
import { columnsOf, nameOf } from "../kinds.ts";
import { printObject, printRows, type Row } from "../render/format.ts";
import { instantAfter } from "./reason.ts";

const emailOf = (call: Call) => (call.args[0] ?? "").replace(/^person\//, "");

export async function add(call: Call): Promise<void> {
  const client = await call.client();
  const roles = call.list("role").flatMap((text) => text.split(","));
  const person = await client.people.create(
    { email: emailOf(call), name: call.option("name") ?? "", roles },
    { signal: call.terminal.signal },
  );
  await printObject(call.terminal, call.format, person, `person/${emailOf(call)}`);
}

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const rows: Row[] = [];
  for await (const row of client.all<Row>("people", {}, { signal: call.terminal.signal })) rows.push(row);
  await printRows(call.terminal, call.format, {
    rows,
    columns: columnsOf("people"),
    nameOf: (row) => nameOf("people", row),
    empty: "Nobody yet. Add one: mandate person add EMAIL --name NAME --role ROLE",
  });
}

/** As a table the token stands alone, so that `$(…)` takes it. */
export async function token(call: Call): Promise<void> {
  const client = await call.client();
  const notAfter = instantAfter(call.terminal.now(), call.option("ttl") ?? "8h");
  const made = await client.people.createToken(emailOf(call), { notAfter }, { signal: call.terminal.signal });
  if (call.format === "table") call.terminal.out(`${made.token}\n`);
  else await printObject(call.terminal, call.format, { ...made, notAfter }, made.token);
  call.say(`It acts as ${emailOf(call)} until ${notAfter} and is shown this once.`);
}

export async function signInLink(call: Call): Promise<void> {
  const client = await call.client();
  const made = await client.people.createSignInLink(emailOf(call), { signal: call.terminal.signal });
  if (call.format === "table") call.terminal.out(`${made.url}\n`);
  else await printObject(call.terminal, call.format, { ...made }, made.url);
  call.say(`It signs ${emailOf(call)} in, once.`);
}
