import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { version } from "../version.ts";

export async function up(call: Call): Promise<ExitCode> {
  return await start(call, "up");
}

export async function serve(call: Call): Promise<ExitCode> {
  return await start(call, "serve");
}

/** Runs until SIGTERM or an interrupt; both end it in order, with exit 0. */
async function start(call: Call, mode: "up" | "serve"): Promise<ExitCode> {
  const stopping = Promise.withResolvers<void>();
  process.once("SIGTERM", () => stopping.resolve());
  call.terminal.signal.addEventListener("abort", () => stopping.resolve(), { once: true });
  const { startServer } = await import("@mandate/server");
  const server = await startServer({
    mode,
    sample: call.flag("sample"),
    env: call.terminal.env,
    log: (line: string) => call.terminal.out(line.endsWith("\n") ? line : `${line}\n`),
  });
  await stopping.promise;
  await server.close();
  return exitCodes.done;
}

const defaultControlPort = 4600;

/** The data plane alone; runs until SIGTERM or an interrupt. */
export async function gateway(call: Call): Promise<ExitCode> {
  const { env } = call.terminal;
  const controlUrl = env["MANDATE_CONTROL_URL"];
  if (controlUrl === undefined || !URL.canParse(controlUrl)) {
    throw new CliError({ code: "control_url", message: "MANDATE_CONTROL_URL is missing or not an address.", next: "Set it to the control plane's address, and MANDATE_GATEWAY_TOKEN to what `mandate gateway create NAME` printed there." });
  }
  const port = gatewayPortOf(env);
  const stopping = Promise.withResolvers<void>();
  process.once("SIGTERM", () => stopping.resolve());
  call.terminal.signal.addEventListener("abort", () => stopping.resolve(), { once: true });
  const { startGateway } = await import("@mandate/gateway/remote");
  const line = (level: string) => (event: string, details: Readonly<Record<string, unknown>>) => call.terminal.err(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...details })}\n`);
  const running = await startGateway({
    controlUrl,
    token: env["MANDATE_GATEWAY_TOKEN"] || null,
    dataDir: env["MANDATE_DATA_DIR"] || "./.mandate-gateway",
    host: env["MANDATE_HOST"] || "127.0.0.1",
    port,
    log: { warn: line("warn"), error: line("error") },
    env,
    version,
    metricsToken: env["MANDATE_METRICS_TOKEN"] || null,
    say: (text) => call.terminal.out(`${text}\n`),
  });
  await stopping.promise;
  await running.close();
  return exitCodes.done;
}

/** As beside a control plane: its own variable, else the port after `MANDATE_PORT`. @throws CliError `gateway_port` */
export function gatewayPortOf(env: Readonly<Record<string, string | undefined>>): number {
  const name = env["MANDATE_GATEWAY_PORT"] ? "MANDATE_GATEWAY_PORT" : "MANDATE_PORT";
  const port = name === "MANDATE_PORT" ? Number(env[name] || defaultControlPort) + 1 : Number(env[name]);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new CliError({ code: "gateway_port", message: `${name} gives no port to listen on.`, next: "Leave it out for 4601." });
}
