import { exitCodes } from "./exit-codes.ts";
import { run } from "./program.ts";
import { processTerminal } from "./terminal.ts";

const interrupt = new AbortController();
let interrupts = 0;
process.on("SIGINT", () => {
  interrupts += 1;
  interrupt.abort();
  // A second interrupt means now.
  if (interrupts > 1) process.exit(exitCodes.interrupted);
});
// `mandate get … | head` closes the pipe early; that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.done);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), processTerminal(interrupt.signal));
