import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { printObject, printRows, type Row } from "../render/format.ts";
import { ask } from "./care.ts";

interface User extends Row {
  readonly system: string;
  readonly through: readonly string[];
  readonly authorization: { readonly number: number; readonly type: string; readonly state: string; readonly ends: string | null } | null;
}

/** From the record as it is now, each system with the authorization it runs by. */
export async function used(call: Call): Promise<void> {
  const [kind = "", name = ""] = (call.args[0] ?? "").split(/[/:](.*)/s);
  if (kind === "" || name === "") throw new CliError({ code: "object_unnamed", message: "Name one object as KIND/NAME.", next: "mandate used tool/refunds.issue" });
  const found = await ask(call, "GET", `/api/v1/use/${encodeURIComponent(kind)}/${encodeURIComponent(name)}`);
  if (call.format !== "table") return await printObject(call.terminal, call.format, found, `${kind}/${name}`);
  await printRows(call.terminal, call.format, {
    rows: found["users"] as readonly User[],
    columns: [
      { title: "system", value: (row) => row["system"] },
      { title: "through", value: (row) => (row as User).through.join(", ") },
      { title: "authorization", value: (row) => authorizationText(row as User) },
    ],
    nameOf: (row) => `system/${(row as User).system}`,
    empty: `No system uses ${kind}/${name}.`,
  });
  call.say(`Last seen: ${String(found["lastSeen"] ?? "never")}.`);
}

function authorizationText({ authorization }: User): string {
  if (authorization === null) return "none";
  return `${authorization.type} ${authorization.number}, ${authorization.state}${authorization.ends === null ? "" : `, until ${authorization.ends.slice(0, 10)}`}`;
}
