import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { cell, printObject, type Row } from "../render/format.ts";
import { ask, idOf } from "./care.ts";
import { reasonOf } from "./reason.ts";

const rowsOf = (value: unknown): readonly Row[] => (Array.isArray(value) ? (value as readonly Row[]) : []);

const said: Readonly<Record<string, string>> = {
  pinned: "as it was reviewed",
  changed: "differs from what was reviewed: its calls are refused",
  gone: "no longer offered: its calls are refused",
  new: "offered, and reviewed by nobody: not listed",
};

export async function diff(call: Call): Promise<void> {
  const name = idOf(call, "mcp-server");
  const found = await ask(call, "GET", `/api/v1/mcp-servers/${name}/definitions`);
  if (call.format !== "table") return await printObject(call.terminal, call.format, found, `mcp-server/${name}`);
  const { out } = call.terminal;
  const tools = rowsOf(found["tools"]);
  const shown = call.flag("all") ? tools : tools.filter((tool) => tool["state"] !== "pinned");
  if (tools.length === 0) return out("Nothing is pinned, so nothing of it is listed or runs.\n");
  if (shown.length === 0) out("Everything it offers is as it was reviewed.\n");
  for (const tool of shown) {
    out(`${cell(tool["tool"])}: ${said[String(tool["state"])] ?? cell(tool["state"])}\n`);
    for (const member of rowsOf(tool["diff"])) {
      out(`  ${cell(member["path"])}\n`);
      if (member["old"] !== null) out(`  - ${cell(member["old"])}\n`);
      if (member["new"] !== null) out(`  + ${cell(member["new"])}\n`);
    }
  }
  if (shown.some((tool) => tool["state"] !== "pinned")) out(`\nAccept it: mandate mcp pin ${name} --reason "…"\n`);
}

export async function pin(call: Call): Promise<void> {
  const name = idOf(call, "mcp-server");
  const answer = await ask(call, "POST", `/api/v1/mcp-servers/${name}/pin`, { reason: await reasonOf(call) });
  if (call.format !== "table") return await printObject(call.terminal, call.format, answer, `mcp-server/${name}`);
  call.terminal.out(`Pinned ${rowsOf(answer["tools"]).length} tools of ${cell(answer["server"])}.\n`);
}

export async function commands(call: Call): Promise<void> {
  const given = call.option("allow");
  let allow: unknown;
  try {
    allow = given === undefined ? undefined : JSON.parse(given);
  } catch {
    throw new CliError({ code: "allow_invalid", message: "--allow is not JSON.", next: `Write a list of command lines: '[["/usr/bin/node", "/opt/wiki/index.js"]]'` });
  }
  const answer = await ask(call, given === undefined ? "GET" : "PUT", "/api/v1/settings/mcp-commands", given === undefined ? undefined : { allow });
  if (call.format !== "table") return await printObject(call.terminal, call.format, answer, "mcp-commands");
  const lines = rowsOf(answer["allow"]) as unknown as readonly (readonly string[])[];
  call.terminal.out(lines.length === 0 ? "No MCP server may be started as a process.\n" : `${lines.map((words) => words.join(" ")).join("\n")}\n`);
}
