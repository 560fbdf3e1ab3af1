import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { readManifests } from "../manifest-files.ts";
import { readObjects } from "../read-objects.ts";
import { cell, clean, printObject, printRows, toYaml, type Row } from "../render/format.ts";
import { lineDiff } from "../render/line-diff.ts";
import { ask } from "./care.ts";
import { instantOf } from "./get.ts";
import { reasonOf } from "./reason.ts";

interface Outcome {
  readonly outcome: string;
  readonly rule: string | null;
  readonly reason: string | null;
}
export interface Flip extends Row {
  readonly id: string;
  readonly at: string;
  readonly system: string | null;
  readonly resource: string;
  readonly tool: string | null;
  readonly recorded: Outcome;
  readonly replayed: Outcome;
}
interface Simulated {
  readonly problems: readonly { readonly rule: string | null; readonly message: string; readonly remedy: string }[];
  readonly tests: readonly { readonly name: string; readonly passed: boolean; readonly expected: string; readonly outcome: string }[];
  readonly systems: readonly string[];
  readonly result: { readonly total: number; readonly replayable: number; readonly differences: number; readonly looser: number; readonly stricter: number; readonly shown: readonly Flip[] } | null;
}
interface Version extends Row {
  readonly version: number;
  readonly spec: Row | null;
}

export const pathOf = (call: Call): string => `/api/v1/policies/${encodeURIComponent((call.args[0] ?? "").replace(/^polic(?:y|ies)[:/]/, ""))}`;

/** What is asked about: the file's version of the policy, or the registered one. */
export async function proposalOf(call: Call): Promise<Row> {
  const named = { systems: call.list("system") };
  if (call.list("file").length === 0) return named;
  const name = decodeURIComponent(pathOf(call).split("/").at(-1)!);
  const objects = await readObjects(await readManifests(call.list("file"), call.terminal));
  const found = objects.find((object) => object.kind === "Policy" && object.name === name);
  if (found === undefined) throw new CliError({ code: "policy.not_in_file", message: `These manifests hold no policy ${name}.`, next: "Name the policy as its metadata does." });
  return { ...named, spec: found.spec };
}

/** Exit 1 when it doesn't compile or a test of its own fails: a pull request's check stops there. Flips are what was asked for. */
export async function simulate(call: Call): Promise<ExitCode> {
  const period = Object.fromEntries(Object.entries({ since: instantOf(call, "since"), until: instantOf(call, "until") }).filter(([, value]) => value !== undefined));
  const client = await call.client();
  const found = await client.request<Simulated>("POST", `${pathOf(call)}/simulate`, { ...(await proposalOf(call)), ...period }, { signal: call.terminal.signal, timeoutMs: 0 });
  const failed = found.tests.filter((test) => !test.passed);
  if (call.format !== "table") await printObject(call.terminal, call.format, found as unknown as Row, call.args[0] ?? "");
  else {
    for (const { rule, message, remedy } of found.problems) call.terminal.out(`${clean(`✕ ${rule === null ? "" : `${rule}: `}${message} ${remedy}`)}\n`);
    for (const test of failed) call.terminal.out(`${clean(`✕ test ${test.name}: expected ${test.expected}, got ${test.outcome}`)}\n`);
    if (found.result !== null) {
      const { total, replayable, differences, looser, stricter, shown } = found.result;
      await printFlips(call, shown.slice(0, 50), `None of ${replayable} decisions would come out otherwise.`);
      call.say(`${replayable} of ${total} decisions of ${found.systems.length} system${found.systems.length === 1 ? "" : "s"} made again: ${differences} would flip${differences === 0 ? "" : `, ${looser} to looser and ${stricter} to stricter`}.`);
    }
  }
  return found.problems.length > 0 || failed.length > 0 ? exitCodes.failed : exitCodes.done;
}

export async function watch(call: Call): Promise<void> {
  const started = await ask(call, "POST", `${pathOf(call)}/watches`, { ...(await proposalOf(call)), days: Number(call.option("days")), reason: await reasonOf(call) });
  if (call.format !== "table") await printObject(call.terminal, call.format, started, String(started["id"]));
  else call.terminal.out(`${cell(started["id"])}\n`);
  call.say(`Watched until ${cell(started["endsAt"])}; no call is decided by it. See mandate policy watches ${cell(started["policy"])}`);
}

