import { StringDecoder } from "node:string_decoder";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";

const knownClasses = ["pii", "secret", "injection", "code"] as const;
/** What is looked for unless said: source code is a class of its own, asked for by name. */
const usualClasses: readonly (typeof knownClasses)[number][] = ["pii", "secret", "injection"];
const channels = ["user", "tool", "retrieved", "output"] as const;
const maxTextChars = 4_000_000;
/** A text of that length with every character escaped. */
const maxLineChars = 6 * maxTextChars + 4096;
const flushBytes = 65_536;

/**
 * One line in, one line out, in order: `{id, text}` to `{id, findings}`. Offsets are UTF-16 units. Input of any size:
 * one line is held at a time, and no more is read while the reader of the output is slow.
 */
export async function detect(call: Call): Promise<void> {
  const classes = classesOf(call.option("class"));
  const wanted = call.option("channel") ?? "user";
  const channel = channels.find((known) => known === wanted) ?? "user";
  const detectors = await import("@mandate/detectors");
  let waiting = "";
  let number = 0;
  for await (const line of lines(call.terminal.stdin as AsyncIterable<Buffer | string>)) {
    number += 1;
    if (line.trim() === "") continue;
    const { id, text } = readLine(line, number);
    const findings = detectors.detect(text, { classes, channel }).map(({ type, class: kind, start, end, confidence }) => ({ type, class: kind, start, end, confidence }));
    waiting += `${JSON.stringify({ id, findings })}\n`;
    if (waiting.length < flushBytes) continue;
    await call.terminal.outBytes(Buffer.from(waiting));
    waiting = "";
  }
  if (waiting !== "") await call.terminal.outBytes(Buffer.from(waiting));
}

function classesOf(option: string | undefined): readonly (typeof knownClasses)[number][] {
  const asked = (option ?? "").split(",").map((word) => word.trim()).filter((word) => word !== "");
  const wrong = asked.find((word) => !knownClasses.some((known) => known === word));
  if (wrong !== undefined)
    throw new CliError({ code: "class_unknown", message: `There is no class \`${wrong}\`.`, next: `Classes: ${knownClasses.join(", ")}.` });
  return asked.length === 0 ? usualClasses : knownClasses.filter((known) => asked.includes(known));
}

async function* lines(input: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let parts: string[] = [];
  let held = 0;
  for await (const chunk of input) {
    const pieces = (typeof chunk === "string" ? chunk : decoder.write(chunk)).split("\n");
    for (const [index, piece] of pieces.entries()) {
      parts.push(piece);
      held += piece.length;
      if (held > maxLineChars) throw unreadable(`A line is longer than ${maxLineChars} characters.`);
      if (index === pieces.length - 1) break;
      yield parts.join("");
      parts = [];
      held = 0;
    }
  }
  const last = parts.join("") + decoder.end();
  if (last !== "") yield last;
}

function readLine(line: string, number: number): { readonly id: unknown; readonly text: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw unreadable(`Line ${number} is not JSON.`, cause);
  }
  if (typeof value === "object" && value !== null) {
    const { id, text } = value as { id?: unknown; text?: unknown };
    if (typeof text === "string" && text.length <= maxTextChars) return { id: id ?? null, text };
  }
  throw unreadable(`Line ${number} has no text of at most ${maxTextChars} characters.`);
}

function unreadable(message: string, cause?: unknown): CliError {
  return new CliError({ code: "line_unreadable", message, next: 'Write {"id": …, "text": "…"} on each line.', cause });
}
