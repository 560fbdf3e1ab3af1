import type { Terminal } from "../terminal.ts";

export const outputFormats = ["table", "json", "yaml", "jsonl", "name"] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface Column {
  readonly title: string;
  readonly value: (row: Row) => unknown;
}
export type Row = Readonly<Record<string, unknown>>;

/** Rows as `-o` asks. `nameOf` gives `kind/name`; a table has the columns given. */
export interface Rows {
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  readonly nameOf: (row: Row) => string;
  /** Said on standard error when a table would be empty. */
  readonly empty: string;
}

export async function printRows(
  terminal: Terminal,
  format: OutputFormat,
  { rows, columns, nameOf, empty }: Rows,
): Promise<void> {
  if (format === "json") return terminal.out(`${JSON.stringify({ items: rows }, null, 2)}\n`);
  if (format === "jsonl") return terminal.out(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  if (format === "name") return terminal.out(rows.map((row) => `${clean(nameOf(row))}\n`).join(""));
  if (format === "yaml") return terminal.out(await toYaml(rows));
  if (rows.length === 0) return terminal.err(`${empty}\n`);
  terminal.out(
    table(
      columns.map((column) => column.title),
      rows.map((row) => columns.map((column) => cell(column.value(row)))),
    ),
  );
}

/** One object: indented JSON, YAML, a line, or labelled fields. */
export async function printObject(terminal: Terminal, format: OutputFormat, object: Row, name: string): Promise<void> {
  if (format === "json") return terminal.out(`${JSON.stringify(object, null, 2)}\n`);
  if (format === "jsonl") return terminal.out(`${JSON.stringify(object)}\n`);
  if (format === "name") return terminal.out(`${clean(name)}\n`);
  if (format === "yaml") return terminal.out(await toYaml([object]));
  terminal.out(fields(object));
}

export async function toYaml(documents: readonly unknown[]): Promise<string> {
  const { stringify } = await import("yaml");
  return documents.map((document) => stringify(document, { lineWidth: 0 })).join("---\n");
}

/** Columns padded to their widest cell, two spaces between, no trailing blanks. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => [...(row[column] ?? "")].length)),
  );
  const line = (cells: readonly string[]) =>
    `${cells
      .map((text, column) => text + " ".repeat(widths[column]! - [...text].length))
      .join("  ")
      .trimEnd()}\n`;
  return [titles.map((title) => title.toUpperCase()), ...rows].map(line).join("");
}

/** INVARIANT: what a terminal shows holds no control character: a name from elsewhere must not move the cursor. */
export function clean(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "");
}

export function cell(value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.map((item) => cell(item)).join(", ");
  if (typeof value === "object") {
    const { type, id } = value as { type?: unknown; id?: unknown };
    return typeof type === "string" && typeof id === "string" ? clean(`${type}:${id}`) : clean(JSON.stringify(value));
  }
  return clean(String(value));
}

/** `label: value`, nested by two spaces: for reading, not for parsing. */
export function fields(object: Row, indent = ""): string {
  let text = "";
  for (const [name, value] of Object.entries(object)) {
    if (Array.isArray(value) && value.some((item) => typeof item === "object" && item !== null)) {
      text += `${indent}${clean(name)}:\n`;
      for (const item of value as unknown[]) {
        text +=
          typeof item === "object" && item !== null
            ? `${indent}  -\n${fields(item as Row, `${indent}    `)}`
            : `${indent}  - ${cell(item)}\n`;
      }
    } else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      text += `${indent}${clean(name)}:\n${fields(value as Row, `${indent}  `)}`;
    } else if (typeof value === "string" && value.trimEnd().includes("\n")) {
      const lines = value.trimEnd().split("\n");
      text += `${indent}${clean(name)}:\n${lines.map((line) => `${indent}  ${clean(line)}\n`).join("")}`;
    } else {
      text += `${indent}${clean(name)}: ${cell(value)}\n`;
    }
  }
  return text;
}
