import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Applied, Change, MandateClient } from "@mandate/sdk";
import { MandateError } from "@mandate/sdk";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { maxManifestBytes, readManifests, type ManifestStream } from "../manifest-files.ts";
import { readObjects } from "../read-objects.ts";
import { cell, printObject, printRows, type Row } from "../render/format.ts";

interface SavedPlan {
  readonly schema: "mandate.plan/1";
  readonly url: string;
  readonly yaml: string;
  readonly changes: readonly Change[];
}

/** Form first, on this machine; then, when somebody is signed in, everything that only the register can tell. */
export async function validate(call: Call): Promise<void> {
  const stream = await readManifests(call.list("file"), call.terminal);
  const objects = await readObjects(stream);
  const { token } = await call.connection();
  if (token !== undefined) await sent(await call.client(), stream, true, call);
  else call.say("Form alone was checked. Sign in, and references and policies are checked against the register too.");
  const files = stream.files.length;
  call.say(
    `Valid: ${objects.length} ${objects.length === 1 ? "object" : "objects"} in ${files} ${files === 1 ? "file" : "files"}.`,
  );
}

export async function plan(call: Call): Promise<ExitCode> {
  const stream = await readManifests(call.list("file"), call.terminal);
  const client = await call.client();
  const { changes, widening } = await sent(client, stream, true, call);
  await printChanges(call, changes, widening);
  const out = call.option("out");
  if (out !== undefined) {
    const { url } = await call.connection();
    const saved: SavedPlan = { schema: "mandate.plan/1", url, yaml: stream.yaml, changes };
    await writeFile(resolve(call.terminal.cwd, out), `${JSON.stringify(saved, null, 2)}\n`);
    call.say(`Kept. To apply exactly this: mandate apply ${out}`);
  }
  return call.flag("detailedExitcode") && pending(changes).length > 0 ? exitCodes.changesPending : exitCodes.done;
}

export async function apply(call: Call): Promise<void> {
  const kept = call.args[0];
  const client = await call.client();
  const stream =
    kept === undefined ? await readManifests(call.list("file"), call.terminal) : await replanned(client, kept, call);
  const { changes, widening } = await sent(client, stream, false, call);
  await printChanges(call, changes, widening);
  const waiting = changes.filter((change) => change.needsApproval);
  if (waiting.length > 0)
    call.say(
      `Applied. ${waiting.length} ${waiting.length === 1 ? "object waits" : "objects wait"} for a person: mandate approvals list`,
    );
  else call.say("Applied.");
}

/** INVARIANT: a kept plan is applied as it was shown, or not at all. */
async function replanned(client: MandateClient, file: string, call: Call): Promise<ManifestStream> {
  const saved = await readPlan(resolve(call.terminal.cwd, file), file);
  const { url } = await call.connection();
  if (saved.url !== url) {
    throw new CliError({
      code: "plan_elsewhere",
      message: `The plan was made for ${saved.url}, and this is ${url}.`,
      next: "Plan again for this address.",
    });
  }
  const stream: ManifestStream = { yaml: saved.yaml, files: [file], placeOf: (line) => ({ file, line }) };
  const { changes } = await sent(client, stream, true, call);
  if (JSON.stringify(changes) !== JSON.stringify(saved.changes)) {
    throw new CliError({
      code: "plan_outdated",
      message: "The register has changed since the plan was made. Nothing was applied.",
      next: "Plan again.",
    });
  }
  return stream;
}

async function readPlan(path: string, shown: string): Promise<SavedPlan> {
  try {
    const text = await readFile(path, "utf8");
    if (text.length > maxManifestBytes * 2) throw new RangeError("too large");
    const plan = JSON.parse(text) as Partial<SavedPlan>;
    if (
      plan.schema === "mandate.plan/1" &&
      typeof plan.yaml === "string" &&
      typeof plan.url === "string" &&
      Array.isArray(plan.changes)
    )
      return plan as SavedPlan;
  } catch (cause) {
    if (!(cause instanceof SyntaxError))
      throw new CliError({
        code: "plan_unreadable",
        message: `${shown} can't be read.`,
        next: "To apply a manifest: mandate apply -f FILE",
        cause,
      });
  }
  throw new CliError({
    code: "plan_unreadable",
    message: `${shown} is not a plan.`,
    next: "To apply a manifest: mandate apply -f FILE",
  });
}

/** Sends manifests; problems come back with the file and line they have on this machine. */
export async function sent(
  client: MandateClient,
  stream: ManifestStream,
  dryRun: boolean,
  call: Call,
): Promise<Applied> {
  try {
    return await client.apply(stream.yaml, { dryRun }, { signal: call.terminal.signal });
  } catch (error) {
    if (!(error instanceof MandateError)) throw error;
    const { problems } = error.details;
    if (!Array.isArray(problems)) throw error;
    const placed = problems.map((problem: unknown) => {
      if (typeof problem !== "object" || problem === null) return problem;
      const line = (problem as Row).line;
      return typeof line === "number" ? { ...problem, ...stream.placeOf(line) } : problem;
    });
    const { code, status, requestId } = error;
    throw new MandateError({
      code,
      status,
      // The server's own words name the first problem by its place in what was sent; the list has all, by file.
      message: `Nothing was changed: ${placed.length} ${placed.length === 1 ? "problem" : "problems"}.`,
      remedies: [{ text: `Mend ${placed.length === 1 ? "it" : "them"}, then do the same again.` }],
      requestId,
      details: { ...error.details, problems: placed },
      cause: error,
    });
  }
}

