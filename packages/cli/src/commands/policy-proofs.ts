import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { clean, printObject, printRows, type Row } from "../render/format.ts";
import { ask } from "./care.ts";
import { pathOf, proposalOf } from "./policy-versions.ts";

interface Example {
  readonly text: string;
}
interface Proof extends Row {
  readonly id: string;
  readonly policy: string | null;
  readonly on: string;
  readonly asks: "denied" | "held";
  readonly condition: string;
  readonly mustProve: boolean;
  readonly state: "proven" | "refuted" | "cant_tell";
  readonly reason: string | null;
  readonly example: Example | null;
}
interface Checked {
  readonly problems: readonly { readonly rule: string | null; readonly message: string; readonly remedy: string }[];
  readonly tests: readonly { readonly name: string; readonly passed: boolean; readonly expected: string; readonly outcome: string }[];
  readonly invariants: readonly Proof[];
  readonly invariantsLost: readonly string[];
  readonly widening: { readonly state: "no" | "yes" | "cant_tell"; readonly reason: string | null; readonly example: Example | null } | null;
}

const marks = { proven: "✓", refuted: "✕", cant_tell: "?" } as const;
const broken = (proof: Proof): boolean => proof.state === "refuted" || (proof.state === "cant_tell" && proof.mustProve);

/** Exit 1 when publishing it would be refused; with --fail-on-widening also when it lets through what is not let through now. */
export async function check(call: Call): Promise<ExitCode> {
  const client = await call.client();
  const found = await client.request<Checked>("POST", `${pathOf(call)}/check`, await proposalOf(call), { signal: call.terminal.signal, timeoutMs: 120_000 });
  const failed = found.tests.filter((test) => !test.passed);
  const { widening } = found;
  const widens = widening !== null && widening.state !== "no";
  if (call.format !== "table") await printObject(call.terminal, call.format, found as unknown as Row, call.args[0] ?? "");
  else {
    const line = (text: string): void => call.terminal.out(clean(`${text}\n`));
    for (const { rule, message, remedy } of found.problems) line(`✕ ${rule === null ? "" : `${rule}: `}${message} ${remedy}`);
    for (const test of failed) line(`✕ test ${test.name}: expected ${test.expected}, got ${test.outcome}`);
    for (const proof of found.invariants) line(`${marks[proof.state]} invariant ${proof.id}${proof.policy === null ? "" : ` (${proof.policy})`}: ${wordsOf(proof)}`);
    for (const id of found.invariantsLost) line(`! invariant ${id} is left out or says something else`);
    if (widening?.state === "no") line("✓ widens nothing: whatever it lets through is let through now");
    if (widening?.state === "yes") line(`! widens access. ${widening.example?.text ?? ""}`);
    if (widening?.state === "cant_tell") line(`? can't tell whether it widens access: ${widening.reason ?? ""}`);
  }
  const isRefused = found.problems.length > 0 || failed.length > 0 || found.invariants.some(broken);
  return isRefused || (call.flag("failOnWidening") && widens) ? exitCodes.failed : exitCodes.done;
}

/** Exit 1 while one of them is refuted. */
export async function invariants(call: Call): Promise<ExitCode> {
  const { items } = await ask(call, "GET", "/api/v1/invariants");
  const rows = items as readonly Proof[];
  await printRows(call.terminal, call.format, {
    rows,
    columns: [
      { title: "", value: (row) => marks[(row as Proof).state] },
      { title: "invariant", value: (row) => row["id"] },
      { title: "policy", value: (row) => row["policy"] ?? "built in" },
      { title: "on", value: (row) => row["on"] },
      { title: "when", value: (row) => row["condition"] },
      { title: "then", value: (row) => row["asks"] },
    ],
    nameOf: (row) => `${String(row["policy"] ?? "built-in")}/${String(row["id"])}`,
    empty: "Nothing must stay true.",
  });
  for (const proof of rows) if (proof.state !== "proven") call.say(`${proof.id}: ${wordsOf(proof)}`);
  return rows.some((proof) => proof.state === "refuted") ? exitCodes.failed : exitCodes.done;
}

function wordsOf({ state, reason, example }: Proof): string {
  if (state === "proven") return "proven";
  return state === "refuted" ? `would not hold. ${example?.text ?? ""}` : `can't tell: ${reason ?? ""}`;
}
