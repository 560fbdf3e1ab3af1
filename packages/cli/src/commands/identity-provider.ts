import type { Call } from "../command.ts";
import { fields, printObject, printRows, type Row } from "../render/format.ts";
import { readInput } from "../terminal.ts";

const path = (name: string): string => `/api/v1/identity-providers/${encodeURIComponent(name)}`;

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const rows: Row[] = [];
  for await (const row of client.all<Row>("identity-providers", {}, { signal: call.terminal.signal })) rows.push(row);
  await printRows(call.terminal, call.format, {
    rows,
    columns: [
      { title: "name", value: (row) => row.name },
      { title: "title", value: (row) => row.title },
      { title: "issuer", value: (row) => row.issuer },
      { title: "trusts e-mail", value: (row) => row.trustEmail },
    ],
    nameOf: (row) => `identity-provider/${String(row.name)}`,
    empty: "People sign in here alone. Add a provider: mandate identity-provider set company --title … --issuer https://…",
  });
}

/** INVARIANT: the client secret comes on standard input, never as an argument. */
export async function set(call: Call): Promise<void> {
  const name = call.args[0] ?? "";
  const secret = await secretOf(call);
  const body = {
    title: call.option("title") ?? name,
    issuer: call.option("issuer"),
    clientId: call.option("clientId"),
    trustEmail: call.flag("trustEmail"),
    ...(secret === undefined ? {} : { secret }),
  };
  const client = await call.client();
  const made = (await client.request<Row>("PUT", path(name), body, { signal: call.terminal.signal })) ?? {};
  if (call.format === "table") call.terminal.out(fields({ name: made.name, issuer: made.issuer, redirectUri: made.redirectUri }));
  else await printObject(call.terminal, call.format, made, `identity-provider/${name}`);
  call.say("Register the redirect address with the provider, exactly as shown.");
}

async function secretOf(call: Call): Promise<string | undefined> {
  if (call.terminal.stdin.isTTY !== true) {
    const text = (await readInput(call.terminal, 4000)).toString("utf8").replace(/\r?\n$/, "");
    return text === "" ? undefined : text;
  }
  const typed = call.mayAsk ? await call.terminal.ask("Client secret (not shown; empty for none, or the one there is): ", { hidden: true }) : undefined;
  return typed === "" ? undefined : typed;
}

export async function remove(call: Call): Promise<void> {
  const name = call.args[0] ?? "";
  const client = await call.client();
  await client.request("DELETE", path(name), undefined, { signal: call.terminal.signal });
  call.say(`Nobody signs in through ${name} any more. Who they were stays on record.`);
}
