import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { cell, printObject, type Row } from "../render/format.ts";
import { instantOf } from "./get.ts";

interface Result {
  readonly total: number;
  readonly replayable: number;
  readonly unreplayable: Readonly<Record<string, number>>;
  readonly releases?: Readonly<Record<string, number>>;
  readonly questions: number;
  readonly same: number;
  readonly differences: number;
  readonly shown: readonly { readonly id: string; readonly tool: string | null; readonly recorded: { readonly outcome: string }; readonly replayed: { readonly outcome: string }; readonly members: readonly string[] }[];
}

const why: Readonly<Record<string, string>> = {
  no_rule_asked: "refused before any rule was asked",
  erased: "erased, or past their retention",
  older_record: "recorded by a release that sealed less",
  facts_missing: "their facts aren't kept",
  other_release: "decided otherwise by another release, which their entries name",
};

/** INVARIANT: exit 6 when one comes out otherwise than recorded; under other terms that is what was asked for, and no fault. */
export async function replay(call: Call): Promise<ExitCode> {
  const id = call.args[0]?.replace(/^decisions?\//, "");
  const client = await call.client();
  const { signal } = call.terminal;
  if (id !== undefined && ["system", "since", "until", "under"].some((name) => call.option(name) !== undefined))
    throw new CliError({ code: "replay_scope", message: "An id and a period exclude each other.", next: "Give one of them." });
  const body = Object.fromEntries(Object.entries({ system: call.option("system"), since: instantOf(call, "since"), until: instantOf(call, "until"), under: call.option("under") }).filter(([, value]) => value !== undefined));
  const result =
    id === undefined
      ? await client.request<Result>("POST", "/api/v1/evidence/replay", body, { signal, timeoutMs: 0 })
      : await client.request<Result>("POST", `/api/v1/decisions/${encodeURIComponent(id)}/replay`, {}, { signal });
  if (call.format !== "table") await printObject(call.terminal, call.format, result as unknown as Row, "replay");
  else call.terminal.out(told(result));
  return result.differences === 0 || call.option("under") === "production" ? exitCodes.done : exitCodes.notVerified;
}

function told(result: Result): string {
  const lines = [
    `Replayable: ${result.replayable} of ${result.total} decisions.`,
    result.differences === 0 ? `  same      ${result.same} of ${result.questions} questions, each bit for bit` : `  DIFFERENT ${result.differences} of ${result.questions} questions`,
    ...Object.entries(result.unreplayable).map(([reason, count]) => `  ${String(count).padStart(8)}  ${why[reason] ?? cell(reason)}`),
    ...(Object.keys(result.releases ?? {}).length > 1 ? Object.entries(result.releases!).map(([name, count]) => `  ${String(count).padStart(8)}  by release ${cell(name)}`) : []),
    ...result.shown.slice(0, 20).map((one) => `  ✕ ${cell(one.id)}${one.tool === null ? "" : ` (${cell(one.tool)})`}: recorded ${cell(one.recorded.outcome)}, now ${cell(one.replayed.outcome)}; ${cell(one.members)} differ`),
  ];
  return `${lines.join("\n")}\n`;
}
