/** Lines for operators, one JSON object each. Never content, never a secret, never a URL with a query. */
export interface ServerLog {
  info(event: string, details?: Readonly<Record<string, unknown>>): void;
  warn(event: string, details?: Readonly<Record<string, unknown>>): void;
  error(event: string, details?: Readonly<Record<string, unknown>>): void;
}

export function jsonLog(write: (line: string) => void, now: () => number): ServerLog {
  const line =
    (level: string) =>
    (event: string, details: Readonly<Record<string, unknown>> = {}): void =>
      write(`${JSON.stringify({ at: new Date(now()).toISOString(), level, event, ...details })}\n`);
  return { info: line("info"), warn: line("warn"), error: line("error") };
}
