import type { Call } from "../command.ts";
import { printObject, printRows, type Row } from "../render/format.ts";
import { instantAfter, reasonOf } from "./reason.ts";

const nameOf = (call: Call): string => (call.args[0] ?? "").replace(/^break-glass\//, "");
const path = (call: Call, rest = ""): string => `/api/v1/break-glass/${encodeURIComponent(nameOf(call))}${rest}`;
const words = (texts: readonly string[]): readonly string[] => texts.flatMap((text) => text.split(","));
const texts = (value: unknown): string => (value as readonly string[]).join(", ");

export async function list(call: Call): Promise<void> {
  const client = await call.client();
  const { items } = await client.request<{ items: readonly Row[] }>("GET", "/api/v1/break-glass");
  await printRows(call.terminal, call.format, {
    rows: items,
    columns: [
      { title: "NAME", value: (row) => row["name"] },
      { title: "STATE", value: (row) => row["state"] },
      { title: "SYSTEMS", value: (row) => texts(row["systems"]) },
      { title: "RULES", value: (row) => texts(row["rules"]) },
      { title: "PEOPLE", value: (row) => texts(row["people"]) },
      { title: "ENDS", value: (row) => row["endsAt"] },
    ],
    nameOf: (row) => `break-glass/${String(row["name"])}`,
    empty: "None. Agree on one before it is needed: mandate break-glass register NAME …",
  });
}

export async function register(call: Call): Promise<void> {
  const client = await call.client();
  const made = await client.request<Row>("POST", "/api/v1/break-glass", {
    name: nameOf(call),
    systems: words(call.list("system")),
    rules: words(call.list("rule")),
    people: words(call.list("person")),
    minutes: Number(call.option("minutes") ?? "60"),
    reason: await reasonOf(call),
    compensating: call.option("compensating") ?? "",
    ends: instantAfter(call.terminal.now(), call.option("for") ?? "90d"),
  });
  await printObject(call.terminal, call.format, made, `break-glass/${nameOf(call)}`);
  call.say(`An authorizing official approves it: mandate approve ${String(made["approval"])}`);
}

/** `start` by the first of two named people, `confirm` by the second, `close` by whoever may stop a system. */
export const act =
  (verb: string) =>
  async (call: Call): Promise<void> => {
    const client = await call.client();
    const plan = await client.request<Row>("POST", path(call, `/${verb}`), { reason: await reasonOf(call) });
    await printObject(call.terminal, call.format, plan, `break-glass/${nameOf(call)}`);
  };

export async function review(call: Call): Promise<void> {
  const client = await call.client();
  const rest = `/uses/${encodeURIComponent(call.args[1] ?? "")}/review`;
  const plan = await client.request<Row>("POST", path(call, rest), { reason: await reasonOf(call) });
  await printObject(call.terminal, call.format, plan, `break-glass/${nameOf(call)}`);
}

export async function end(call: Call): Promise<void> {
  const client = await call.client();
  const reason = await reasonOf(call);
  await client.request("DELETE", `${path(call)}?reason=${encodeURIComponent(reason)}`);
  call.say(`${nameOf(call)} has ended.`);
}
