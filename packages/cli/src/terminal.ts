import type { Readable } from "node:stream";

/** The world as a command sees it. Tests pass their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Data alone. */
  out(text: string): void;
  outBytes(bytes: Uint8Array): Promise<void>;
  /** Everything else: progress, warnings, errors, hints. */
  err(text: string): void;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Asks a person; `hidden` doesn't echo. Undefined when there is no person to ask. */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string | undefined>;
  readonly now: () => number;
  readonly fetch?: typeof fetch;
  /** Aborted by an interrupt. */
  readonly signal: AbortSignal;
}

/** Bounded: a secret or manifest on standard input, never a disk image. */
export async function readInput(terminal: Terminal, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of terminal.stdin as AsyncIterable<Buffer | string>) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    size += bytes.length;
    if (size > maxBytes) throw new RangeError(`Standard input holds more than ${maxBytes} bytes.`);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

export function processTerminal(signal: AbortSignal): Terminal {
  return {
    env: process.env,
    cwd: process.cwd(),
    out: (text) => void process.stdout.write(text),
    outBytes: (bytes) =>
      new Promise((resolve, reject) => process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()))),
    err: (text) => void process.stderr.write(text),
    stdin: process.stdin,
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: process.stderr.isTTY === true,
    ask: async (question, options = {}) => {
      if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
      const { askPerson } = await import("./ask-person.ts");
      return await askPerson(question, options.hidden === true, signal);
    },
    now: Date.now,
    signal,
  };
}
