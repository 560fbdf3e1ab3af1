import type { Call } from "../command.ts";
import { columnsOf, nameOf } from "../kinds.ts";
import { printObject, printRows, type Row } from "../render/format.ts";
import { instantAfter, reasonOf } from "./reason.ts";

const emailOf = (call: Call) => (call.args[0] ?? "").replace(/^person\//, "");

export async function add(call: Call): Promise<void> {
  const client = await call.client();
  const roles = call.list("role").flatMap((text) => text.split(","));
  const scopedRoles = call.list("scoped-role").map((text) => {
    const [role = "", scope = ""] = text.split("@", 2);
    return { role, scope };
  });
  const person = await client.people.create(
    {
      email: emailOf(call),
      name: call.option("name") ?? "",
      roles,
      ...(scopedRoles.length === 0 ? {} : { scopedRoles }),
    },
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

/** Sessions, tokens, delegations and open questions end with the person, at once. */
export async function deactivate(call: Call): Promise<void> {
  const client = await call.client();
  await client.request("DELETE", `/api/v1/people/${encodeURIComponent(emailOf(call))}`);
  call.say(`${emailOf(call)} is deactivated.`);
}

export async function resetPasskeys(call: Call): Promise<void> {
  const client = await call.client();
  const reason = await reasonOf(call);
  const asked = await client.request<{ approval: string; expiresAt: string }>(
    "POST",
    `/api/v1/people/${encodeURIComponent(emailOf(call))}/passkey-reset`,
    { reason },
  );
  await printObject(call.terminal, call.format, { ...asked }, asked.approval);
  call.say(`Asked. A second administrator confirms: mandate approve ${asked.approval}. ${emailOf(call)} is told.`);
}

export async function endSessions(call: Call): Promise<void> {
  const client = await call.client();
  const reason = await reasonOf(call);
  const { ended } = await client.request<{ ended: number }>(
    "POST",
    `/api/v1/people/${encodeURIComponent(emailOf(call))}/sessions/end`,
    { reason },
  );
  call.say(`${ended} ended.`);
}
