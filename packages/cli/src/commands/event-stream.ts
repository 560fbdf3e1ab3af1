import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { printObject, printRows, type Row } from "../render/format.ts";

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const { items } = await client.request<{ items: Row[] }>("GET", "/api/v1/event-streams");
  await printRows(call.terminal, call.format, {
    rows: items,
    columns: [{ title: "name", value: (row) => row["name"] }, { title: "to", value: (row) => toOf(row["settings"] as Row) }, { title: "waiting", value: (row) => row["waiting"] }, { title: "delivered", value: (row) => row["deliveredAt"] ?? "never" }, { title: "failing", value: (row) => row["failing"] ?? "no" }],
    nameOf: (row) => String(row["name"]),
    empty: "Events go nowhere.",
  });
}

function toOf(settings: Row): string {
  return settings["kind"] === "http" ? String(settings["url"]) : `syslog+${settings["tls"] === true ? "tls" : "tcp"}://${String(settings["host"])}:${String(settings["port"])}`;
}

export async function put(call: Call): Promise<void> {
  const to = await destinationOf(call);
  const client = await call.client();
  const state = await client.request<Row>("PUT", `/api/v1/event-streams/${encodeURIComponent(call.args[0] ?? "")}`, { to, from: call.option("from"), reason: call.option("reason") }, { timeoutMs: 0 });
  if (call.format !== "table") return await printObject(call.terminal, call.format, state, "event-stream");
  call.say(state["failing"] === null ? `Events go to ${toOf(state["settings"] as Row)}; ${String(state["waiting"])} wait.` : `Kept, and tried again by itself: ${String(state["failing"])}.`);
}

async function destinationOf(call: Call): Promise<Row> {
  const address = call.option("to") ?? "";
  const syslog = /^syslog\+(tls|tcp):\/\/(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(address);
  const option = (name: string): Row => (call.option(name) === undefined ? {} : { [name]: call.option(name) });
  const tls = { ...(await pem(call, "ca")), ...(await pem(call, "certificate")), ...option("key") };
  if (syslog !== null) return { kind: "syslog", host: syslog[2]!.replaceAll(/[[\]]/g, ""), port: Number(syslog[3]), tls: syslog[1] === "tls", ...tls };
  if (/^https?:\/\//.test(address)) return { kind: "http", url: address, ...option("secret"), ...option("scheme"), ...tls };
  throw new CliError({ code: "address_unknown", message: "--to is no address that events can go to.", next: "Write https://…, syslog+tls://HOST:PORT or syslog+tcp://HOST:PORT." });
}

/** The file that an option names. */
async function pem(call: Call, name: "ca" | "certificate"): Promise<Row> {
  const path = call.option(name);
  if (path === undefined) return {};
  const text = await readFile(resolve(call.terminal.cwd, path), "utf8").catch((cause: unknown) => {
    throw new CliError({ code: `${name}_unreadable`, message: `${path} can't be read.`, next: `Check the path given with --${name}.`, cause });
  });
  return { [name]: text };
}

export async function remove(call: Call): Promise<void> {
  const client = await call.client();
  await client.request("DELETE", `/api/v1/event-streams/${encodeURIComponent(call.args[0] ?? "")}`, { reason: call.option("reason") });
  call.say("Nothing more is sent there.");
}
