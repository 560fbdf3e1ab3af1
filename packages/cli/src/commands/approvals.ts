import type { Approval } from "@mandate/sdk";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { columnsOf } from "../kinds.ts";
import { cell, printObject, printRows, type Row } from "../render/format.ts";
import { reasonOf } from "./reason.ts";

export async function list(call: Call): Promise<void> {
  const state = call.option("state");
  const client = await call.client();
  const rows: Row[] = [];
  for await (const approval of client.all<Row>("approvals", state === "all" ? {} : { state }, {
    signal: call.terminal.signal,
  }))
    rows.push(approval);
  await printRows(call.terminal, call.format, {
    rows,
    columns: columnsOf("approvals"),
    nameOf: (row) => `approval/${String(row.id)}`,
    empty: state === "pending" ? "Nothing waits." : "No approvals.",
  });
}

export async function approve(call: Call): Promise<void> {
  await decide(call, "approve");
}

export async function refuse(call: Call): Promise<void> {
  await decide(call, "refuse");
}

/** Shows the statement before it asks for a reason: nobody should approve what was not on the screen. */
async function decide(call: Call, verb: "approve" | "refuse"): Promise<void> {
  const ids = call.args.map((arg) => arg.replace(/^approvals?\//, ""));
  if (ids.length > 1) return decideAll(call, verb, ids);
  const id = ids[0] ?? "";
  const client = await call.client();
  const options = { signal: call.terminal.signal };
  const before = await client.approvals.get(id, options);
  call.say(summary(before));
  if (
    verb === "approve" &&
    before.state === "pending" &&
    before.passkeyRequired === true &&
    before.mayDecide !== false
  ) {
    throw new CliError({
      code: "passkey_required",
      message: "This needs your passkey, and a terminal has none: a token isn't enough for a yes at its tier.",
      next: `Open ${before.url ?? `/approve/${id} on the console`} and sign there.`,
      exit: exitCodes.waiting,
    });
  }
  const conditions = verb === "approve" ? call.list("condition").map(conditionOf) : [];
  const reason = await reasonOf(call);
  const after = await client.approvals[verb](id, { reason, ...(conditions.length === 0 ? {} : { conditions }) }, options);
  if (call.format === "table") call.terminal.out(`${id}: ${cell(after.state)}\n`);
  else await printObject(call.terminal, call.format, after as unknown as Row, `approval/${id}`);
}

/** Several held calls of one kind: each statement is shown, and each answer names the digest of what was. */
async function decideAll(call: Call, choice: "approve" | "refuse", ids: readonly string[]): Promise<void> {
  if (call.list("condition").length > 0)
    throw new CliError({ code: "usage", message: "Conditions go with one grant.", next: "Name one question.", exit: exitCodes.failed });
  const client = await call.client();
  const options = { signal: call.terminal.signal };
  const answers: { id: string; digest: string }[] = [];
  for (const id of ids) {
    const one = await client.approvals.get(id, options);
    call.say(`${id}\n${summary(one)}`);
    answers.push({ id, digest: one.digest });
  }
  const reason = await reasonOf(call);
  const { items } = await client.approvals.answerAll({ choice, reason, answers }, options);
  if (call.format === "table")
    for (const { id, state, problem } of items) call.terminal.out(`${id}: ${cell(problem === null ? state : problem.message)}\n`);
  else await printObject(call.terminal, call.format, { items }, "approvals");
  if (items.some((one) => one.problem !== null))
    throw new CliError({ code: "partly_answered", message: "Some of them were not answered.", next: "Each line above says why.", exit: exitCodes.failed });
}

/** `metric=findings_open,threshold=0,due=2027-01-31,consequence=suspend`; the server says what no machine could check. */
export function conditionOf(text: string): Readonly<Record<string, string | number>> {
  const pairs = text.split(",").map((part) => /^\s*(metric|subject|threshold|due|consequence|note)=(.+?)\s*$/.exec(part));
  if (pairs.some((pair) => pair === null)) {
    throw new CliError({
      code: "usage",
      message: `\`${text}\` is no condition.`,
      next: "Write metric=findings_open,threshold=0,due=2027-01-31,consequence=suspend (or restrict, or reassess).",
      exit: exitCodes.failed,
    });
  }
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name = "", value = ""] = pair ?? [];
      if (name === "threshold") return [name, Number(value)];
      return [name, name === "due" && /^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value];
    }),
  );
}

function summary({ statement, digest, expiresAt, question, facts = [] }: Approval): string {
  // `choice` is what an approval would sign; somebody about to refuse must not read it as what they do.
  const unread = new Set(["nonce", "id", "choice"]);
  const shown = Object.entries(statement).filter(([name]) => !unread.has(name));
  return [
    ...(question === undefined ? [] : [cell(question)]),
    ...facts.map(({ label, value }) => `  ${cell(label)}: ${cell(value)}`),
    ...shown.map(([name, value]) => `  ${name}: ${cell(value)}`),
    `  digest: ${cell(digest)}`,
    `  lapses: ${cell(expiresAt)}`,
  ].join("\n");
}
