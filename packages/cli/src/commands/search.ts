import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { DecisionSummary } from "@mandate/sdk";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { columnsOf } from "../kinds.ts";
import { cell, printObject, printRows, type Row } from "../render/format.ts";
import { instantOf } from "./get.ts";

/** `LOG#NUMBER`. Raises a CliError for anything else. */
export function placeOf(text: string): { readonly log: string; readonly index: number } {
  const match = /^(.+)#(\d{1,15})$/.exec(text);
  if (match === null) throw new CliError({ code: "entry_invalid", message: `\`${text}\` names no entry.`, next: "Write LOG#NUMBER, as `mandate decisions explain` shows both." });
  return { log: match[1]!, index: Number(match[2]) };
}

export async function search(call: Call): Promise<void> {
  const client = await call.client();
  const { signal } = call.terminal;
  const entry = call.option("entry");
  const filters = {
    ...Object.fromEntries(["system", "person", "tool", "rule", "code", "class", "outcome", "session", "trace"].flatMap((name) => (call.option(name) === undefined ? [] : [[name, call.option(name)]]))),
    ...(call.option("why") === undefined ? {} : { reason: call.option("why") }),
    ...(entry === undefined ? {} : placeOf(entry)),
    since: instantOf(call, "since"),
    until: instantOf(call, "until"),
  };
  const file = call.option("file");
  if (file === undefined) return await show(call, filters);
  const format = call.option("format") === "jsonl" ? "jsonl" : "csv";
  const source = Readable.fromWeb((await client.evidence.decisions({ ...filters, format }, { signal })) as Parameters<typeof Readable.fromWeb>[0]);
  if (file === "-") {
    for await (const part of source) await call.terminal.outBytes(part as Uint8Array);
    return;
  }
  // Written beside its name and renamed when whole: half a list must not look like all of it.
  const path = resolve(call.terminal.cwd, file);
  const partial = `${path}.${process.pid}.partial`;
  try {
    await pipeline(source, createWriteStream(partial, { mode: 0o600, flags: "wx" }), { signal });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  call.say(`Wrote ${file}.`);
}

async function show(call: Call, filters: Readonly<Record<string, string | number | undefined>>): Promise<void> {
  const limit = Number(call.option("limit"));
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 200) throw new CliError({ code: "limit_invalid", message: "--limit is not a count.", next: "Write a whole number from 1 to 200; for all of them write a file with -f." });
  const client = await call.client();
  const page = await client.decisions.list({ ...filters, limit }, { signal: call.terminal.signal });
  await printRows(call.terminal, call.format, {
    rows: page.items as unknown as readonly Row[],
    columns: columnsOf("decisions"),
    nameOf: (row) => `decision/${String(row.id)}`,
    empty: "No decision fits.",
  });
  if (page.nextCursor !== null && call.format === "table") call.say("There are more. Narrow the search, raise --limit, or write all of them to a file with -f.");
}

interface Session {
  readonly id: string;
  readonly systems: readonly string[];
  readonly truncated: boolean;
  readonly steps: readonly {
    readonly decision: DecisionSummary;
    readonly approval: { readonly id: string; readonly state: string } | null;
    readonly classes: readonly string[];
    readonly labels: { readonly maxSensitivity: string; readonly untrusted: boolean } | null;
  }[];
  readonly spans: readonly { readonly operation: string; readonly model: string | null; readonly tool: string | null; readonly address: string | null; readonly decision: string | null; readonly started: string }[];
  readonly spansTruncated: boolean;
}

export async function session(call: Call): Promise<void> {
  const client = await call.client();
  const found = await client.request<Session>("GET", `/api/v1/sessions/${encodeURIComponent(call.args[0] ?? "")}`, undefined, { signal: call.terminal.signal });
  if (call.format !== "table") return await printObject(call.terminal, call.format, found as unknown as Row, `session/${found.id}`);
  const lines = [`Session ${cell(found.id)} of ${cell(found.systems)}`];
  if (found.truncated) lines.push("  earlier steps are left out");
  for (const { decision, approval, classes, labels } of found.steps) {
    lines.push(`  ${cell(decision.at)}  ${cell(decision.outcome).padEnd(5)}  ${cell(decision.action)} ${cell(decision.resource)}${approval === null ? "" : `  approval ${cell(approval.state)}`}`);
    const seen = [...(labels === null ? [] : [labels.maxSensitivity, labels.untrusted ? "untrusted" : "trusted"]), ...classes];
    if (seen.length > 0) lines.push(`      ${seen.map(cell).join(", ")}`);
    if (decision.outcome !== "allow") lines.push(`      ${cell(decision.reason)}`);
  }
  if (found.spans.length > 0) lines.push("What the application reports of itself in the same traces (its own word):");
  for (const { operation, model, tool, address, decision, started } of found.spans)
    lines.push(`  ${cell(started)}  ${[operation, model ?? tool, ...(address === null ? [] : [`at ${address}`]), ...(decision === null ? [] : [decision])].filter((one) => one !== null).map(cell).join(" ")}`);
  if (found.spansTruncated) lines.push("  later spans are left out");
  call.terminal.out(`${lines.join("\n")}\n`);
}
