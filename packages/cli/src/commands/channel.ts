import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import { exitCodes } from "../exit-codes.ts";
import { fields, printObject, printRows, type Row } from "../render/format.ts";
import { readInput } from "../terminal.ts";

const maxSecretBytes = 4000;
const path = (name: string): string => `/api/v1/notification-channels/${encodeURIComponent(name)}`;

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const rows: Row[] = [];
  for await (const row of client.all<Row>("notification-channels", {}, { signal: call.terminal.signal }))
    rows.push(row);
  await printRows(call.terminal, call.format, {
    rows,
    columns: [
      { title: "name", value: (row) => row.name },
      { title: "kind", value: (row) => row.kind },
      { title: "state", value: (row) => row.state },
      {
        title: "takes",
        value: (row) => (Array.isArray(row.kinds) && row.kinds.length > 0 ? row.kinds.join(", ") : "everything"),
      },
      { title: "changed", value: (row) => row.changedAt },
    ],
    nameOf: (row) => `channel/${String(row.name)}`,
    empty: "No channels. Make one: mandate channel set siem --kind webhook --url https://…",
  });
}

/** INVARIANT: a channel's secret comes on standard input, never as an argument. */
export async function set(call: Call): Promise<void> {
  const name = call.args[0] ?? "";
  const kind = call.option("kind") ?? "";
  const secret = await secretOf(call, kind);
  const port = call.option("port");
  const body = Object.fromEntries(
    Object.entries({
      kind,
      url: call.option("to"),
      host: call.option("host"),
      port: port === undefined ? undefined : Number(port),
      tls: call.option("tls"),
      from: call.option("from"),
      user: call.option("user"),
      channel: call.option("channel"),
      apiUrl: call.option("apiUrl"),
      serviceUrl: call.option("serviceUrl"),
      tokenUrl: call.option("tokenUrl"),
      conversation: call.option("conversation"),
      appId: call.option("appId"),
      kinds: call.list("notice").length === 0 ? undefined : call.list("notice"),
      secret,
    }).filter(([, value]) => value !== undefined),
  );
  const client = await call.client();
  const made = (await client.request<Row>("PUT", path(name), body, { signal: call.terminal.signal })) ?? {};
  if (call.format === "table")
    call.terminal.out(fields({ name: made.name, kind: made.kind, state: made.state, secret: made.secret }));
  else await printObject(call.terminal, call.format, made, `channel/${name}`);
  if (made.secret !== undefined)
    call.say("The signing secret is shown this once: give it to the receiver, which checks each message with it.");
  call.say(`Try it: mandate channel test ${name}`);
}

async function secretOf(call: Call, kind: string): Promise<string | undefined> {
  if (kind === "webhook" || (kind === "email" && call.option("user") === undefined)) return undefined;
  if (call.terminal.stdin.isTTY !== true) {
    const text = (await readInput(call.terminal, maxSecretBytes)).toString("utf8").replace(/\r?\n$/, "");
    return text === "" ? undefined : text;
  }
  const typed = call.mayAsk
    ? await call.terminal.ask("Secret (not shown; empty keeps the one there is): ", { hidden: true })
    : undefined;
  return typed === "" ? undefined : typed;
}

export async function test(call: Call): Promise<ExitCode | void> {
  const name = call.args[0] ?? "";
  const client = await call.client();
  const answer = (await client.request<Row>("POST", `${path(name)}/test`, {}, { signal: call.terminal.signal })) ?? {};
  if (call.format === "table")
    call.terminal.out(`${answer.delivered === true ? "delivered" : "not delivered"}: ${String(answer.detail)}\n`);
  else await printObject(call.terminal, call.format, answer, `channel/${name}`);
  if (answer.delivered !== true) return exitCodes.failed;
}

export async function remove(call: Call): Promise<void> {
  const name = call.args[0] ?? "";
  const client = await call.client();
  await client.request("DELETE", path(name), undefined, { signal: call.terminal.signal });
  call.say(`The channel ${name} is gone; what it hadn't delivered isn't sent.`);
}

export async function rotate(call: Call): Promise<void> {
  const name = call.args[0] ?? "";
  const client = await call.client();
  const made = (await client.request<Row>("POST", `${path(name)}/rotate`, {}, { signal: call.terminal.signal })) ?? {};
  if (call.format === "table") call.terminal.out(fields({ secret: made.secret, previousUntil: made.previousUntil }));
  else await printObject(call.terminal, call.format, made, `channel/${name}`);
  call.say("The new secret is shown this once; messages are signed with both until then.");
}

export async function deliveries(call: Call): Promise<void> {
  const name = call.args[0] ?? "";
  const client = await call.client();
  const state = call.option("state");
  const { items: rows } = await client.request<{ items: Row[] }>(
    "GET",
    `${path(name)}/deliveries?limit=100${state === undefined ? "" : `&state=${state}`}`,
    undefined,
    { signal: call.terminal.signal },
  );
  await printRows(call.terminal, call.format, {
    rows,
    columns: [
      { title: "id", value: (row) => row.id },
      { title: "state", value: (row) => row.state },
      { title: "tries", value: (row) => row.attempts },
      { title: "about", value: (row) => row.subject },
      { title: "outcome", value: (row) => row.outcome },
    ],
    nameOf: (row) => `delivery/${String(row.id)}`,
    empty: "Nothing was sent on this channel yet.",
  });
}

export async function replay(call: Call): Promise<void> {
  const id = call.args[0] ?? "";
  if (!/^ntf_[0-9a-z]+$/.test(id))
    throw new CliError({
      code: "delivery_id",
      message: `\`${id}\` is not a delivery.`,
      next: "Write the id that mandate channel deliveries NAME shows.",
    });
  const client = await call.client();
  const answer =
    (await client.request<Row>(
      "POST",
      `/api/v1/notification-deliveries/${id}/replay`,
      {},
      { signal: call.terminal.signal },
    )) ?? {};
  if (call.format === "table") call.terminal.out(`${id}: ${String(answer.state)}\n`);
  else await printObject(call.terminal, call.format, answer, `delivery/${id}`);
}
