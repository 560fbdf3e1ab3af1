import type { Call } from "../command.ts";
import { printObject, printRows, type Row } from "../render/format.ts";
import { instantAfter } from "./reason.ts";

const nameOf = (call: Call): string => (call.args[0] ?? "").replace(/^service-account\//, "");
const path = (call: Call, rest = ""): string => `/api/v1/service-accounts/${encodeURIComponent(nameOf(call))}${rest}`;

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const { items } = await client.request<{ items: readonly Row[] }>("GET", "/api/v1/service-accounts");
  await printRows(call.terminal, call.format, {
    rows: items,
    columns: [
      { title: "NAME", value: (row) => row["name"] },
      { title: "OWNER", value: (row) => row["owner"] },
      { title: "SCOPES", value: (row) => (row["scopes"] as readonly string[]).join(", ") },
      { title: "TOKEN DAYS", value: (row) => row["tokenDays"] },
      { title: "TOKENS", value: (row) => (row["tokens"] as readonly unknown[]).length },
    ],
    nameOf: (row) => `service-account/${String(row["name"])}`,
    empty: "None. Make one: mandate service-account create NAME --owner EMAIL --scope SCOPE",
  });
}

export async function create(call: Call): Promise<void> {
  const client = await call.client();
  const made = await client.request<Row>("POST", "/api/v1/service-accounts", {
    name: nameOf(call),
    owner: call.option("owner") ?? "",
    scopes: call.list("scope").flatMap((text) => text.split(",")),
    tokenDays: Number(call.option("token-days") ?? "30"),
  });
  await printObject(call.terminal, call.format, made, `service-account/${nameOf(call)}`);
}

/** As a table the token stands alone, so that `$(…)` takes it. */
export async function token(call: Call): Promise<void> {
  const client = await call.client();
  const ttl = call.option("ttl");
  const notAfter = ttl === undefined ? null : instantAfter(call.terminal.now(), ttl);
  const made = await client.request<{ token: string; notAfter: string }>("POST", path(call, "/tokens"), { notAfter });
  if (call.format === "table") call.terminal.out(`${made.token}\n`);
  else await printObject(call.terminal, call.format, { ...made }, made.token);
  call.say(`It acts as ${nameOf(call)} until ${made.notAfter} and is shown this once.`);
}

export async function end(call: Call): Promise<void> {
  const client = await call.client();
  await client.request("DELETE", path(call));
  call.say(`${nameOf(call)} and its tokens have ended.`);
}
