import { constants, createReadStream, createWriteStream } from "node:fs";
import { access, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ExportFile } from "@mandate/frameworks/exports";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { clean, printRows, printObject, type Row } from "../render/format.ts";

/** Written beside its name and renamed when whole: half an export must not look like one. */
export async function write(call: Call): Promise<void> {
  const { exportFormatNames } = await import("@mandate/frameworks/exports");
  const format = call.args[0] ?? "";
  if (!exportFormatNames.some((name) => name === format)) throw new CliError({ code: "format_unknown", message: `There is no format \`${clean(format)}\`.`, next: `Formats: ${exportFormatNames.join(", ")}.` });
  const system = call.option("system");
  const file = call.option("file") ?? "-";
  const path = resolve(call.terminal.cwd, file);
  // Before the export, which is itself an entry, is made for nothing.
  if (file !== "-") await requireFolder(dirname(path));
  const client = await call.client();
  const bytes = await client.evidence.export(format, system === undefined ? {} : { system }, { signal: call.terminal.signal });
  const source = Readable.fromWeb(bytes as Parameters<typeof Readable.fromWeb>[0]);
  if (file === "-") {
    for await (const part of source) await call.terminal.outBytes(part as Uint8Array);
    return;
  }
  const partial = `${path}.${process.pid}.partial`;
  try {
    await pipeline(source, createWriteStream(partial, { mode: 0o600, flags: "wx" }), { signal: call.terminal.signal });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  call.say(`Wrote ${file}. To check it anywhere: mandate export check ${file}`);
}

async function requireFolder(folder: string): Promise<void> {
  await access(folder, constants.W_OK).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError({ code: "folder_unwritable", message: `Nothing can be written in ${folder} (${cause.code ?? cause.message}).`, next: "Name a file in another folder with -f.", cause });
  });
}

export async function formats(call: Call): Promise<void> {
  const client = await call.client();
  const { items } = await client.request<{ items: Row[] }>("GET", "/api/v1/exports");
  await printRows(call.terminal, call.format, { rows: items, columns: [{ title: "format", value: (row) => row["name"] }, { title: "what it is", value: (row) => row["title"] }, { title: "what it holds", value: (row) => row["holds"] }], nameOf: (row) => String(row["name"]), empty: "Nothing can be exported." });
}

const maxTextBytes = 512 * 1024 * 1024;
const maxFirstLineBytes = 65_536;

/** Offline, and exit 1 with every problem named; a file that can't be read is one. */
export async function check(call: Call): Promise<ExitCode> {
  const name = call.args[0] ?? "";
  const path = resolve(call.terminal.cwd, name);
  const { checkExport } = await import("@mandate/frameworks/exports");
  const result = await checkExport(fileOf(path)).catch((cause: unknown) => {
    throw new CliError({ code: "export.unreadable", message: `${name} can't be read (${(cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? cause.message : "unknown")}), so nothing was checked.`, next: "Check the path.", exit: exitCodes.failed, cause });
  });
  if (call.format !== "table") await printObject(call.terminal, call.format, { ...result }, result.ok ? "checked" : "not-checked");
  else if (result.ok) call.terminal.out(`Checked: ${name} (${result.format ?? ""}) means what it says.\n`);
  else {
    const lines = result.problems.map((one) => `  ✕ ${clean(one.code)} at ${clean(one.place)}: ${clean(one.message)}`);
    const count = result.problems.length + result.more;
    call.terminal.out([`${name}${result.format === null ? "" : ` (${result.format})`}: ${count} ${count === 1 ? "problem" : "problems"}.`, ...lines, ...(result.more === 0 ? [] : [`  and ${result.more} more`]), ""].join("\n"));
  }
  return result.ok ? exitCodes.done : exitCodes.failed;
}

function fileOf(path: string): ExportFile {
  return {
    async firstLine() {
      const file = await open(path);
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(maxFirstLineBytes), 0, maxFirstLineBytes, 0);
        return buffer.subarray(0, bytesRead).toString("utf8").split("\n", 1)[0] ?? "";
      } finally {
        await file.close();
      }
    },
    async text() {
      const file = await open(path);
      const { size } = await file.stat().finally(() => file.close());
      if (size > maxTextBytes) throw new Error(`larger than ${maxTextBytes} bytes`);
      return readFile(path, "utf8");
    },
    lines: () => createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Number.POSITIVE_INFINITY }),
  };
}
