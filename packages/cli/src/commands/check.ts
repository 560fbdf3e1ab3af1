import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { cell, printObject, printRows, type Row } from "../render/format.ts";

const actions = { tool: "tool.call", model: "model.call", destination: "data.export" } as const;
type ResourceType = keyof typeof actions;

export async function checkExport(call: Call): Promise<ExitCode> {
  return decide(call, "data.export", { type: "destination", id: call.option("to") ?? "" }, contextOf(call));
}

export async function checkDeploy(call: Call): Promise<ExitCode> {
  const system = call.option("system") ?? "";
  return decide(call, "deploy", { type: "system", id: system }, { digest: call.option("digest") });
}

async function decide(call: Call, action: string, resource: { type: string; id: string }, context: Row): Promise<ExitCode> {
  const client = await call.client();
  const approval = call.option("approval");
  const verdict = await client.check(
    { subject: { type: "system", id: call.option("system") ?? "" }, action, resource, context, ...(approval === undefined ? {} : { approval }) },
    { signal: call.terminal.signal },
  );
  const { outcome, reason, remedies } = verdict;
  if (call.format === "table") {
    call.terminal.out(`${outcome}: ${cell(reason)}\n`);
    if (outcome !== "allow") for (const remedy of remedies) call.say([remedy.text, remedy.command, remedy.url].filter(Boolean).join("  "));
  } else await printObject(call.terminal, call.format, { ...verdict }, "decision");
  // Nothing was decided: a pipeline must not read an outage as a rule's no.
  if (verdict.decisionId === null) return exitCodes.failed;
  if (outcome === "allow") return exitCodes.done;
  return outcome === "hold" ? exitCodes.waiting : exitCodes.refused;
}

interface Found {
  readonly page: { readonly next_token: string };
  readonly context: { readonly held: readonly { readonly type: string; readonly id: string }[] };
  readonly results: readonly { readonly type: string; readonly id: string }[];
}

export async function what(call: Call): Promise<void> {
  const subject = { type: "system", id: call.args[0] ?? "" };
  const rows: Row[] = [];
  for (const type of Object.keys(actions) as ResourceType[])
    rows.push(...(await search(call, "resource", { subject, action: { name: actions[type] }, resource: { type } })));
  await printRows(call.terminal, call.format, {
    rows,
    columns: columnsOf("type", "name", "outcome"),
    nameOf: (row) => `${String(row["type"])}:${String(row["name"])}`,
    empty: "It may use nothing now.",
  });
}

export async function who(call: Call): Promise<void> {
  const [type = "", ...rest] = (call.args[0] ?? "").split(":");
  if (!Object.hasOwn(actions, type) || rest.length === 0)
    throw new CliError({ code: "usage", message: "That names nothing a system uses.", next: "Write tool:NAME, model:NAME or destination:NAME.", exit: exitCodes.failed });
  const rows = await search(call, "subject", {
    subject: { type: "system" },
    action: { name: actions[type as ResourceType] },
    resource: { type, id: rest.join(":") },
  });
  await printRows(call.terminal, call.format, {
    rows,
    columns: columnsOf("name", "outcome"),
    nameOf: (row) => `system/${String(row["name"])}`,
    empty: "No system may use it now.",
  });
}

/** All pages of a search, those that need a person after those that may at once. */
async function search(call: Call, wanted: "subject" | "resource", question: Row): Promise<readonly Row[]> {
  const client = await call.client();
  const rows: Row[] = [];
  for (let token = ""; ; ) {
    const page = token === "" ? {} : { token };
    const found = await client.request<Found>("POST", `/access/v1/search/${wanted}`, { ...question, context: contextOf(call), page }, { signal: call.terminal.signal });
    rows.push(...found.results.map(({ type, id }) => ({ type, name: id, outcome: "allow" })));
    token = found.page.next_token;
    if (token === "") return [...rows, ...found.context.held.map(({ type, id }) => ({ type, name: id, outcome: "hold" }))];
  }
}

function contextOf(call: Call): Row {
  const classes = call.list("class");
  const named = ["region", "purpose", "sensitivity"].flatMap((name) => {
    const value = call.option(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(named), ...(classes.length === 0 ? {} : { classes }) };
}

function columnsOf(...names: readonly string[]) {
  return names.map((name) => ({ title: name, value: (row: Row) => row[name] }));
}
