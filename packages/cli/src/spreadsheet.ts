import { inflateRawSync } from "node:zlib";
import { CliError } from "./cli-error.ts";

export type Cells = Readonly<Record<string, string>>;

export const maxFileBytes = 4 * 1024 * 1024;
const maxInflatedBytes = 32 * 1024 * 1024;
const maxParts = 200;
const maxRows = 500;
const maxColumns = 60;
const maxCellLength = 10_000;

function refused(message: string, next: string): CliError {
  return new CliError({ code: "import_refused", message, next });
}

export async function rowsOfCsv(text: string): Promise<Cells[]> {
  const { parse } = await import("csv-parse/sync");
  try {
    // A record larger than all of its cells could be is no record: an open quote would otherwise swallow the file.
    const table: string[][] = parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true, trim: true, delimiter: delimiterOf(text), max_record_size: maxCellLength * 10 });
    return cellsOf(table);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError({ code: "import_refused", message: `The file is no CSV: ${cause instanceof Error ? cause.message.slice(0, 200) : "unreadable"}`, next: "Save it as CSV again, UTF-8.", cause });
  }
}

/** Spreadsheets of half of Europe write semicolons. */
function delimiterOf(text: string): string {
  const [head = ""] = text.split("\n", 1);
  return [";", "\t", ","].toSorted((a, b) => head.split(b).length - head.split(a).length)[0]!;
}

export async function rowsOfWorkbook(bytes: Uint8Array): Promise<Cells[]> {
  const { readSheet } = await import("read-excel-file/node");
  try {
    const table = await readSheet(Buffer.from(bytes));
    return cellsOf(table.slice(0, maxRows + 2).map((row) => row.slice(0, maxColumns + 1).map(textOf)));
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError({ code: "import_refused", message: "The file is no workbook that can be read.", next: "Save it as .xlsx again, or export CSV.", cause });
  }
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return value instanceof Date ? value.toISOString().slice(0, 10) : String(value);
}

function cellsOf([head, ...rows]: readonly (readonly string[])[]): Cells[] {
  const headings = (head ?? []).map((one) => one.trim().slice(0, 200));
  if (headings.length > maxColumns) throw refused(`It has more than ${maxColumns} columns.`, "Keep the columns that matter.");
  if (headings.every((one) => one === "") || rows.length === 0) throw refused("It holds no headings and rows.", "Put headings in the first row.");
  if (rows.length > maxRows) throw refused(`It has more than ${maxRows} rows.`, "Split it.");
  if (rows.some((row) => row.some((one) => one.length > maxCellLength))) throw refused(`A cell is longer than ${maxCellLength} characters.`, "Shorten it.");
  return rows.map((row) => Object.fromEntries(headings.flatMap((heading, at) => (heading === "" || (row[at] ?? "") === "" ? [] : [[heading, row[at]!]]))));
}

/**
 * Refuses a zip bomb: each part is inflated here with a bound, because sizes that a file states of itself can lie. Parts
 * must lie one behind the other, so that a reader of the stream meets no part that the directory doesn't name (PKWARE
 * APPNOTE 4.3).
 */
export function boundedWorkbook(bytes: Buffer): void {
  const damaged = (): CliError => refused("The file is no .xlsx workbook that can be read.", "Save it as .xlsx again, or export CSV.");
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end + 22 > bytes.length) throw damaged();
  const count = bytes.readUInt16LE(end + 10);
  const directory = bytes.readUInt32LE(end + 16);
  if (count === 0 || count > maxParts) throw refused("The workbook has too many parts.", "Export the sheet as CSV.");
  const parts: { readonly from: number; readonly to: number }[] = [];
  let left = maxInflatedBytes;
  for (let part = 0, at = directory; part < count; part++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50) throw damaged();
    const from = bytes.readUInt32LE(at + 42);
    if (from + 30 > directory || bytes.readUInt32LE(from) !== 0x04034b50) throw damaged();
    const start = from + 30 + bytes.readUInt16LE(from + 26) + bytes.readUInt16LE(from + 28);
    const to = start + bytes.readUInt32LE(at + 20);
    if (to > directory) throw damaged();
    left -= inflatedLength(bytes.subarray(start, to), bytes.readUInt16LE(at + 10), left);
    parts.push({ from, to });
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  let reached = 0;
  for (const { from, to } of parts.toSorted((a, b) => a.from - b.from)) {
    if (from < reached || from - reached > maxDescriptorBytes) throw damaged();
    reached = to;
  }
  if (directory - reached > maxDescriptorBytes) throw damaged();
}

/** A data descriptor may follow a part (4.3.9). */
const maxDescriptorBytes = 24;

function inflatedLength(packed: Buffer, method: number, left: number): number {
  const tooLarge = (): CliError => refused("The workbook unpacks to more than it may.", "Export the sheet as CSV.");
  if (left <= 0 || (method === 0 && packed.length > left)) throw tooLarge();
  if (method === 0) return packed.length;
  try {
    return inflateRawSync(packed, { maxOutputLength: left }).length;
  } catch (cause) {
    throw cause instanceof RangeError ? tooLarge() : refused("The workbook is damaged.", "Save it as .xlsx again, or export CSV.");
  }
}

/** RFC 4180. INVARIANT: no cell that we write starts as a formula would (OWASP, CSV injection), whoever wrote its words. */
export function csvOf(rows: readonly (readonly string[])[]): string {
  const quoted = (text: string): string => `"${(/^[\s"']*[=+\-@\t\r|%]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  return `${rows.map((row) => row.map(quoted).join(",")).join("\r\n")}\r\n`;
}
