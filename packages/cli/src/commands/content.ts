import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { printObject, printRows, type Row } from "../render/format.ts";
import { reasonOf } from "./reason.ts";
import { placeOf } from "./search.ts";

export async function open(call: Call): Promise<void> {
  const { log, index } = placeOf(call.args[0] ?? "");
  const reason = await reasonOf(call);
  const client = await call.client();
  const opened = await client.request<Row>("POST", `/api/v1/evidence/entries/${encodeURIComponent(log)}/${index}/open`, { reason }, { signal: call.terminal.signal });
  await printObject(call.terminal, call.format === "table" ? "json" : call.format, opened, `${log}#${index}`);
}

function whatOf(call: Call): Record<string, unknown> {
  const entry = call.option("entry");
  return {
    ...Object.fromEntries(["subject", "issuer", "system", "session"].flatMap((name) => (call.option(name) === undefined ? [] : [[name, call.option(name)]]))),
    ...(entry === undefined ? {} : { entry: placeOf(entry) }),
  };
}

function basisOf(call: Call): string {
  const basis = call.option("basis");
  if (basis !== undefined && basis.trim() !== "") return basis;
  throw new CliError({ code: "basis_missing", message: "The basis is missing.", next: 'Add --basis "…", the law or request it rests on.' });
}

interface Asked {
  readonly approval: string;
  readonly entries: number;
  readonly keys: number;
}

/** Waits for a person: exit 5 until somebody else agrees. */
export async function erase(call: Call): Promise<ExitCode | void> {
  const client = await call.client();
  const { signal } = call.terminal;
  if (call.flag("list")) {
    const { items } = await client.request<{ items: readonly Row[] }>("GET", "/api/v1/evidence/erasures", undefined, { signal });
    return await printRows(call.terminal, call.format, { rows: items, columns: columns(["erasedAt", "what", "entries", "basis", "irrecoverableBy", "id"]), nameOf: (row) => String(row.id), empty: "Nothing was erased." });
  }
  if (call.flag("dryRun")) {
    const found = await client.request<Row>("POST", "/api/v1/evidence/erasures?dryRun=true", { ...whatOf(call), basis: call.option("basis") ?? "dry run", reason: "dry run" }, { signal });
    return await printObject(call.terminal, call.format, found, "dry-run");
  }
  const asked = await client.request<Asked>("POST", "/api/v1/evidence/erasures", { ...whatOf(call), basis: basisOf(call), reason: await reasonOf(call) }, { signal });
  if (call.format !== "table") await printObject(call.terminal, call.format, asked as unknown as Row, `approval/${asked.approval}`);
  else call.terminal.out(`Content of ${asked.entries} entries is erased once another person agrees: mandate approvals approve ${asked.approval}\n`);
  return exitCodes.waiting;
}

export async function hold(call: Call): Promise<void> {
  const client = await call.client();
  const { signal } = call.terminal;
  if (call.flag("list")) {
    const { items } = await client.request<{ items: readonly Row[] }>("GET", "/api/v1/evidence/holds", undefined, { signal });
    return await printRows(call.terminal, call.format, { rows: items, columns: columns(["placedAt", "basis", "placedBy", "releasedAt", "id"]), nameOf: (row) => String(row.id), empty: "Nothing is held." });
  }
  const { id } = await client.request<{ id: string }>("POST", "/api/v1/evidence/holds", { ...whatOf(call), basis: basisOf(call) }, { signal });
  if (call.format !== "table") return await printObject(call.terminal, call.format, { id }, id);
  call.terminal.out(`Held: ${id}. To release it: mandate evidence release ${id}\n`);
}

export async function release(call: Call): Promise<void> {
  const client = await call.client();
  const id = call.args[0] ?? "";
  await client.request("POST", `/api/v1/evidence/holds/${encodeURIComponent(id)}/release`, { reason: await reasonOf(call) }, { signal: call.terminal.signal });
  call.say(`Released ${id}.`);
}

function columns(names: readonly string[]): { title: string; value: (row: Row) => unknown }[] {
  return names.map((name) => ({ title: name, value: (row) => row[name] }));
}
