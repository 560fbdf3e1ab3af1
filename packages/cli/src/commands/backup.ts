import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { printObject, type Row } from "../render/format.ts";
import { sayWhatFollows } from "./epoch.ts";
import { tokensOf } from "./token-files.ts";

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** On the server's machine, while it runs or not; needs no sign-in, because whoever reads the data directory holds what it protects. */
export async function backup(call: Call): Promise<void> {
  const { backUp } = await import("@mandate/server");
  const taken = await backUp({
    env: call.terminal.env,
    into: resolve(call.terminal.cwd, call.option("to") ?? ""),
    includeMasterKey: call.flag("includeMasterKey"),
    keepDays: daysOf(call),
    onProgress: progressOf(call),
  });
  if (call.format === "table") call.terminal.out(`${taken.folder}\n`);
  else await printObject(call.terminal, call.format, taken as unknown as Row, taken.folder);
  call.say(`${taken.rows} rows, ${megabytes(taken.bytes)}. To try it, changing nothing: mandate restore ${taken.folder} --verify`);
  if (!call.flag("includeMasterKey")) call.say("The master key is not in it. Keep that elsewhere: without it nothing sealed opens.");
  call.say(`Its folder keys/ opens content; it loads until ${taken.keysUntil} and must be gone by then, wherever you copied it.`);
  if (taken.keysTakenOut.length > 0) call.say(`keys/ was removed from ${taken.keysTakenOut.join(", ")}.`);
  if (taken.removed.length > 0) call.say(`Removed ${taken.removed.join(", ")}.`);
}

/** Checks always; writes only without `--verify`, and then on two people's word. */
export async function restore(call: Call): Promise<void> {
  const { checkBackup, restore: run } = await import("@mandate/server");
  const folder = resolve(call.terminal.cwd, call.args[0] ?? "");
  const { env } = call.terminal;
  const onProgress = progressOf(call);
  if (call.flag("verify")) {
    const checked = await checkBackup({ env, folder, onProgress });
    const lost = Object.values(checked.lost).reduce((sum, one) => sum + one, 0);
    if (call.format === "table") call.terminal.out(`Whole: ${checked.rows} rows and ${checked.entries} entries of ${checked.logs.length} logs, as of ${checked.takenAt}.\n`);
    else await printObject(call.terminal, call.format, checked as unknown as Row, folder);
    call.say(lost === 0 ? "No head kept in the data directory knows of later entries." : `Heads kept in the data directory know of ${lost} later entries: a restore loses them, and says so in the log.`);
    if (checked.keys !== "there") call.say(checked.keys === "ended" ? "Content won't open: its keys ended with their time." : "Content won't open: its keys were taken out.");
    return;
  }
  const reason = call.option("reason");
  if (call.list("token-file").length === 0 || reason === undefined) {
    throw new CliError({ code: "two_people", message: "A restore takes two people and a reason.", next: 'Add --token-file A B --reason "…", or --verify to check and change nothing.' });
  }
  const done = await run({ env, folder, tokens: await tokensOf(call), reason, replace: call.flag("replace"), onProgress });
  const lost = Object.values(done.epoch.lost).reduce((sum, one) => sum + one, 0);
  if (call.format === "table") call.terminal.out(`Restored ${done.rows} rows as of ${done.takenAt}; ${lost} later entries are known to be lost.\nThe new meta-log is ${done.epoch.metaOrigin}.\n`);
  else await printObject(call.terminal, call.format, done as unknown as Row, done.epoch.metaOrigin);
  if (done.setAside !== null) call.say(`The database that was there is kept in ${done.setAside}.`);
  if (done.keys !== "there") call.say("Content of then doesn't open: its keys were not in the backup any more.");
  sayWhatFollows(call, done.epoch.people);
}

function daysOf(call: Call): number | null {
  const text = call.option("keep-days");
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new CliError({ code: "keep_days", message: "--keep-days is a whole number of days.", next: "For example --keep-days 90." });
  return Number(text);
}

/** One line that is written over on a terminal; nothing elsewhere. */
function progressOf(call: Call): (line: string) => void {
  return call.terminal.errIsTerminal ? (line) => call.say(line) : () => undefined;
}
