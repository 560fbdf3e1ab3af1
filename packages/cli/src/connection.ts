import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { CliError } from "./cli-error.ts";
import type { Terminal } from "./terminal.ts";

export const defaultUrl = "http://localhost:4600";

export interface Connection {
  readonly url: string;
  readonly token: string | undefined;
  /** Where the token came from, for `doctor`. */
  readonly from: string;
}

interface SavedLogins {
  readonly current: string;
  /** Token by address: a token is never sent to another address than the one it was saved for. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** Flags win over the environment, which wins over `mandate login`. */
export async function resolveConnection(
  flags: { url?: string | undefined; token?: string | undefined },
  terminal: Terminal,
): Promise<Connection> {
  const saved = await readLogins(terminal);
  const url = addressOf(flags.url ?? terminal.env.MANDATE_URL ?? saved?.current ?? defaultUrl);
  if (flags.token !== undefined) return { url, token: flags.token, from: "--token" };
  const fromEnvironment = terminal.env.MANDATE_TOKEN;
  if (fromEnvironment !== undefined && fromEnvironment !== "")
    return { url, token: fromEnvironment, from: "MANDATE_TOKEN" };
  const token = saved?.tokens[url];
  return { url, token, from: token === undefined ? "nowhere" : loginFile(terminal) };
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new CliError({
      code: "url_invalid",
      message: `\`${text}\` is not an address.`,
      next: `Write it with its scheme, for example ${defaultUrl}.`,
    });
  }
  if (url.username !== "" || url.password !== "") {
    throw new CliError({
      code: "url_invalid",
      message: "The address holds a user name or password.",
      next: "Give the token by MANDATE_TOKEN instead.",
    });
  }
  return url.href.replace(/\/+$/, "");
}

export function loginFile(terminal: Terminal): string {
  const base = terminal.env.XDG_CONFIG_HOME ?? join(terminal.env.HOME ?? homedir(), ".config");
  return join(base, "mandate", "login.json");
}

export async function readLogins(terminal: Terminal): Promise<SavedLogins | undefined> {
  try {
    const saved = JSON.parse(await readFile(loginFile(terminal), "utf8")) as Partial<SavedLogins>;
    return typeof saved.current === "string" && typeof saved.tokens === "object"
      ? { current: saved.current, tokens: saved.tokens }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the token readable by its owner alone. */
export async function saveLogin(terminal: Terminal, url: string, token: string): Promise<string> {
  const file = loginFile(terminal);
  const saved = await readLogins(terminal);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `${JSON.stringify({ current: url, tokens: { ...saved?.tokens, [url]: token } }, null, 2)}\n`, {
    mode: 0o600,
  });
  await chmod(file, 0o600);
  return file;
}
