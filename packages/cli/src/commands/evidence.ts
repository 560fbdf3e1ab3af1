import { constants, createWriteStream } from "node:fs";
import { access, readFile, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MandateError } from "@mandate/sdk";
import type { MandateClient } from "@mandate/sdk";
import type { FileSource } from "@mandate/ledger/node";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { clean, printObject, type Row } from "../render/format.ts";
import { instantOf } from "./get.ts";

/** Written beside its name and renamed when whole: half a pack must not look like one. */
export async function pack(call: Call): Promise<void> {
  const client = await call.client();
  const { signal } = call.terminal;
  const asked = {
    system: call.option("system"),
    since: instantOf(call, "since"),
    until: instantOf(call, "until"),
    disclose: call.option("disclose"),
    framework: call.option("framework"),
    audit: call.option("audit"),
  };
  const file = call.option("file") ?? "-";
  if (file !== "-") await requireFolder(call, file);
  if (asked.system !== undefined) await client.get("systems", asked.system, undefined, { signal });
  const body = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const stop = call.terminal.errIsTerminal ? showProgress(call, () => builtSoFar(client)) : () => undefined;
  const bytes = await client.evidence.pack(body, { signal }).finally(stop);
  const source = Readable.fromWeb(bytes as Parameters<typeof Readable.fromWeb>[0]);
  if (file === "-") {
    for await (const part of source) await call.terminal.outBytes(part as Uint8Array);
    return;
  }
  const path = resolve(call.terminal.cwd, file);
  const partial = `${path}.${process.pid}.partial`;
  try {
    await pipeline(source, createWriteStream(partial, { mode: 0o600, flags: "wx" }), { signal });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  call.say(`Wrote ${file}. To verify it anywhere: mandate evidence verify ${file}`);
}

interface Building {
  readonly items: readonly { readonly entries: number; readonly payloads: number; readonly bytes: number }[];
}

async function builtSoFar(client: MandateClient): Promise<string | undefined> {
  const one = (await client.request<Building>("GET", "/api/v1/evidence/packs")).items.at(-1);
  return one && `${one.entries} entries, ${one.payloads} payloads, ${(one.bytes / 1e6).toFixed(1)} MB`;
}

async function checkedSoFar(client: MandateClient): Promise<string | undefined> {
  const { running } = await client.request<{ running: { entries: number; total: number } | null }>("GET", "/api/v1/evidence/integrity");
  return running === null ? undefined : `${running.entries} of ${running.total} entries`;
}

/** One line that a person can watch. Ends with the function it returns. */
function showProgress(call: Call, ask: () => Promise<string | undefined>): () => void {
  let width = 0;
  const show = (text: string): void => {
    call.terminal.err(`\r${text.padEnd(width)}`);
    width = text.length;
  };
  const timer = setInterval(() => {
    void ask().then(
      (text) => {
        if (text !== undefined) show(text);
      },
      // Progress is a courtesy: its failure says nothing of the work.
      () => undefined,
    );
  }, 1_000);
  return () => {
    clearInterval(timer);
    if (width > 0) show("");
    call.terminal.err(width > 0 ? "\r" : "");
  };
}

/** Before the export, which is itself an entry, is made for nothing. */
async function requireFolder(call: Call, file: string): Promise<void> {
  const folder = dirname(resolve(call.terminal.cwd, file));
  await access(folder, constants.W_OK).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError({
      code: "folder_unwritable",
      message: `Nothing can be written in ${folder} (${cause.code ?? cause.message}).`,
      next: "Name a file in another folder with -f.",
      cause,
    });
  });
}