/** A system whose tier moves is something that happens, though its own record stays. */
export function pending(changes: readonly Change[]): readonly Change[] {
  return changes.filter((change) => change.reassessment !== undefined || (change.tier !== undefined && change.tier.was !== null && change.tier.was !== change.tier.is) || !/^(none|unchanged|no-?op|keep)$/.test(change.action));
}

function tierMove({ tier }: Change): string {
  if (tier === undefined) return "";
  return tier.was === null || tier.was === tier.is ? tier.is : `${tier.was} to ${tier.is}`;
}

/** The rules that set the tier, and what nobody answered. */
function whyTier(name: string, tier: NonNullable<Change["tier"]>): string {
  const reasons = tier.reasons.filter((reason) => reason.tier === tier.is);
  const why = reasons.map((reason) => `${cell(reason.text)} (${reason.rule}; ${reason.cite.map(cell).join(", ")})`);
  const next = tier.unanswered.length === 0 ? "" : ` Answer ${tier.unanswered.join(", ")} in spec.intake.`;
  return `${cell(name)} is ${tier.is}: ${why.join(" ")}${next}`;
}

/** Which class, why, what it denies, and what then still runs. */
function whatReopens(name: string, { class: kind, changes, denied, runs, refusedCalls }: NonNullable<Change["reassessment"]>): string {
  const why = [...new Set(changes.map((change) => `${cell(change.subject)}: ${cell(change.what)}`))].join("; ");
  const effect =
    kind === "C"
      ? "Every call is refused until it is decided."
      : `Denied: ${denied.map(cell).join(", ")}. Still runs: ${runs.length === 0 ? "nothing" : runs.map(cell).join(", ")}, for 14 days.`;
  return `${cell(name)} is re-opened, class ${cell(kind)}: ${why}. ${effect} Of the last 7 days' calls this would have refused ${refusedCalls}.`;
}

/** Does what changed in policies let through what was not let through? */
function whetherWider({ state, reason, example }: NonNullable<Applied["widening"]>): string {
  if (state === "no") return "Widens nothing: whatever the policies let through now was let through before.";
  return state === "yes" ? `Widens access. ${cell(example?.text ?? "")}` : `Can't tell whether it widens access: ${cell(reason ?? "")}`;
}

/** Create, change and remove, then what needs approval, then what it voids; unchanged objects only as a count. */
export async function printChanges(call: Call, changes: readonly Change[], widening: Applied["widening"] = null): Promise<void> {
  if (call.format !== "table") {
    const rows = changes as unknown as readonly Row[];
    if (call.format === "json") return await printObject(call.terminal, "json", { changes, ...(widening === null ? {} : { widening }) }, "");
    return await printRows(call.terminal, call.format, {
      rows,
      columns: [],
      nameOf: (row) => `${String(row.kind)}/${String(row.name)}`,
      empty: "",
    });
  }
  const real = pending(changes);
  const columns = [
    { title: "action", value: (row: Row) => row.action },
    { title: "object", value: (row: Row) => `${String(row.kind)}/${String(row.name)}` },
    { title: "tier", value: (row: Row) => tierMove(row as unknown as Change) },
    { title: "needs approval", value: (row: Row) => (row.needsApproval === true ? "yes" : "") },
    { title: "voids", value: (row: Row) => row.voids },
  ];
  await printRows(call.terminal, "table", {
    rows: real as unknown as readonly Row[],
    columns,
    nameOf: () => "",
    empty: "Nothing changes.",
  });
  for (const { name, tier } of real) if (tier !== undefined && tier.was !== tier.is) call.say(whyTier(name, tier));
  for (const { name, reassessment } of real) if (reassessment !== undefined) call.say(whatReopens(name, reassessment));
  for (const { name, similar = [] } of real) for (const twin of similar) call.say(`${cell(name)} does much what ${cell(twin.name)} does: ${twin.because.map(cell).join("; ")}. Join it, or say why not under spec.distinctFrom.`);
  if (widening !== null) call.say(whetherWider(widening));
  const count = (test: (change: Change) => boolean) => changes.filter(test).length;
  const parts = [
    `${count((change) => change.action.startsWith("create"))} to create`,
    `${count((change) => /^(change|update)/.test(change.action))} to change`,
    `${count((change) => /^(remove|delete)/.test(change.action))} to remove`,
    `${changes.length - real.length} unchanged`,
    `${count((change) => change.needsApproval)} need approval`,
  ];
  call.say(parts.map(cell).join(", "));
}
