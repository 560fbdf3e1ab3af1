import type { DecisionRecord, DecisionSummary } from "@mandate/sdk";
import { setTimeout as delay } from "node:timers/promises";
import { CliError, remedyText } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { columnsOf } from "../kinds.ts";
import { cell, printObject, printRows, type Row } from "../render/format.ts";

const pollMs = 1_000;

/** Newest last, as logs read. With `--follow` it polls by cursorless pages: a page's overlap is dropped by id. */
export async function tail(call: Call): Promise<void> {
  const client = await call.client();
  const { signal } = call.terminal;
  const limit = Number(call.option("lines"));
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 200)
    throw new CliError({
      code: "lines_invalid",
      message: "--lines is not a count.",
      next: "Write a whole number from 1 to 200.",
    });
  const filters = { system: call.option("system"), outcome: call.option("outcome"), limit };
  const newest = async (): Promise<readonly DecisionSummary[]> =>
    (await client.decisions.list(filters, { signal })).items.toSorted((a, b) =>
      a.at === b.at ? (a.id < b.id ? -1 : 1) : a.at < b.at ? -1 : 1,
    );
  const first = await newest();
  await print(call, first, "No decisions yet.");
  if (!call.flag("follow")) return;
  let seen = new Set(first.map((decision) => decision.id));
  while (!signal.aborted) {
    await delay(pollMs, undefined, { signal });
    const page = await newest();
    const fresh = page.filter((decision) => !seen.has(decision.id));
    if (fresh.length > 0) await print(call, fresh, "");
    seen = new Set(page.map((decision) => decision.id));
  }
}

async function print(call: Call, rows: readonly DecisionSummary[], empty: string): Promise<void> {
  await printRows(call.terminal, call.format, {
    rows: rows as unknown as readonly Row[],
    columns: columnsOf("decisions"),
    nameOf: (row) => `decision/${String(row.id)}`,
    empty,
  });
}

export async function explain(call: Call): Promise<void> {
  const id = (call.args[0] ?? "").replace(/^decisions?\//, "");
  const client = await call.client();
  const decision = await client.decisions.get(id, { signal: call.terminal.signal });
  if (call.format === "table") {
    const rules = await client.request<Explanation>("GET", `/api/v1/decisions/${encodeURIComponent(id)}/explanation`, undefined, { signal: call.terminal.signal });
    call.terminal.out(explanation(decision) + checkByCheck(rules) + ruleByRule(rules));
  } else await printObject(call.terminal, call.format, decision as unknown as Row, `decision/${id}`);
}

interface Explanation {
  readonly checks?: readonly { readonly check: string; readonly state: string; readonly saw: string }[];
  readonly unreplayable: string | null;
  readonly questions: readonly {
    readonly tool: string | null;
    readonly same: boolean;
    readonly rules: readonly { readonly id: string; readonly verdict: string; readonly liftedBy: string | null; readonly because: string; readonly policy?: string | null; readonly passes?: readonly { readonly needs: string; readonly is: string | null }[] }[];
    readonly withoutRefusals: string | null;
  }[];
}

const afterwards: Readonly<Record<string, string>> = { allow: "it would be allowed", hold: "it would wait for a person", deny: "it would still be denied" };

const checkMarks: Readonly<Record<string, string>> = { passed: "✓", refused: "✕", held: "‖", not_run: "-", not_known: "?" };

/** Everything the call met, in its order. */
function checkByCheck({ checks = [] }: Explanation): string {
  return checks.length === 0 ? "" : `Check by check:\n${checks.map(({ check, state, saw }) => `  ${checkMarks[state] ?? "?"} ${cell(check).padEnd(14)}${cell(state.replaceAll("_", " ")).padEnd(10)}${cell(saw)}`.trimEnd()).join("\n")}\n`;
}

/** Rules that had something to say of the call; the others are counted. */
function ruleByRule({ unreplayable, questions }: Explanation): string {
  if (unreplayable !== null) return `  rules     not known any more: ${unreplayable.replaceAll("_", " ")}\n`;
  return questions
    .map(({ tool, same, rules, withoutRefusals }) => {
      const spoke = rules.filter(({ verdict }) => verdict !== "met" && verdict !== "silent");
      return [
        `Rule by rule${tool === null ? "" : `, tool call ${cell(tool)}`}, made again${same ? "" : " AND DIFFERENT FROM THE RECORD"}:`,
        ...spoke.flatMap(({ id, verdict, liftedBy, because, policy = null, passes = [] }) => [
          `  ${verdict.padEnd(9)} ${cell(id)}${policy === null ? "" : ` of policy/${cell(policy)}`}${liftedBy === null ? "" : ` by ${cell(liftedBy)}`}${because === "" ? "" : `: ${cell(because)}`}`,
          ...passes.map(({ needs, is }) => `            passes with ${cell(needs)}${is === null ? "" : `; it was ${cell(is)}`}`),
        ]),
        `  met       ${rules.length - spoke.length} more`,
        ...(withoutRefusals === null ? [] : [`  without what refuses, ${afterwards[withoutRefusals]}`]),
      ].join("\n");
    })
    .join("\n")
    .concat("\n");
}

const words = { allow: "Allowed", hold: "Held for a person", deny: "Denied" } as const;

function explanation(decision: DecisionRecord): string {
  const lines = [
    `${words[decision.outcome] ?? cell(decision.outcome)}: ${cell(decision.system)} asked for ${cell(decision.action)} of ${cell(decision.resource)}`,
    `  when      ${cell(decision.at)}`,
    `  why       ${cell(decision.reason)}`,
    `  rule      ${cell(decision.rule)}`,
    `  code      ${cell(decision.code)}`,
    `  ended     ${decision.terminal === null ? "still running" : cell(decision.terminal)}`,
    `  policy    ${cell(decision.policyVersion)}`,
    `  register  ${cell(decision.registerVersion)}`,
  ];
  for (const remedy of decision.remedies ?? []) lines.push(`  next      ${cell(remedyText(remedy))}`);
  const entries = [
    ["intent", decision.intent],
    ["result", decision.result],
  ] as const;
  for (const [name, entry] of entries)
    if (entry !== null && entry !== undefined)
      lines.push(`  ${name.padEnd(9)} entry ${entry.index} of ${cell(entry.log)}`);
  return `${lines.join("\n")}\n`;
}
