import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";

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
