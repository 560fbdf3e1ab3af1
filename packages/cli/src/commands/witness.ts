import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { printRows, type Row } from "../render/format.ts";

/** Somebody else's program beside this one's log; runs until SIGTERM or an interrupt. */
export async function witness(call: Call): Promise<ExitCode> {
  const { terminal } = call;
  const port = Number(call.option("port") ?? "4610");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new CliError({ code: "witness_port", message: "--port is not a port number.", next: "Leave it out for 4610." });
  const trust = call.option("logs") ?? "";
  const logs = await readFile(resolve(terminal.cwd, trust), "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new CliError({ code: "witness_logs", message: `${trust} can't be read (${cause.code ?? "unknown"}).`, next: "Name a file with the verifier key of each log, one a line: `mandate evidence witness policy` at the installation prints them.", cause });
  });
  const stopping = Promise.withResolvers<void>();
  process.once("SIGTERM", () => stopping.resolve());
  terminal.signal.addEventListener("abort", () => stopping.resolve(), { once: true });
  const { startWitness } = await import("@mandate/witness");
  const running = await startWitness({
    name: call.option("name") ?? "",
    dataDir: resolve(terminal.cwd, call.option("data") ?? "./.mandate-witness"),
    logs,
    host: call.option("host") ?? "127.0.0.1",
    port,
    now: terminal.now,
    log: (line) => terminal.err(`${new Date(terminal.now()).toISOString()} ${line}\n`),
  });
  terminal.out(`Witness at ${running.url}\n${running.vkey}\n`);
  await stopping.promise;
  await running.close();
  return exitCodes.done;
}

const columns = [
  { title: "name", value: (row: Row) => row.name },
  { title: "outside", value: (row: Row) => row.outside },
  { title: "signed", value: (row: Row) => row.signedAt },
  { title: "url", value: (row: Row) => row.url },
  { title: "failing", value: (row: Row) => row.failing },
];

interface Witnesses {
  readonly trust: string;
  readonly unanchored: number;
  readonly quorum: number;
  readonly items: readonly Row[];
}

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const { items, trust, unanchored, quorum } = await client.request<Witnesses>("GET", "/api/v1/evidence/witnesses");
  await printRows(call.terminal, call.format, { rows: [...items], columns, nameOf: (row) => `witness/${String(row.name)}`, empty: "No witness: the installation is self-attested." });
  call.say(items.length === 0 ? `${unanchored} entries are unanchored.` : `${trust}, ${quorum} of ${items.length} must cosign; ${unanchored} entries are unanchored.`);
}

export async function put(call: Call): Promise<void> {
  const client = await call.client();
  const name = call.args[0] ?? "";
  await client.request("PUT", `/api/v1/evidence/witnesses/${encodeURIComponent(name)}`, { vkey: call.option("vkey"), url: call.option("at"), outside: !call.flag("inside"), reason: call.option("reason") });
  call.say(`${name} is asked to cosign the next checkpoint. It must know this installation's log: mandate evidence witness policy`);
}

export async function remove(call: Call): Promise<void> {
  const client = await call.client();
  const name = call.args[0] ?? "";
  await client.request("DELETE", `/api/v1/evidence/witnesses/${encodeURIComponent(name)}`, { reason: call.option("reason") });
  call.say(`${name} is no longer asked; what it signed stays.`);
}

export async function policy(call: Call): Promise<void> {
  const client = await call.client();
  const { policy: text } = await client.request<{ policy: string }>("GET", "/api/v1/evidence/policy");
  call.terminal.out(text);
}
