import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { clean, fields, printObject, printRows, type Row } from "../render/format.ts";
import { ask as request, idOf, instantOf, printList } from "./care.ts";
import { reasonOf } from "./reason.ts";

const shown = ["id", "state", "title", "systems", "auditors", "ends"] as const;

export async function list(call: Call): Promise<void> {
  await printList(call, "audits", { state: call.option("state") }, shown, "No audit was opened.");
}

export async function open(call: Call): Promise<void> {
  const [since, until, framework] = [call.option("since"), call.option("until"), call.option("framework")];
  const room = await request(call, "POST", "/api/v1/audits", {
    title: call.option("title"),
    auditors: call.list("auditor"),
    systems: call.list("system").map((name) => name.replace(/^systems?\//, "")),
    external: !call.flag("inside"),
    ends: instantOf(call.option("ends") ?? "", "--ends"),
    ...(framework === undefined ? {} : { framework }),
    ...(since === undefined ? {} : { since: instantOf(since, "--since") }),
    ...(until === undefined ? {} : { until: instantOf(until, "--until") }),
  });
  await printRoom(call, room);
}

export async function show(call: Call): Promise<void> {
  const path = `/api/v1/audits/${idOf(call, "audit")}`;
  const member = call.option("member");
  if (member === undefined) return printRoom(call, await request(call, "GET", path));
  const trace = await request(call, "GET", `${path}/samples/${numberOf(call, "draw")}/${numberOf(call, "member")}`);
  if (call.format !== "table") return printObject(call.terminal, call.format, trace, "member");
  const decision = (trace["decision"] ?? {}) as Row;
  const policy = (trace["policy"] ?? {}) as Row;
  const place = (trace["member"] ?? {}) as Row;
  call.terminal.out(
    fields({ decision: place["decision"], entry: `${String(place["log"])}#${String(place["index"])}`, at: decision["at"], system: decision["system"], outcome: decision["outcome"], code: decision["code"], reason: decision["reason"], rule: policy["rule"], policyVersion: policy["version"], registerVersion: policy["register"] }),
  );
  for (const one of (trace["approvals"] ?? []) as readonly Row[])
    for (const signature of (one["signatures"] ?? []) as readonly Row[])
      call.terminal.out(`  ${clean(`${String(one["id"])}: ${String(signature["choice"])} by ${String(signature["person"])} as ${String(signature["role"])}, ${String(signature["at"])}`)}\n`);
}

export async function population(call: Call): Promise<void> {
  await printRoom(call, await request(call, "POST", `/api/v1/audits/${idOf(call, "audit")}/population`, {}));
}

export async function sample(call: Call): Promise<void> {
  await printRoom(call, await request(call, "POST", `/api/v1/audits/${idOf(call, "audit")}/samples`, { value: call.option("value"), size: numberOf(call, "size") }));
}

export async function ask(call: Call): Promise<void> {
  const about = call.option("member") === undefined ? {} : { about: { draw: numberOf(call, "draw"), position: numberOf(call, "member") } };
  await printRoom(call, await request(call, "POST", `/api/v1/audits/${idOf(call, "audit")}/questions`, { text: call.option("text"), ...about }));
}

export async function answer(call: Call): Promise<void> {
  await printRoom(call, await request(call, "POST", `/api/v1/audits/${idOf(call, "audit")}/questions/${numberOf(call, "question")}/answers`, { text: call.option("text") }));
}

export async function reads(call: Call): Promise<void> {
  const { items } = await request(call, "GET", `/api/v1/audits/${idOf(call, "audit")}/reads`);
  await printRows(call.terminal, call.format, {
    rows: items as readonly Row[],
    columns: ["at", "by", "what"].map((name) => ({ title: name, value: (row: Row) => row[name] })),
    nameOf: (row) => String(row["at"]),
    empty: "Nothing was read yet.",
  });
}

export async function close(call: Call): Promise<void> {
  await printRoom(call, await request(call, "POST", `/api/v1/audits/${idOf(call, "audit")}/close`, { reason: await reasonOf(call) }));
}

function numberOf(call: Call, name: string): number {
  const value = Number(call.option(name));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new CliError({ code: "number", message: `--${name} is not a number from 1.`, next: "Write a whole number." });
}

async function printRoom(call: Call, room: Row): Promise<void> {
  if (call.format !== "table") return printObject(call.terminal, call.format, room, `audit/${String(room["id"])}`);
  const { population: fixed } = room;
  const { members, digest } = (fixed ?? {}) as Row;
  call.terminal.out(fields({ ...Object.fromEntries(shown.map((name) => [name, room[name]])), period: `${String(room["since"] ?? "the beginning")} to ${String(room["until"] ?? "the checkpoint")}`, population: fixed === null ? "not fixed" : `${String(members)} decisions, ${String(digest)}` }));
  for (const one of (room["samples"] ?? []) as readonly Row[]) {
    call.terminal.out(`  sample ${clean(String(one["draw"]))}, value "${clean(String(one["value"]))}", by ${clean(String(one["by"]))}\n`);
    for (const [at, member] of ((one["members"] ?? []) as readonly Row[]).entries()) call.terminal.out(`    ${at + 1}  ${clean(`${String(member["decision"])}  ${String(member["log"])}#${String(member["index"])}`)}\n`);
  }
  for (const one of (room["questions"] ?? []) as readonly Row[]) {
    call.terminal.out(`  ${clean(`${String(one["n"])}  ${String(one["by"])}: ${String(one["text"])}`)}\n`);
    for (const reply of (one["answers"] ?? []) as readonly Row[]) call.terminal.out(`       ${clean(`${String(reply["by"])}: ${String(reply["text"])}`)}\n`);
  }
  for (const problem of (room["altered"] ?? []) as readonly string[]) call.say(`✕ ${clean(problem)}`);
}
