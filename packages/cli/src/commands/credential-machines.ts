import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { CredentialRegistration, NewMachine } from "@mandate/sdk";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { ask, idOf, printList } from "./care.ts";
import { reasonOf } from "./reason.ts";
import { fields, printObject } from "../render/format.ts";
import { maxFileBytes, rowsOfCsv } from "../spreadsheet.ts";

const maxKeyBytes = 64 * 1024;

/** Registers the public half of a machine's own key. */
export async function createClient(call: Call, system: string): Promise<void> {
  const jwksUri = call.option("jwksUri");
  const proof = jwksUri === undefined ? { jwk: await publicKeyIn(call) } : { jwksUri };
  const client = await call.client();
  const body: CredentialRegistration = { kind: "client", system, name: call.option("name") ?? "cli", ttl: call.option("ttl") ?? "8h", ...shared(call), ...proof };
  await print(call, await client.credentials.register(body, { signal: call.terminal.signal }), `Ask for tokens as ${system}'s client with private_key_jwt; the key itself stays where it is.`);
}

export async function trust(call: Call): Promise<void> {
  const system = (call.option("system") ?? "").replace(/^systems?\//, "");
  const sub = call.option("subject") ?? "";
  const claims = call.list("claim").map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw new CliError({ code: "usage", message: `${pair.slice(0, 80)} is no name=pattern.`, next: "Write --claim repository=halden/payouts" });
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  const file = call.option("jwks");
  const jwksUri = call.option("jwksUri");
  const keys = file === undefined ? undefined : (await jsonIn(call, file))["keys"];
  if (file !== undefined && !Array.isArray(keys)) throw new CliError({ code: "usage", message: `${file} is no JSON Web Key Set.`, next: 'It holds {"keys": […]}.' });
  const client = await call.client();
  const body: CredentialRegistration = {
    kind: "workload",
    system,
    name: call.option("name") ?? sub.slice(0, 100),
    ttl: call.option("ttl") ?? "30d",
    ...shared(call),
    trust: {
      issuer: call.option("issuer") ?? "",
      audience: call.option("audience") ?? "",
      conditions: { ...Object.fromEntries(claims), sub },
      ...(keys === undefined ? {} : { jwks: { keys: keys as Record<string, unknown>[] } }),
      ...(jwksUri === undefined ? {} : { jwksUri }),
    },
  };
  await print(call, await client.credentials.register(body, { signal: call.terminal.signal }), "The workload exchanges its platform's token at the token endpoint (RFC 8693).");
}

/** Rows as they are: the server judges each, and refuses what looks like a key itself. */
export async function importElsewhere(call: Call): Promise<void> {
  const path = resolve(call.terminal.cwd, call.args[0] ?? "");
  const rows = await rowsOfCsv((await bounded(path, maxFileBytes)).toString("utf8"));
  const known = ["name", "location", "kind", "system", "owner", "created", "ends", "note"];
  const items = rows.map((row) => Object.fromEntries(Object.entries(row).map(([heading, value]) => [heading.toLowerCase(), value] as const).filter(([heading]) => known.includes(heading))));
  const client = await call.client();
  const answer = await client.request<{ items: readonly { action: string }[] }>("POST", "/api/v1/external-credentials", { items }, { signal: call.terminal.signal });
  const created = answer.items.filter((item) => item.action === "created").length;
  if (call.format === "table") call.terminal.out(`${created} listed, ${answer.items.length - created} updated\n`);
  else await printObject(call.terminal, call.format, answer, "external-credentials");
}

function shared(call: Call): Pick<CredentialRegistration, "scope" | "purposes" | "actors" | "accountable" | "dpop"> {
  const accountable = call.option("accountable");
  return { scope: call.list("scope"), purposes: call.list("purpose"), actors: call.list("actor"), ...(accountable === undefined ? {} : { accountable }), ...(call.flag("dpop") ? { dpop: true } : {}) };
}

/** The public half alone leaves this machine, also when the file holds both. */
export async function publicKeyIn(call: Call): Promise<Readonly<Record<string, unknown>>> {
  const file = call.option("jwk");
  if (file === undefined) throw new CliError({ code: "usage", message: "A client needs its public key.", next: "Add --jwk FILE, or --jwks-uri URL." });
  const jwk = await jsonIn(call, file);
  const { kty, crv, x, y, n, e, kid, alg, use } = jwk;
  if (jwk["d"] !== undefined) call.say(`${file} holds the private key too: only its public half is sent. Keep the file to yourself.`);
  return Object.fromEntries(Object.entries({ kty, crv, x, y, n, e, kid, alg, use }).filter(([, value]) => value !== undefined));
}

async function jsonIn(call: Call, file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse((await bounded(resolve(call.terminal.cwd, file), maxKeyBytes)).toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError({ code: "usage", message: `${file} can't be read as JSON.`, next: "Name a file that holds one JWK.", cause });
  }
  throw new CliError({ code: "usage", message: `${file} holds no JSON object.`, next: "Name a file that holds one JWK." });
}

async function bounded(path: string, maxBytes: number): Promise<Buffer> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new CliError({ code: "usage", message: `${path} can't be read.`, next: "Check the path.", cause });
  });
  if (size > maxBytes) throw new CliError({ code: "usage", message: `${path} is larger than ${maxBytes} bytes.`, next: "Name another file." });
  return readFile(path);
}

async function print(call: Call, made: NewMachine, next: string): Promise<void> {
  if (call.format === "table") call.terminal.out(fields({ id: made.id, thumbprint: made.thumbprint ?? "", bound: made.bound, notAfter: made.notAfter, tokenEndpoint: made.tokenEndpoint }));
  else await printObject(call.terminal, call.format, { ...made }, `credential/${made.id}`);
  call.say(next);
}

export async function elsewhere(call: Call): Promise<void> {
  await printList(call, "external-credentials", { system: call.option("system"), owner: call.option("owner") }, ["id", "name", "location", "kind", "system", "owner", "ageDays", "ends"], "No key that lives elsewhere is listed. List some: mandate credential import keys.csv");
}

export async function gone(call: Call): Promise<void> {
  await ask(call, "POST", `/api/v1/external-credentials/${idOf(call, "external-credential")}/gone`, { reason: await reasonOf(call) });
  call.say(`${call.args[0] ?? ""} is off the list.`);
}
