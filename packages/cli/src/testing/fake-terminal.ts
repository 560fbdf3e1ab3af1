import { Readable } from "node:stream";
import type { Terminal } from "../terminal.ts";

export interface FakeTerminal extends Terminal {
  stdout(): string;
  stderr(): string;
  readonly requests: { method: string; path: string; body: string; authorization: string | null }[];
}

export type Answer = {
  readonly status?: number;
  readonly body?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export interface FakeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  readonly answers?: readonly string[];
  /** What the server says, by `METHOD /path`. Unlisted: 404. */
  readonly server?: Readonly<Record<string, Answer | ((body: string) => Answer)>>;
}

/** A terminal without a person: standard input is a pipe unless `answers` are given. */
export function fakeTerminal(options: FakeOptions = {}): FakeTerminal {
  let [out, err] = ["", ""];
  const answers = [...(options.answers ?? [])];
  const requests: FakeTerminal["requests"] = [];
  const stdin = Object.assign(
    Readable.from(options.input === undefined ? [] : [options.input]),
    options.answers === undefined ? {} : { isTTY: true },
  );
  const fake: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    const body = typeof init?.body === "string" ? init.body : "";
    const path = `${url.pathname}${url.search}`;
    requests.push({
      method: init?.method ?? "GET",
      path,
      body,
      authorization: new Headers(init?.headers).get("authorization"),
    });
    const known = options.server?.[`${init?.method ?? "GET"} ${path}`];
    const answer = (typeof known === "function" ? known(body) : known) ?? {
      status: 404,
      body: { code: "not_found", detail: "There is no such object." },
    };
    return new Response(answer.text ?? JSON.stringify(answer.body ?? {}), {
      status: answer.status ?? 200,
      headers: { "content-type": "application/json", ...answer.headers },
    });
  };
  return {
    env: {
      MANDATE_URL: "http://localhost:4600",
      MANDATE_TOKEN: "token-of-a-test",
      HOME: "/nonexistent",
      ...options.env,
    },
    cwd: options.cwd ?? process.cwd(),
    out: (text) => void (out += text),
    outBytes: async (bytes) => void (out += Buffer.from(bytes).toString("latin1")),
    err: (text) => void (err += text),
    stdin,
    outIsTerminal: false,
    errIsTerminal: false,
    ask: async () => answers.shift(),
    now: () => Date.parse("2026-11-22T12:00:00Z"),
    fetch: fake,
    signal: new AbortController().signal,
    stdout: () => out,
    stderr: () => err,
    requests,
  };
}
