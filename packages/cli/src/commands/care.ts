import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { fields, printObject, printRows, type Row } from "../render/format.ts";

/** A day or an RFC 3339 instant as the API takes it. */
export function instantOf(text: string, flag: string): string {
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) throw new CliError({ code: "instant", message: `\`${text}\` is not an instant.`, next: `Write a day or an RFC 3339 instant: ${flag} 2027-03-31` });
  return new Date(instant).toISOString();
}

export const idOf = (call: Call, kind: string): string => encodeURIComponent((call.args[0] ?? "").replace(new RegExp(`^${kind}s?/`), ""));

export async function ask(call: Call, method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<Row> {
  const client = await call.client();
  return (await client.request<Row>(method, path, body, { signal: call.terminal.signal })) ?? {};
}

/** A list endpoint, page after page, as a table of these columns. */
export async function printList(call: Call, kind: string, filters: Readonly<Record<string, string | undefined>>, shown: readonly string[], empty: string): Promise<void> {
  const client = await call.client();
  const rows: Row[] = [];
  for await (const row of client.all<Row>(kind, filters, { signal: call.terminal.signal })) rows.push(row);
  await printRows(call.terminal, call.format, {
    rows,
    columns: shown.map((name) => ({ title: name, value: (row: Row) => row[name] })),
    nameOf: (row) => `${kind.replace(/s$/, "")}/${String(row["id"] ?? row["system"] ?? row["target"] ?? row["href"])}`,
    empty,
  });
}

export async function printOne(call: Call, answer: Row, name: string, shown: readonly string[]): Promise<void> {
  if (call.format === "table") call.terminal.out(fields(Object.fromEntries(shown.map((key) => [key, answer[key]]))));
  else await printObject(call.terminal, call.format, answer, `${name}/${String(answer["id"] ?? "")}`);
}
