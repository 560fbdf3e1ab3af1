import { createPrivateKey } from "node:crypto";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { readInput } from "../terminal.ts";

const maxSecretBytes = 64 * 1024;

/** INVARIANT: a secret never comes as an argument: process lists and shell history would keep it. */
export async function set(call: Call): Promise<void> {
  const name = (call.args[0] ?? "").replace(/^secret[:/]/, "");
  const value = await valueOf(call);
  if (value === "")
    throw new CliError({
      code: "secret_empty",
      message: "The secret is empty.",
      next: `Pipe it in: printf %s "$SECRET" | mandate secret set ${name} --host …`,
    });
  const client = await call.client();
  const hosts = call.list("host");
  await client.secrets.set(name, { value, hosts }, { signal: call.terminal.signal });
  call.say(`secret:${name} is sealed for ${hosts.join(", ")} and can't be read again.`);
}

async function valueOf(call: Call): Promise<string> {
  if (call.terminal.stdin.isTTY !== true) {
    const bytes = await readInput(call.terminal, maxSecretBytes);
    return keyLine(bytes.toString("utf8").replace(/\r?\n$/, ""));
  }
  const typed = call.mayAsk ? await call.terminal.ask("Value (not shown): ", { hidden: true }) : undefined;
  if (typed === undefined)
    throw new CliError({
      code: "secret_missing",
      message: "There is no value on standard input.",
      next: "Pipe it in, or leave --no-input away.",
    });
  return typed;
}

/** A private key's PEM has line breaks, which no secret has: it is sealed as PKCS #8, base64, in one line. */
function keyLine(value: string): string {
  if (!value.includes("PRIVATE KEY-----")) return value;
  try {
    return createPrivateKey(value).export({ format: "der", type: "pkcs8" }).toString("base64");
  } catch (cause) {
    throw new CliError({ code: "key_unreadable", message: "The private key can't be read.", next: "Give it in PEM and without a passphrase: openssl pkey -in key.pem | mandate secret set NAME --host …", cause });
  }
}
