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

export function diff(call: Call): Promise<void> {
  return compare(call, "GET", "definitions");
}

export function look(call: Call): Promise<void> {
  return compare(call, "POST", "look");
}

async function compare(call: Call, method: "GET" | "POST", path: string): Promise<void> {
  const name = idOf(call, "mcp-server");
  const found = await ask(call, method, `/api/v1/mcp-servers/${name}/${path}`);
  if (call.format !== "table") return await printObject(call.terminal, call.format, found, `mcp-server/${name}`);
  const { out } = call.terminal;
  const tools = rowsOf(found["tools"]);
  const shown = call.flag("all") ? tools : tools.filter((tool) => tool["state"] !== "pinned");
  if (tools.length === 0) return out("Nothing is pinned, so nothing of it is listed or runs.\n");
  if (shown.length === 0) out("Everything it offers is as it was reviewed.\n");
  for (const tool of shown) {
    out(`${cell(tool["tool"])}: ${said[String(tool["state"])] ?? cell(tool["state"])}\n`);
    for (const line of unseen(tool)) out(`  ! ${line}\n`);
    for (const member of rowsOf(tool["diff"])) {
      out(`  ${cell(member["path"])}\n`);
      if (member["old"] !== null) out(`  - ${cell(member["old"])}\n`);
      if (member["new"] !== null) out(`  + ${cell(member["new"])}\n`);
    }
  }
  if (shown.some((tool) => tool["state"] !== "pinned")) out(`\nAccept it: mandate mcp pin ${name} --reason "…"\nRefuse it: mandate mcp refuse ${name} --tools NAMES --reason "…"\n`);
}

/** What a terminal would not show, and who refused it. */
function unseen(tool: Row): string[] {
  const refused = tool["refused"] as Row | null;
  const hidden = tool["hidden"] as { readonly characters?: readonly Row[]; readonly says?: string | null } | undefined;
  const characters = (hidden?.characters ?? []).map((one) => `${cell(one["code"])} ${cell(one["name"])} (${cell(one["count"])})`);
  return [
    ...(refused == null ? [] : [`refused by ${cell(refused["by"])}: ${cell(refused["reason"])}`]),
    ...(characters.length === 0 ? [] : [`hidden characters: ${characters.join(", ")}`]),
    ...(hidden?.says == null ? [] : [`hidden text: ${cell(hidden.says)}`]),
  ];
}

/** The definitions that `mcp diff` shows of these tools, by their hashes: what is answered is what was read. */
async function shownOf(call: Call, name: string, given: string): Promise<Record<string, string>> {
  const found = await ask(call, "GET", `/api/v1/mcp-servers/${name}/definitions`);
  const offered = new Map(rowsOf(found["tools"]).map((tool) => [String(tool["tool"]), (tool["offered"] as { readonly hash: string } | null)?.hash]));
  const tools = given.split(",").map((tool) => tool.trim()).filter((tool) => tool !== "");
  return Object.fromEntries(
    tools.map((tool) => {
      const hash = offered.get(tool);
      if (hash === undefined) throw new CliError({ code: "tool_not_offered", message: `${name} doesn't offer ${tool}.`, next: `See what it offers: mandate mcp diff ${name} --all` });
      return [tool, hash];
    }),
  );
}

export async function refuse(call: Call): Promise<void> {
  const name = idOf(call, "mcp-server");
  const tools = await shownOf(call, name, call.option("tools") ?? "");
  const answer = await ask(call, "POST", `/api/v1/mcp-servers/${name}/refuse`, { tools, reason: await reasonOf(call) });
  if (call.format !== "table") return await printObject(call.terminal, call.format, answer, `mcp-server/${name}`);
  call.terminal.out(`Refused: ${rowsOf(answer["tools"]).map(cell).join(", ")} of ${cell(answer["server"])}. Calls stay refused until the server offers something else, or somebody pins it by name.\n`);
}

export async function pin(call: Call): Promise<void> {
  const name = idOf(call, "mcp-server");
  const given = call.option("tools");
  const tools = given === undefined ? {} : { tools: await shownOf(call, name, given) };
  const answer = await ask(call, "POST", `/api/v1/mcp-servers/${name}/pin`, { ...tools, reason: await reasonOf(call) });
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
