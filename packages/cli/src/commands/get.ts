import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { columnsOf, field, manifestKindOf, nameOf, singular, target, type Kind } from "../kinds.ts";
import { fields, printObject, printRows, type Row } from "../render/format.ts";

export async function get(call: Call): Promise<void> {
  const { kind, name } = target(call.args);
  if (name !== undefined) {
    const object = await one(call, kind, name);
    if (call.format === "yaml") return await printObject(call.terminal, "yaml", manifestOf(kind, object), name);
    if (call.format === "table")
      return await printRows(call.terminal, "table", {
        rows: [object],
        columns: columnsOf(kind),
        nameOf: (row) => nameOf(kind, row),
        empty: "",
      });
    return await printObject(call.terminal, call.format, object, `${singular(kind)}/${name}`);
  }
  const limit = Number(call.option("limit"));
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new CliError({
      code: "limit_invalid",
      message: "--limit is not a count.",
      next: "Write a whole number of 1 or more.",
    });
  const client = await call.client();
  const rows: Row[] = [];
  const filters = { ...filtersOf(call), ...asOfOf(call), limit: Math.min(limit, 200) };
  for await (const row of client.all<Row>(kind, filters, { signal: call.terminal.signal })) {
    if (matches(kind, row, filtersOf(call))) rows.push(row);
    if (rows.length >= limit) break;
  }
  if (rows.length >= limit) call.say(`Showing the first ${limit}. For more: --limit.`);
  await printRows(call.terminal, call.format, {
    rows: call.format === "yaml" ? rows.map((row) => manifestOf(kind, row)) : rows,
    columns: columnsOf(kind),
    nameOf: (row) => nameOf(kind, row),
    empty: Object.keys(filtersOf(call)).length > 0 ? `No ${kind} match the filter.` : `No ${kind}.`,
  });
}

export async function describe(call: Call): Promise<void> {
  const { kind, name } = target(call.args);
  if (name === undefined)
    throw new CliError({
      code: "name_missing",
      message: `Which of the ${kind}?`,
      next: `Write ${singular(kind)}/NAME. To list them: mandate get ${kind}`,
    });
  const object = await one(call, kind, name);
  if (call.format === "table") call.terminal.out(fields(object));
  else await printObject(call.terminal, call.format, object, `${singular(kind)}/${name}`);
}

async function one(call: Call, kind: Kind, name: string): Promise<Row> {
  const client = await call.client();
  return await client.get<Row>(kind, name, asOfOf(call), { signal: call.terminal.signal });
}

function asOfOf(call: Call): { readonly asOf?: string } {
  const place = call.option("asOf");
  // An entry's place is an instant as well: the server looks up when it was written.
  const asOf = place !== undefined && /#\d+$/.test(place) ? place : instantOf(call, "asOf");
  return asOf === undefined ? {} : { asOf };
}

/** The option as RFC 3339 in UTC. Raises a CliError for what is no instant. */
export function instantOf(call: Call, option: string): string | undefined {
  const text = call.option(option);
  if (text === undefined) return undefined;
  const instant = new Date(text);
  if (!Number.isNaN(instant.getTime())) return instant.toISOString();
  throw new CliError({
    code: "instant_invalid",
    message: `\`${text}\` is not an instant.`,
    next: "Write it as 2026-06-30T00:00:00Z.",
  });
}

/**
 * A server leaves out of account what it doesn't know, and a filter that nobody applied would name every object to the
 * next command of a pipe.
 */
function matches(kind: Kind, row: Row, filters: Readonly<Record<string, string>>): boolean {
  return Object.entries(filters).every(([name, wanted]) => {
    if (name === "q" || name === "owner") return true;
    const value = field(row, name);
    if (value === undefined)
      throw new CliError({
        code: "filter_invalid",
        message: `${kind} have no field \`${name}\` to filter by.`,
        next: `To see the fields: mandate get ${kind} --limit 1 -o json`,
      });
    return typeof value === "object" ? value !== null : String(value) === wanted;
  });
}

function filtersOf(call: Call): Readonly<Record<string, string>> {
  return Object.fromEntries(
    call.list("filter").map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1)
        throw new CliError({
          code: "filter_invalid",
          message: `\`${pair}\` is not a filter.`,
          next: "Write --filter field=value.",
        });
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** The object as a manifest would say it; whole where the kind has no manifest. */
export function manifestOf(kind: Kind, object: Row): Row {
  const named = manifestKindOf(kind);
  if (named === undefined || object.spec === undefined) return object;
  const { name, unit, labels, spec } = object;
  const written = typeof labels === "object" && labels !== null && Object.keys(labels).length > 0;
  return {
    apiVersion: "v1",
    kind: named,
    metadata: { name, ...(typeof unit === "string" ? { unit } : {}), ...(written ? { labels } : {}) },
    spec,
  };
}
