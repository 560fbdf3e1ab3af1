/** Lines for operators. Never content, never a secret, never a URL with a query. */
export interface ServerLog {
  info(event: string, details?: Readonly<Record<string, unknown>>): void;
  warn(event: string, details?: Readonly<Record<string, unknown>>): void;
  error(event: string, details?: Readonly<Record<string, unknown>>): void;
}

/** One JSON object a line. */
export function jsonLog(write: (line: string) => void, now: () => number): ServerLog {
  const line =
    (level: string) =>
    (event: string, details: Readonly<Record<string, unknown>> = {}): void =>
      write(`${JSON.stringify({ at: new Date(now()).toISOString(), level, event, ...details })}\n`);
  return { info: line("info"), warn: line("warn"), error: line("error") };
}

/** What JSON leaves as it is and a terminal obeys: DEL, the second control range, marks of direction. */
const steering = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * The same for somebody who watches a terminal: `21:33:44 database.ready, line: made a new database`. Text that could steer a
 * terminal stays escaped, as in JSON.
 */
export function plainLog(write: (line: string) => void, now: () => number): ServerLog {
  const line =
    (level: string) =>
    (event: string, details: Readonly<Record<string, unknown>> = {}): void => {
      const said = Object.entries(details).map(([name, value]) => `, ${name}: ${typeof value === "string" ? JSON.stringify(value).slice(1, -1) : JSON.stringify(value)}`);
      write(`${new Date(now()).toISOString().slice(11, 19)} ${level}${event}${said.join("").replaceAll(steering, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`);
    };
  return { info: line(""), warn: line("warning: "), error: line("error: ") };
}
