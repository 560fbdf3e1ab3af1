import { Readable } from "node:stream";
import type { Database } from "../database/index.ts";
import { decisionItem } from "../decisions/index.ts";
import { listDecisions } from "../evidence/index.ts";
import type { DecisionFilter } from "../evidence/index.ts";

export type ExportFormat = "csv" | "jsonl";

const pageSize = 500;
/** More than this is a pack's work. */
export const maxExported = 1_000_000;

const columns = ["id", "at", "outcome", "code", "reason", "rule", "system", "action", "resource", "surface", "credential", "session", "durationMs", "inputTokens", "outputTokens", "policyVersion", "registerVersion", "terminal", "intentLog", "intentIndex", "resultLog", "resultIndex"] as const;

/** Every decision that the filter finds, newest first, page by page: memory holds one page. */
export function exportDecisions(db: Database, org: string, filter: Omit<DecisionFilter, "limit" | "cursor">, format: ExportFormat): Readable {
  return Readable.from(lines(db, org, filter, format));
}

async function* lines(db: Database, org: string, filter: Omit<DecisionFilter, "limit" | "cursor">, format: ExportFormat): AsyncGenerator<string> {
  if (format === "csv") yield `${columns.join(",")}\r\n`;
  let cursor: string | null = null;
  for (let count = 0; count < maxExported; ) {
    const page: Awaited<ReturnType<typeof listDecisions>> = await db.read(org, (tx) => listDecisions(tx, org, { ...filter, limit: pageSize, ...(cursor === null ? {} : { cursor }) }));
    count += page.items.length;
    const text = page.items.map((record) => {
      const item = decisionItem(record, undefined);
      return format === "jsonl" ? `${JSON.stringify(item)}\n` : `${columns.map((name) => csvCell(cellOf(item, name))).join(",")}\r\n`;
    });
    yield text.join("");
    cursor = page.nextCursor;
    if (cursor === null) return;
  }
}

function cellOf(item: ReturnType<typeof decisionItem>, name: (typeof columns)[number]): string | number | null {
  switch (name) {
    case "resource":
      return `${item.resource.type}:${item.resource.id}`;
    case "inputTokens":
      return item.tokens?.input ?? null;
    case "outputTokens":
      return item.tokens?.output ?? null;
    case "intentLog":
      return item.intent?.log ?? null;
    case "intentIndex":
      return item.intent?.index ?? null;
    case "resultLog":
      return item.result?.log ?? null;
    case "resultIndex":
      return item.result?.index ?? null;
    default:
      return item[name];
  }
}

/** RFC 4180. A cell that a spreadsheet would run as a formula is made text: names in it are the caller's. */
export function csvCell(value: string | number | null): string {
  if (value === null) return "";
  const text = typeof value === "number" ? String(value) : /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