/** INVARIANT: exit 6 wherever anything fails, a file that can't be read included: "could not check" is never "fine". */
export async function verify(call: Call): Promise<ExitCode> {
  const file = call.args[0];
  const receipts = (await Promise.all(call.list("receipt").map((path) => readFile(resolve(call.terminal.cwd, path), "utf8").catch((cause: unknown) => {
    throw unreadable(path, cause);
  })))).flatMap((text) => text.split(/\s+/).filter((line) => line !== ""));
  if (file === undefined && receipts.length > 0) return await verifyReceipts(call, receipts);
  if (file === undefined) return await verifyStore(call);
  const { verifyPack } = await import("@mandate/ledger");
  const read = (path: string): Promise<Buffer> =>
    readFile(resolve(call.terminal.cwd, path)).catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
  const trust = call.option("trust");
  const options = {
    ...(trust === undefined ? {} : { trust: (await read(trust)).toString("utf8") }),
    pinned: await Promise.all(call.list("pinned").map(read)),
    receipts,
  };
  const source = await openPack(call, file);
  try {
    return await report(call, await verifyPack(source, options));
  } finally {
    source.close();
  }
}

/** Read in place: a pack can be larger than memory. */
async function openPack(call: Call, path: string): Promise<FileSource> {
  const { fileSource } = await import("@mandate/ledger/node");
  try {
    const source = fileSource(resolve(call.terminal.cwd, path));
    // A folder opens, and fails when it is read.
    source.read(0, new Uint8Array(Math.min(1, source.size)));
    return source;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): CliError {
  return new CliError({
    code: "pack.unreadable",
    message: `${path} can't be read (${(cause as NodeJS.ErrnoException).code ?? "unknown"}), so nothing was verified.`,
    next: "Check the path.",
    exit: exitCodes.notVerified,
    cause,
  });
}

interface Verification {
  readonly ok: boolean;
  readonly trust?: string;
  readonly logs?: readonly { readonly origin: string; readonly size: number }[];
  readonly entries?: number;
  readonly payloads?: number;
  readonly unanchored?: number;
  readonly receipts?: number;
  readonly complete?: boolean | null;
  readonly scope?: { readonly systems: readonly string[]; readonly since: string | null; readonly until: string | null } | null;
  readonly samples?: readonly { readonly audit: string; readonly draw: number; readonly population: number; readonly members: number; readonly complete: boolean }[];
  readonly problems: readonly {
    readonly code: string;
    readonly path?: string;
    readonly index?: number;
    readonly message: string;
  }[];
}

/** Against the connected server: each promised entry, with a proof under its log's signed head. */
async function verifyReceipts(call: Call, receipts: readonly string[]): Promise<ExitCode> {
  const { equalBytes, fromBase64, isReceiptSigned, leafHash, noteVerifier, openCheckpoint, parseReceipt, parseVerifierKey, verifyInclusion } = await import("@mandate/ledger");
  const client = await call.client();
  const problems: { code: string; path: string; index?: number; message: string }[] = [];
  for (const [at, text] of receipts.entries()) {
    const path = `--receipt ${at + 1}`;
    try {
      const receipt = parseReceipt(text);
      const refuse = (code: string, message: string): void => void problems.push({ code, path, index: receipt.index, message });
      const entry = await client.evidence.entry(receipt.origin, receipt.index, { signal: call.terminal.signal });
      const verifier = noteVerifier(parseVerifierKey(entry.vkey));
      const head = openCheckpoint(entry.checkpoint, [verifier]);
      const hash = leafHash(fromBase64(entry.leaf));
      const hashes = entry.proof.hashes.map(fromBase64);
      if (!isReceiptSigned(receipt, [verifier])) refuse("receipt.signature", "the log's key did not sign the receipt");
      else if (!equalBytes(hash, receipt.leaf)) refuse("receipt.contradicted", `another entry stands where ${receipt.decision} was promised`);
      else if (head.origin !== receipt.origin || !verifyInclusion(receipt.index, head.size, hash, hashes, head.root)) refuse("proof.invalid", "the entry is not in the signed log");
    } catch (error) {
      if (error instanceof MandateError && error.status !== 404) throw error;
      const isMissing = error instanceof MandateError;
      problems.push({ code: isMissing ? "receipt.not_in_log" : "receipt.malformed", path, message: isMissing ? "the log lacks the entry that was promised" : "not a receipt, or an answer that can't be read" });
    }
  }
  return await report(call, { ok: problems.length === 0, receipts: receipts.length - problems.length, problems });
}

async function verifyStore(call: Call): Promise<ExitCode> {
  const client = await call.client();
  const stop = call.terminal.errIsTerminal ? showProgress(call, () => checkedSoFar(client)) : () => undefined;
  try {
    const result = await client
      .request<Verification>("POST", "/api/v1/evidence/verify", {}, { signal: call.terminal.signal, timeoutMs: 0 })
      .finally(stop);
    return await report(call, result);
  } catch (error) {
    if (!(error instanceof MandateError) || error.status === 401 || error.status === 403) throw error;
    // The check did not run to its end, and what did not run did not pass.
    throw new CliError({
      code: error.code,
      message: `The store was not verified: ${error.message}`,
      exit: exitCodes.notVerified,
      cause: error,
    });
  }
}

async function report(call: Call, result: Verification): Promise<ExitCode> {
  if (call.format !== "table")
    await printObject(call.terminal, call.format, result as unknown as Row, result.ok ? "verified" : "not-verified");
  else call.terminal.out(told(result));
  return result.ok ? exitCodes.done : exitCodes.notVerified;
}

const trustWords: Readonly<Record<string, string>> = {
  pinned: "it extends every checkpoint you kept",
  witnessed: "witnesses outside vouch for it",
  "self-attested": "no outside witness vouches for it, only the installation itself",
};

function aboutOf({ systems, since, until }: NonNullable<Verification["scope"]>): string {
  const names = systems.length === 0 ? "every system" : clean(systems.join(", "));
  return `${names}${since === null ? "" : `, since ${clean(since)}`}${until === null ? "" : `, until ${clean(until)}`}`;
}

function told(result: Verification): string {
  const lines = [
    result.ok
      ? "Verified: nothing was altered."
      : `Not verified: ${result.problems.length} ${result.problems.length === 1 ? "problem" : "problems"}.`,
  ];
  if (result.trust !== undefined) lines.push(`  trust       ${result.trust}: ${trustWords[result.trust] ?? ""}`);
  if (result.entries !== undefined)
    lines.push(`  entries     ${result.entries}, ${result.unanchored ?? 0} of them unanchored`);
  if (result.payloads !== undefined) lines.push(`  payloads    ${result.payloads}`);
  if (result.scope) lines.push(`  about       ${aboutOf(result.scope)}`);
  if (result.complete !== undefined) lines.push(`  complete    ${result.complete === null ? "can't tell: docs/evidence.md says when" : result.complete ? "every entry that the pack is about is here" : "no: entries were left out"}`);
  if ((result.receipts ?? 0) > 0) lines.push(`  receipts    ${result.receipts} kept`);
  for (const one of result.samples ?? [])
    lines.push(`  sample      ${clean(one.audit)}, draw ${one.draw}: ${one.members} of ${one.population}, as drawn${one.complete ? "" : "; the pack doesn't show every entry, so the population is what was counted then"}`);
  for (const log of result.logs ?? []) lines.push(`  log         ${clean(log.origin)}, ${log.size} entries`);
  for (const problem of result.problems) {
    const place = [problem.path, problem.index === undefined ? undefined : `entry ${problem.index}`]
      .filter((part) => part !== undefined)
      .join(", ");
    lines.push(`  ✕ ${clean(problem.code)}${place === "" ? "" : ` (${clean(place)})`}: ${clean(problem.message)}`);
  }
  return `${lines.join("\n")}\n`;
}

export async function head(call: Call): Promise<void> {
  const client = await call.client();
  const text = await client.evidence.head({ signal: call.terminal.signal });
  const file = call.option("file");
  if (file === undefined || file === "-") return call.terminal.out(text);
  const { writeFile } = await import("node:fs/promises");
  await writeFile(resolve(call.terminal.cwd, file), text);
  call.say(`Wrote ${file}. Keep it elsewhere: a later pack must extend it (--pinned ${file}).`);
}

export async function proof(call: Call): Promise<void> {
  const from = Number(call.option("from"));
  if (!Number.isSafeInteger(from) || from < 0)
    throw new CliError({ code: "size_invalid", message: "--from is not a size.", next: "Write a whole number." });
  const client = await call.client();
  call.terminal.out(
    await client.evidence.proof({ from, log: call.option("log") ?? "" }, { signal: call.terminal.signal }),
  );
}
