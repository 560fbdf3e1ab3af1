import type { Call, Run } from "../command.ts";
import { columnsOf } from "../kinds.ts";
import { cell, fields, printObject, printRows, type Row } from "../render/format.ts";
import { createClient, publicKeyIn } from "./credential-machines.ts";
import { reasonOf } from "./reason.ts";

export async function create(call: Call): Promise<void> {
  const system = (call.option("system") ?? "").replace(/^systems?\//, "");
  if (call.option("kind") === "client") return await createClient(call, system);
  const client = await call.client();
  const made = await client.credentials.create(
    { system, name: call.option("name") ?? "cli", ttl: call.option("ttl") ?? "8h" },
    { signal: call.terminal.signal },
  );
  await printKey(call, made);
}

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const rows: Row[] = [];
  for await (const row of client.all<Row>(
    "credentials",
    { system: call.option("system") },
    { signal: call.terminal.signal },
  ))
    rows.push(row);
  await printRows(call.terminal, call.format, {
    rows,
    columns: columnsOf("credentials"),
    nameOf: (row) => `credential/${String(row.id)}`,
    empty: "No keys. Make one: mandate credential create --system NAME",
  });
}

export function changeCredential(verb: string): Run {
  return async (call) => {
    const id = (call.args[0] ?? "").replace(/^credentials?\//, "");
    const reason = await reasonOf(call);
    const client = await call.client();
    const answer =
      (await client.request<Row>(
        "POST",
        `/api/v1/credentials/${encodeURIComponent(id)}/${verb}`,
        { reason, ...(verb === "rotate" && call.option("jwk") !== undefined ? { jwk: await publicKeyIn(call) } : {}) },
        { signal: call.terminal.signal },
      )) ?? {};
    if (verb === "rotate" && answer.key !== undefined) return await printKey(call, answer);
    if (call.format === "table") call.terminal.out(`${cell(id)}: ${cell(answer.state ?? verb)}\n`);
    else await printObject(call.terminal, call.format, answer, `credential/${id}`);
  };
}

async function printKey(
  call: Call,
  made: Row | { readonly id: string; readonly key: string; readonly notAfter: string },
): Promise<void> {
  const row = { ...made } as Row;
  if (call.flag("keyOnly")) return call.terminal.out(`${String(row.key)}\n`);
  if (call.format === "table") call.terminal.out(fields({ id: row.id, key: row.key, notAfter: row.notAfter }));
  else await printObject(call.terminal, call.format, row, `credential/${String(row.id)}`);
  call.say("The key is shown this once; only its hash is kept.");
}
