import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";

/** Every change of state carries its reason into the evidence, so a script must give one and a person is asked. */
export async function reasonOf(call: Call): Promise<string> {
  const given = call.option("reason") ?? (call.mayAsk ? await call.terminal.ask("Reason: ") : undefined);
  if (given !== undefined && given.trim() !== "") return given.trim();
  throw new CliError({ code: "reason_missing", message: "A reason is needed.", next: 'Add --reason "…".' });
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `8h` from now as RFC 3339. Raises a CliError for anything else. */
export function instantAfter(nowMs: number, duration: string): string {
  const parts = /^([1-9]\d{0,5})([smhd])$/.exec(duration);
  if (parts === null)
    throw new CliError({
      code: "duration_invalid",
      message: `\`${duration}\` is not a duration.`,
      next: "Write 15m, 8h or 30d.",
    });
  return new Date(nowMs + Number(parts[1]) * (units[parts[2] ?? "s"] ?? 1) * 1000).toISOString();
}
