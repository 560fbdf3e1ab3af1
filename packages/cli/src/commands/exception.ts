import type { Call } from "../command.ts";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { printObject, printRows, type Row } from "../render/format.ts";
import { instantAfter, reasonOf } from "./reason.ts";

const idOf = (call: Call): string => (call.args[0] ?? "").replace(/^exceptions?\//, "");
const scopeText = (row: Row): string => {
  const { kind, id } = row["scope"] as { kind: string; id: string };
  return `${kind} ${id}`;
};

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const system = call.option("system");
  const { items } = await client.request<{ items: readonly Row[] }>(
    "GET",
    `/api/v1/exceptions?limit=500${system === undefined ? "" : `&system=${encodeURIComponent(system)}`}`,
  );
  await printRows(call.terminal, call.format, {
    rows: items,
    columns: [
      { title: "ID", value: (row) => row["id"] },
      { title: "STATE", value: (row) => row["state"] },
      { title: "SYSTEM", value: (row) => row["system"] },
      { title: "LETS PASS", value: scopeText },
      { title: "ENDS", value: (row) => row["ends"] },
      { title: "BY", value: (row) => (row["grantedBy"] as readonly string[]).join(", ") },
    ],
    nameOf: (row) => `exception/${String(row["id"])}`,
    empty: "None.",
  });
}

const scopes = ["gate", "rule", "control", "finding"] as const;

/** Exit 5: it waits for its approvers. */
export async function request(call: Call): Promise<ExitCode> {
  const given = scopes.flatMap((kind) => {
    const id = call.option(kind);
    return id === undefined ? [] : [{ kind, id }];
  });
  if (given.length !== 1) throw new CliError({ code: "scope_missing", message: "Say what is let pass.", next: "Give exactly one of --gate, --rule, --control, --finding." });
  const client = await call.client();
  const made = await client.request<Row>("POST", "/api/v1/exceptions", {
    system: (call.option("system") ?? "").replace(/^systems?[/:]/, ""),
    scope: given[0],
    reason: await reasonOf(call),
    compensating: call.option("compensating") ?? "",
    ends: call.option("until") ?? instantAfter(call.terminal.now(), call.option("for") ?? "7d"),
  });
  await printObject(call.terminal, call.format, made, `exception/${String(made["id"])}`);
  call.say(`It waits for its approvers: mandate approve ${String(made["approval"])}`);
  return exitCodes.waiting;
}

export const act =
  (verb: "grant" | "refuse" | "end") =>
  async (call: Call): Promise<void> => {
    const client = await call.client();
    const path = `/api/v1/exceptions/${encodeURIComponent(idOf(call))}/${verb}`;
    const row = await client.request<Row>("POST", path, { reason: await reasonOf(call) });
    await printObject(call.terminal, call.format, row, `exception/${idOf(call)}`);
  };
