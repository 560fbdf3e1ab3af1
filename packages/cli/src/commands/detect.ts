import { createInterface } from "node:readline";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";

const knownClasses = ["pii", "secret", "injection"] as const;
const maxTextChars = 4_000_000;

/** One line in, one line out, in order: `{id, text}` to `{id, findings}`. Offsets are UTF-16 units. */
export async function detect(call: Call): Promise<void> {
  const classes = (call.option("class") ?? "").split(",").filter((word) => word !== "");
  const wrong = classes.find((word) => !knownClasses.some((known) => known === word));
  if (wrong !== undefined)
    throw new CliError({
      code: "class_unknown",
      message: `There is no class \`${wrong}\`.`,
      next: `Classes: ${knownClasses.join(", ")}.`,
    });
  const detectors = await import("@mandate/detectors");
  let number = 0;
  for await (const line of createInterface({ input: call.terminal.stdin, crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === "") continue;
    const { id, text } = readLine(line, number);
    const found = detectors.detect(text).filter((finding) => classes.length === 0 || classes.includes(finding.class));
    const findings = found.map(({ type, class: kind, start, end, confidence }) => ({
      type,
      class: kind,
      start,
      end,
      confidence,
    }));
    call.terminal.out(`${JSON.stringify({ id, findings })}\n`);
  }
}

function readLine(line: string, number: number): { readonly id: unknown; readonly text: string } {
  try {
    const { id, text } = JSON.parse(line) as { id?: unknown; text?: unknown };
    if (typeof text === "string" && text.length <= maxTextChars) return { id: id ?? null, text };
  } catch (cause) {
    throw new CliError({
      code: "line_unreadable",
      message: `Line ${number} is not JSON.`,
      next: 'Write {"id": …, "text": "…"} on each line.',
      cause,
    });
  }
  throw new CliError({
    code: "line_unreadable",
    message: `Line ${number} has no text of at most ${maxTextChars} characters.`,
    next: 'Write {"id": …, "text": "…"} on each line.',
  });
}