export async function watches(call: Call): Promise<void> {
  const id = call.args[1];
  if (id !== undefined) {
    const { items } = await ask(call, "GET", `${pathOf(call)}/watches/${encodeURIComponent(id)}/flips`);
    await printFlips(call, items as readonly Flip[], "Nothing came out otherwise so far.");
    return;
  }
  const { items } = await ask(call, "GET", `${pathOf(call)}/watches`);
  await printRows(call.terminal, call.format, {
    rows: items as Row[],
    columns: ["id", "startedBy", "startedAt", "endsAt", "endedAt", "decisions", "differences"].map((title) => ({ title, value: (row: Row) => row[title] })),
    nameOf: (row) => String(row["id"]),
    empty: "Nothing of it was watched.",
  });
}

export async function endWatch(call: Call): Promise<void> {
  const ended = await ask(call, "POST", `${pathOf(call)}/watches/${encodeURIComponent(call.args[1] ?? "")}/end`, {});
  call.say(`Ended: ${cell(ended["differences"])} of ${cell(ended["decisions"])} decisions would have come out otherwise.`);
}

async function versionsOf(call: Call): Promise<Version[]> {
  return (await ask(call, "GET", `${pathOf(call)}/history`))["items"] as Version[];
}

export async function history(call: Call): Promise<void> {
  await printRows(call.terminal, call.format, {
    rows: await versionsOf(call),
    columns: ["version", "action", "by", "at", "reason"].map((title) => ({ title, value: (row: Row) => row[title] })),
    nameOf: (row) => String(row["version"]),
    empty: "It has no history here.",
  });
}

export async function diff(call: Call): Promise<void> {
  const versions = (await versionsOf(call)).toSorted((a, b) => a.version - b.version);
  const numbered = (text: string | undefined, fallback: Version | undefined): Version => {
    const found = text === undefined ? fallback : versions.find((one) => one.version === Number(text));
    if (found === undefined) throw new CliError({ code: "policy.version", message: text === undefined ? "It has a single version." : `There is no version ${text}.`, next: `List them: mandate policy history ${call.args[0] ?? ""}` });
    return found;
  };
  const [from, to] = [numbered(call.args[1], versions.at(-2)), numbered(call.args[2], versions.at(-1))];
  const yamlOf = async ({ spec }: Version): Promise<string[]> => (spec === null ? [] : (await toYaml([spec])).trimEnd().split("\n"));
  const lines = lineDiff(await yamlOf(from), await yamlOf(to));
  if (call.format === "table") call.terminal.out(`${[`--- version ${from.version}`, `+++ version ${to.version}`, ...lines.map(clean)].join("\n")}\n`);
  else await printObject(call.terminal, call.format, { from: from.version, to: to.version, lines }, call.args[0] ?? "");
}

/** An earlier version is published again, by the same way as any edit: its tests run, and what was approved keeps binding. */
export async function rollBack(call: Call): Promise<void> {
  const wanted = Number(call.args[1]);
  const found = (await versionsOf(call)).find((one) => one.version === wanted);
  if (found?.spec == null) throw new CliError({ code: "policy.version", message: `There is no version ${call.args[1] ?? ""} to put back.`, next: `List them: mandate policy history ${call.args[0] ?? ""}` });
  const changed = await ask(call, "PUT", `${pathOf(call)}?reason=${encodeURIComponent(await reasonOf(call))}`, { spec: found.spec });
  if (call.format !== "table") await printObject(call.terminal, call.format, changed, call.args[0] ?? "");
  call.say(changed["action"] === "unchanged" ? `Version ${wanted} is what stands.` : `What version ${wanted} said is published again. Systems approved with another version are bound by both until their change is approved.`);
}

export async function printFlips(call: Call, rows: readonly Flip[], empty: string): Promise<void> {
  await printRows(call.terminal, call.format, {
    rows,
    columns: [
      { title: "at", value: (row) => (row as Flip).at },
      { title: "system", value: (row) => (row as Flip).system },
      { title: "resource", value: (row) => (row as Flip).tool ?? (row as Flip).resource },
      { title: "was", value: (row) => (row as Flip).recorded.outcome },
      { title: "would be", value: (row) => (row as Flip).replayed.outcome },
      { title: "by", value: (row) => (row as Flip).replayed.rule },
      { title: "decision", value: (row) => (row as Flip).id },
    ],
    nameOf: (row) => (row as Flip).id,
    empty,
  });
}
