import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Call } from "../command.ts";
import { loginFile } from "../connection.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { printRows } from "../render/format.ts";

interface Check {
  readonly check: string;
  readonly result: "ok" | "failed" | "can't tell";
  readonly found: string;
  readonly next: string | null;
}

/** Looks, changes nothing. Exit 1 when something failed; what could not be looked at says so and fails nothing. */
export async function doctor(call: Call): Promise<ExitCode> {
  const { url, token, from } = await call.connection();
  const checks: Check[] = [
    runtime(),
    await privateFile("data directory", resolve(call.terminal.cwd, call.terminal.env.MANDATE_DATA_DIR ?? ".mandate")),
    await privateFile("kept sign-in", loginFile(call.terminal)),
  ];
  const control = await ready(call, url);
  checks.push({ check: "control plane", ...control });
  const gateway = gatewayOf(call, url);
  checks.push({
    check: "gateway",
    ...(gateway === undefined
      ? unknown("its address is not known", "Set MANDATE_GATEWAY_PORT.")
      : await ready(call, gateway)),
  });
  checks.push(
    control.result === "ok"
      ? await signedIn(call, token, from)
      : { check: "sign-in", ...unknown("the control plane does not answer", "Mend that first.") },
  );
  await printRows(call.terminal, call.format, {
    rows: checks.map((check) => ({ ...check })),
    columns: ["check", "result", "found", "next"].map((title) => ({ title, value: (row) => row[title] })),
    nameOf: (row) => String(row.check),
    empty: "",
  });
  return checks.some((check) => check.result === "failed") ? exitCodes.failed : exitCodes.done;
}

type Finding = Omit<Check, "check">;
const good = (found: string): Finding => ({ result: "ok", found, next: null });
const bad = (found: string, next: string): Finding => ({ result: "failed", found, next });
const unknown = (found: string, next: string): Finding => ({ result: "can't tell", found, next });

function runtime(): Check {
  const major = Number(process.versions.node.split(".")[0]);
  return {
    check: "Node",
    ...(major === 24
      ? good(process.versions.node)
      : bad(process.versions.node, "Run it as `npx mandate`, which brings Node 24.")),
  };
}

/** Both hold what opens the register: nobody else on the machine may read them. */
async function privateFile(check: string, path: string): Promise<Check> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined)
    return { check, ...unknown(`${path} does not exist here`, "Nothing to do unless it should.") };
  const open = (info.mode & 0o077) !== 0 && process.platform !== "win32";
  return { check, ...(open ? bad(`${path} can be read by others`, `chmod go= ${path}`) : good(path)) };
}

async function ready(call: Call, url: string): Promise<Finding> {
  const send = call.terminal.fetch ?? fetch;
  try {
    const response = await send(`${url}/readyz`, { signal: AbortSignal.timeout(5_000), redirect: "error" });
    if (response.status === 200) return good(`${url} is ready`);
    return bad(`${url} answers ${response.status}`, "Read its log; /readyz names what is missing.");
  } catch {
    return bad(`${url} does not answer`, "Start it: mandate up. Or set MANDATE_URL.");
  }
}

function gatewayOf(call: Call, url: string): string | undefined {
  const address = new URL(url);
  const port =
    call.terminal.env.MANDATE_GATEWAY_PORT ?? (address.port === "" ? undefined : String(Number(address.port) + 1));
  if (port === undefined || !/^\d{1,5}$/.test(port)) return undefined;
  address.port = port;
  return address.origin;
}

async function signedIn(call: Call, token: string | undefined, from: string): Promise<Check> {
  if (token === undefined) return { check: "sign-in", ...bad("no token", "Run mandate login, or set MANDATE_TOKEN.") };
  try {
    const client = await call.client();
    await client.list("systems", { limit: 1 });
    return { check: "sign-in", ...good(`token from ${from} is accepted`) };
  } catch (error) {
    return {
      check: "sign-in",
      ...bad(error instanceof Error ? error.message : "refused", "Run mandate login with a new token."),
    };
  }
}
