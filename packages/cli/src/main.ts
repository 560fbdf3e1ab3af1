import { exitCodes } from "./exit-codes.ts";
import { run } from "./program.ts";
import { processTerminal } from "./terminal.ts";

const interrupt = new AbortController();
let firstInterruptMs: number | undefined;
process.on("SIGINT", () => {
  // A second interrupt means now. The launcher passes on what the terminal sends to both, so one key press can arrive
  // twice: only a later one counts.
  if (firstInterruptMs !== undefined && performance.now() - firstInterruptMs > 500) process.exit(exitCodes.interrupted);
  firstInterruptMs ??= performance.now();
  interrupt.abort();
});
// `mandate get … | head` closes the pipe early; that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.done);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), processTerminal(interrupt.signal));
